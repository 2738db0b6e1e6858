package io.holdfast.cmdb.store;

import io.holdfast.cmdb.merge.Rules;
import io.holdfast.cmdb.report.Key;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What is read of a database by who does not write: machines, their history, dead letters, rules.
 *
 * <p>Whatever may be long is told piece by piece, each piece read in a transaction of its own: a
 * reader who takes his time holds up nobody, and what is written meanwhile may be in the later
 * pieces. A machine with all that belongs to it is of one moment.
 *
 * <p>Thread-safe.
 */
public final class Catalog {

  /** How many machines are named at most where one was wanted. */
  public static final int MOST_CANDIDATES = 20;

  private static final int ROWS_AT_A_TIME = 500;
  private static final int MOST_REDIRECTS = 1_000;

  private final Database database;
  private final RuleBook ruleBook = new RuleBook();

  private Catalog(Database database) {
    this.database = database;
  }

  /** The catalog of a database. */
  public static Catalog of(Database database) {
    return new Catalog(database);
  }

  // --- One machine ---

  /** What a {@link Wanted} has found. */
  public sealed interface Found {

    /** The machine. */
    record One(Portrait portrait) implements Found {}

    /** More than one, of which the first {@link #MOST_CANDIDATES}. */
    record Several(List<Brief> machines) implements Found {}

    /** Nothing. */
    record None() implements Found {}
  }

  /** Looks a machine up. Redirects are followed. */
  public Found find(Wanted wanted) throws SQLException {
    return inSnapshot(
        connection -> {
          Set<String> redirects = new LinkedHashSet<>();
          NavigableSet<String> ids = new TreeSet<>();
          for (String id : candidates(connection, wanted)) {
            follow(connection, id, redirects).ifPresent(ids::add);
          }
          if (ids.isEmpty()) {
            return new Found.None();
          }
          if (ids.size() > 1) {
            return new Found.Several(
                briefs(connection, Optional.of(ids), Query.ALL, "", MOST_CANDIDATES));
          }
          return new Found.One(portrait(connection, ids.first(), redirects));
        });
  }

  private static SortedSet<String> candidates(Connection connection, Wanted wanted)
      throws SQLException {
    SortedSet<String> ids = new TreeSet<>();
    if (wanted.idPrefix().isPresent()) {
      String prefix = wanted.idPrefix().get();
      try (PreparedStatement query = connection.prepareStatement(Sql.of("ids-by-prefix"))) {
        query.setString(1, prefix);
        query.setString(2, prefix);
        query.setInt(3, MOST_CANDIDATES);
        addAll(ids, query);
      }
      if (ids.contains(prefix)) {
        return new TreeSet<>(Set.of(prefix));
      }
    }
    byKeys(connection, "machines-by-keys", wanted.keys(), ids);
    if (ids.isEmpty()) {
      SortedSet<Key> weak = new TreeSet<>(wanted.keys());
      weak.removeIf(key -> key.kind().isStrong());
      byKeys(connection, "machines-by-second-keys", weak, ids);
    }
    return ids;
  }

  private static void byKeys(
      Connection connection, String statement, SortedSet<Key> keys, SortedSet<String> ids)
      throws SQLException {
    if (keys.isEmpty()) {
      return;
    }
    try (PreparedStatement query = connection.prepareStatement(Sql.of(statement))) {
      query.setArray(1, Sql.kinds(connection, keys));
      query.setArray(2, Sql.values(connection, keys));
      query.setInt(3, MOST_CANDIDATES);
      addAll(ids, query);
    }
  }

  private static void addAll(Collection<String> texts, PreparedStatement query)
      throws SQLException {
    try (ResultSet rows = query.executeQuery()) {
      while (rows.next()) {
        texts.add(rows.getString(1));
      }
    }
  }

