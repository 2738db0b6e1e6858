package io.holdfast.cmdb.store;

import com.fasterxml.jackson.core.JsonGenerator;
import io.holdfast.cmdb.merge.Merge.Merged;
import io.holdfast.cmdb.merge.State;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.report.Value;
import io.holdfast.cmdb.store.Ledger.Entry;
import io.holdfast.cmdb.store.Ledger.Place;
import io.holdfast.guard.FencedTable;
import io.holdfast.guard.SqlFailure;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The guarded write: machines by fence and version, with what each version changed and the reports
 * that it took in, in the caller's transaction. Thread-safe.
 */
final class Writer {

  private static final FencedTable MACHINES = FencedTable.of("machine");

  private final RuleBook ruleBook;
  private final Guard guard;

  Writer(RuleBook ruleBook, Guard guard) {
    this.ruleBook = ruleBook;
    this.guard = guard;
  }

  /** Whether the database is asked to refuse stale writes. */
  enum Guard {
    FENCE_AND_VERSION,
    /** The same, and machines that are to be merged are locked when they are read. For "bench". */
    ROW_LOCK,
    /** For "demo" to show what is lost then. */
    NONE
  }

  /**
   * Whether merging these takes nothing but {@link #write}, and that for one machine, so that it is
   * written as a whole or not at all without a transaction around it.
   */
  boolean isWrittenInOneStatement(Collection<Group> groups) {
    return guard != Guard.ROW_LOCK
        && groups.size() == 1
        && groups.stream().allMatch(each -> each.newKeys().isEmpty() && each.newClaims().isEmpty());
  }

  /**
   * What a transaction has to know before it merges, in one statement.
   *
   * @param reports the ids of the reports
   * @param ids the ids of the machines
   */
  Known read(Connection connection, Collection<String> reports, Collection<String> ids)
      throws SQLException {
    String statement = guard == Guard.ROW_LOCK ? "known-and-lock" : "known";
    try (PreparedStatement query = connection.prepareStatement(Sql.of(statement))) {
      query.setArray(1, Sql.texts(connection, reports));
      query.setArray(2, Sql.texts(connection, ids));
      try (ResultSet rows = query.executeQuery()) {
        Map<String, Place> places = new HashMap<>();
        Map<String, Machine> machines = new HashMap<>();
        String rules = "";
        while (rows.next()) {
          if (rules.isEmpty()) { // they stand in each row
            rules = rows.getString(9);
            places.putAll(Ledger.places((String[]) rows.getArray(8).getArray()));
          }
          if (rows.getString(1) != null) {
            Machine machine = machine(rows);
            machines.put(machine.id(), machine);
          }
        }
        return new Known(places, rules, machines);
      }
    }
  }

  /**
   * What a transaction has to know before it merges.
   *
   * @param places where those of the reports are that are in the ledger, by id
   * @param rules the id of the rules in force
   * @param machines those of the machines that are there, by id
   */
  record Known(Map<String, Place> places, String rules, Map<String, Machine> machines) {}