  /** What a machine has turned out to be in the end; adds the redirects on the way. */
  private static Optional<String> follow(Connection connection, String id, Set<String> redirects)
      throws SQLException {
    String at = id;
    for (int i = 0; i < MOST_REDIRECTS; i++) {
      Machine machine = Writer.read(connection, List.of(at)).get(at);
      if (machine == null) {
        return Optional.empty();
      }
      if (machine.mergedInto().isEmpty()) {
        return Optional.of(at);
      }
      redirects.add(at);
      at = machine.mergedInto().get();
    }
    return Optional.empty(); // in a circle, which an audit finds
  }

  private Portrait portrait(Connection connection, String id, Collection<String> redirects)
      throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(Sql.of("portrait"))) {
      query.setString(1, id);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        Machine machine = Writer.machine(row);
        return new Portrait(
            List.copyOf(redirects),
            machine,
            moment(row, 8),
            keys(connection, id),
            ruleBook.of(connection, machine.rules()).decisions(machine.state()),
            row.getString(9));
      }
    }
  }

  private static SortedSet<Key> keys(Connection connection, String id) throws SQLException {
    SortedSet<Key> keys = new TreeSet<>();
    try (PreparedStatement query = connection.prepareStatement(Sql.of("keys-of"))) {
      query.setString(1, id);
      query.setString(2, id);
      query.setString(3, id);
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          keys.add(Sql.key(rows.getString(1), rows.getString(2)));
        }
      }
    }
    return keys;
  }

  // --- All machines ---

  /**
   * Which machines are wanted.
   *
   * @param values attributes and what they are, as text; of a list, one of its elements
   * @param conflictsOnly only those about which sources disagree
   */
  public record Query(List<Map.Entry<String, String>> values, boolean conflictsOnly) {
    /** All of them. */
    public static final Query ALL = new Query(List.of(), false);

    /** Copies the list. */
    public Query {
      values = List.copyOf(values);
    }
  }

  /**
   * Tells machines in the order of their ids, until there is none or the receiver has enough.
   *
   * @param receiver answers whether it wants more
   */
  public void list(Query query, Predicate<Brief> receiver) throws SQLException {
    String last = "";
    while (true) {
      String from = last;
      List<Brief> piece =
          inSnapshot(
              connection -> briefs(connection, Optional.empty(), query, from, ROWS_AT_A_TIME));
      for (Brief brief : piece) {
        if (!receiver.test(brief)) {
          return;
        }
        last = brief.id();
      }
      if (piece.size() < ROWS_AT_A_TIME) {
        return;
      }
    }
  }

  private static List<Brief> briefs(
      Connection connection,
      Optional<SortedSet<String>> ids,
      Query wanted,
      String after,
      int atMost)
      throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(Sql.of("list"))) {
      java.sql.Array these =
          ids.isPresent() ? Sql.texts(connection, ids.get()) : null; // null for all
      query.setArray(1, these);
      query.setArray(2, these);
      query.setString(3, after);
      query.setBoolean(4, wanted.conflictsOnly());
      query.setArray(5, Sql.texts(connection, wanted.values(), Map.Entry::getKey));
      query.setArray(6, Sql.texts(connection, wanted.values(), Map.Entry::getValue));
      query.setInt(7, atMost);
      List<Brief> briefs = new ArrayList<>();
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          briefs.add(brief(rows));
        }
      }
      return briefs;
    }
  }

  private static Brief brief(ResultSet row) throws SQLException {
    String os =
        Stream.of(text(row, 4), text(row, 5))
            .flatMap(Optional::stream)
            .collect(Collectors.joining(" "));
    return new Brief(
        row.getString(1),
        text(row, 2),
        text(row, 3),
        Optional.of(os).filter(known -> !known.isEmpty()),
        text(row, 6).map(names -> List.of(names.split(" "))).orElse(List.of()),
        row.getInt(7),
        row.getLong(8),
        Instant.EPOCH.plus(row.getLong(9), ChronoUnit.MICROS),
        moment(row, 10));
  }

  private static Optional<String> text(ResultSet row, int column) throws SQLException {
    return Optional.ofNullable(row.getString(column));
  }

  // --- History ---

  /**
   * A version of a machine.
   *
   * @param cause why it was written: reports, join, move, rules
   * @param reports the ids that it took in
   * @param diff JSON: attribute to a list of before and after, null for none
   */
  public record Version(
      long version, Instant at, String cause, long token, List<String> reports, String diff) {}

  /** Tells the versions of a machine, newest first. */
  public void history(String id, Predicate<Version> receiver) throws SQLException {
    long last = Long.MAX_VALUE;
    while (true) {
      long before = last;
      List<Version> piece = inSnapshot(connection -> versions(connection, id, before));
      for (Version version : piece) {
        if (!receiver.test(version)) {
          return;
        }
        last = version.version();
      }
      if (piece.size() < ROWS_AT_A_TIME) {
        return;
      }
    }
  }

  private static List<Version> versions(Connection connection, String id, long before)
      throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(Sql.of("versions"))) {
      query.setString(1, id);
      query.setLong(2, before);
      query.setInt(3, ROWS_AT_A_TIME);
      List<Version> versions = new ArrayList<>();
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          versions.add(
              new Version(
                  rows.getLong(1),
                  moment(rows, 2),
                  rows.getString(3),
                  rows.getLong(4),
                  List.of((String[]) rows.getArray(5).getArray()),
                  rows.getString(6)));
        }
      }
      return versions;
    }
  }

  // --- Dead letters ---

  /**
   * Input that can never be merged.
   *
   * @param line from 1; 0 for the whole file
   * @param category the label of a {@link io.holdfast.cmdb.report.Fault}
   * @param at when it was last met
   * @param id tells it from others of the same place
   */
  public record Letter(
      String file, long line, String category, String reason, Instant at, String id) {}

  /** Tells dead letters by file and line. */
  public void deadLetters(Optional<String> category, Predicate<Letter> receiver)
      throws SQLException {
    Letter last = new Letter("", -1, "", "", Instant.EPOCH, "");
    while (true) {
      Letter before = last;
      List<Letter> piece = inSnapshot(connection -> letters(connection, category, before));
      for (Letter letter : piece) {
        if (!receiver.test(letter)) {
          return;
        }
        last = letter;
      }
      if (piece.size() < ROWS_AT_A_TIME) {
        return;
      }
    }
  }

  private static List<Letter> letters(
      Connection connection, Optional<String> category, Letter before) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(Sql.of("dead-letters"))) {
      query.setString(1, before.file());
      query.setLong(2, before.line());
      query.setString(3, before.id());
      query.setString(4, category.orElse(null));
      query.setString(5, category.orElse(null));
      query.setInt(6, ROWS_AT_A_TIME);
      List<Letter> letters = new ArrayList<>();
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          letters.add(
              new Letter(
                  rows.getString(1),
                  rows.getLong(2),
                  rows.getString(3),
                  rows.getString(4),
                  moment(rows, 5),
                  rows.getString(6)));
        }
      }
      return letters;
    }
  }

  // --- Rules ---

  /**
   * Rules that are in force.
   *
   * @param since when this database came to know them
   */
  public record InForce(Rules rules, Instant since) {}

  /** The rules by which the next report is merged. */
  public InForce rules() throws SQLException {
    return inSnapshot(
        connection -> {
          try (PreparedStatement query = connection.prepareStatement(Sql.of("rules-in-force"));
              ResultSet row = query.executeQuery()) {
            if (!row.next()) {
              throw new IllegalStateException("no rules are in force");
            }
            return new InForce(Rules.parse(row.getString(1)), moment(row, 2));
          }
        });
  }

  private static Instant moment(ResultSet row, int column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  private interface Question<T> {
    T ask(Connection connection) throws SQLException;
  }

  private <T> T inSnapshot(Question<T> question) throws SQLException {
    try (Connection connection = database.connection()) {
      Sql.beginSnapshot(connection);
      T answer = question.ask(connection);
      connection.rollback();
      return answer;
    }
  }
}