  /** The machines of these ids that are there. */
  static Map<String, Machine> read(Connection connection, Collection<String> ids)
      throws SQLException {
    Map<String, Machine> machines = new HashMap<>();
    try (PreparedStatement query = connection.prepareStatement(Sql.of("machines"))) {
      query.setArray(1, Sql.texts(connection, ids));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          Machine machine = machine(rows);
          machines.put(machine.id(), machine);
        }
      }
    }
    return machines;
  }

  /** The machine in this row: id, created, merged_into, rules, state, fence, version. */
  static Machine machine(ResultSet row) throws SQLException {
    return new Machine(
        row.getString(1),
        row.getLong(2),
        Optional.ofNullable(row.getString(3)),
        row.getString(4),
        State.read(row.getString(5)),
        row.getLong(6),
        row.getLong(7));
  }

  /** What is written of one machine. */
  private record Row(Change change, String record, String state, int conflicts, String diff) {
    /** 0 for a machine that is not there. */
    long versionRead() {
      return change.before().version();
    }
  }

  /**
   * Writes machines in one statement. The order in which it takes their rows is the database's: two
   * writers of which one is stale may deadlock, and one of them is told to try again (40P01).
   *
   * @param rules the id of the rules in force
   * @return each machine's new version
   * @throws UnansweredCommitException if this is all of the transaction and was not answered
   * @throws io.holdfast.guard.GuardException if one of them was written since it was read; roll
   *     back
   */
  Map<String, Long> write(Connection connection, String rules, List<Change> changes)
      throws SQLException {
    List<Row> rows = new ArrayList<>();
    for (Change change : changes) {
      rows.add(row(connection, rules, change));
    }
    rows.sort(Comparator.comparing(row -> row.change().before().id()));
    Map<String, Long> versions = write(connection, rules, rows, guard != Guard.NONE);
    for (Row row : rows) {
      Change change = row.change();
      String id = change.before().id();
      MACHINES.check(
          connection, versions.containsKey(id) ? 1 : 0, id, change.token(), row.versionRead());
    }
    return versions;
  }

  private Row row(Connection connection, String rules, Change change) throws SQLException {
    SortedMap<String, Value> before = new TreeMap<>();
    if (change.before().version() > 0 && change.before().mergedInto().isEmpty()) {
      before =
          ruleBook.of(connection, change.before().rules()).record(change.before().state()).values();
    }
    Merged after = ruleBook.of(connection, rules).record(change.after());
    return new Row(
        change,
        object(after.values()),
        change.after().write(),
        after.conflicts(),
        diff(before, after.values()));
  }

  private interface Fields {
    void write(JsonGenerator json) throws IOException;
  }

  private static String json(Fields fields) {
    StringWriter text = new StringWriter(512);
    try (JsonGenerator json = Json.OWN.getFactory().createGenerator(text)) {
      json.writeStartObject();
      fields.write(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  static String object(SortedMap<String, Value> record) {
    return json(
        json -> {
          for (Map.Entry<String, Value> attribute : record.entrySet()) {
            json.writeFieldName(attribute.getKey());
            json.writeRawValue(attribute.getValue().json());
          }
        });
  }

  private static String diff(SortedMap<String, Value> before, SortedMap<String, Value> after) {
    return json(
        json -> {
          TreeSet<String> attributes = new TreeSet<>(before.keySet());
          attributes.addAll(after.keySet());
          for (String attribute : attributes) {
            if (!Objects.equals(before.get(attribute), after.get(attribute))) {
              json.writeArrayFieldStart(attribute);
              json.writeRawValue(orNull(before, attribute));
              json.writeRawValue(orNull(after, attribute));
              json.writeEndArray();
            }
          }
        });
  }

  private static String orNull(SortedMap<String, Value> record, String attribute) {
    return Optional.ofNullable(record.get(attribute)).map(Value::json).orElse("null");
  }

  /** One statement, because each one more is a round trip. Those that are refused are left out. */
  private static Map<String, Long> write(
      Connection connection, String rules, List<Row> rows, boolean guarded) throws SQLException {
    List<Entry> entries = new ArrayList<>();
    rows.forEach(row -> entries.addAll(row.change().entries()));
    boolean isAll = connection.getAutoCommit(); // a broken connection would not say it
    try (PreparedStatement write = connection.prepareStatement(Sql.of("write"))) {
      write.setArray(1, Sql.texts(connection, rows, row -> row.change().before().id()));
      write.setArray(2, Sql.numbers(connection, rows, row -> row.change().token()));
      write.setArray(3, Sql.numbers(connection, rows, Row::versionRead));
      write.setArray(4, Sql.texts(connection, rows, row -> row.change().mergedInto().orElse(null)));
      write.setArray(5, Sql.texts(connection, rows, Row::record));
      write.setArray(6, Sql.texts(connection, rows, Row::state));
      write.setArray(7, Sql.numbers(connection, rows, row -> (long) row.conflicts()));
      write.setArray(8, Sql.texts(connection, rows, row -> row.change().cause().label()));
      write.setArray(
          9, Sql.texts(connection, rows, row -> String.join(" ", row.change().reports())));
      write.setArray(10, Sql.texts(connection, rows, Row::diff));
      write.setString(11, rules);
      write.setBoolean(12, guarded);
      write.setString(13, rules);
      write.setArray(14, Sql.texts(connection, entries, entry -> entry.report().id()));
      write.setArray(15, Sql.texts(connection, entries, entry -> entry.report().source()));
      write.setArray(
          16, Sql.numbers(connection, entries, entry -> micros(entry.report().observedAt())));
      write.setArray(17, Sql.texts(connection, entries, Entry::machineId));
      write.setArray(18, Sql.truths(connection, entries, Entry::outdated));
      write.setArray(19, Sql.texts(connection, entries, entry -> entry.report().body()));
      Map<String, Long> versions = new HashMap<>();
      try (ResultSet written = write.executeQuery()) {
        while (written.next()) {
          versions.put(written.getString(1), written.getLong(2));
        }
      }
      return versions;
    } catch (SQLException e) {
      if (isAll && SqlFailure.of(e) == SqlFailure.OUTCOME_UNKNOWN) {
        throw new UnansweredCommitException(e);
      }
      throw e;
    }
  }

  private static long micros(Instant moment) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, moment);
  }
}
