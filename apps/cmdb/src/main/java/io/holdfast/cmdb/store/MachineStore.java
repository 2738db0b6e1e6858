package io.holdfast.cmdb.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.holdfast.cmdb.merge.Rules;
import io.holdfast.cmdb.report.DeadLetter;
import io.holdfast.cmdb.report.Report;
import io.holdfast.guard.GuardException;
import io.holdfast.guard.SqlFailure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;

/**
 * The machines of a database. Each call that writes is one transaction, which is committed when it
 * returns and rolled back when it throws.
 *
 * <p>What a call may throw beside {@link SQLException} (see {@link io.holdfast.guard.SqlFailure}):
 * {@link GuardException}, a machine was written since it was read, or its lease is over; {@link
 * Again}, resolve again. In all cases nothing was written, except that a broken connection leaves
 * open whether the commit was; merging the same reports again answers that, since those in the
 * ledger are duplicates.
 *
 * <p>Thread-safe. Acquire the lease before the call: a connection is taken here and given back.
 */
public final class MachineStore {

  private final Database database;
  private final Writer writer;

  /** The machines of a database, guarded by fence and version. */
  public static MachineStore of(Database database) {
    return new MachineStore(database, Writer.Guard.FENCE_AND_VERSION);
  }

  /** The same without the guard, to show what is lost then. */
  public static MachineStore withoutGuard(Database database) {
    return new MachineStore(database, Writer.Guard.NONE);
  }

  /**
   * The same with the database's row locks in place of leases, for "bench" to compare: a machine's
   * row is locked when it is read, and the connection is held meanwhile.
   */
  public static MachineStore withRowLocks(Database database) {
    return new MachineStore(database, Writer.Guard.ROW_LOCK);
  }

  private MachineStore(Database database, Writer.Guard guard) {
    this.database = database;
    this.writer = new Writer(new RuleBook(), guard);
  }

  /** Which machines these reports concern. */
  public Resolution resolve(Collection<Report> reports) throws SQLException {
    return this.<Resolution, RuntimeException>withoutTransaction(
        connection -> Resolution.of(connection, reports));
  }

  /** Which machines an intricate report concerns: those whose leases {@link #merge} wants. */
  public SortedSet<String> concerned(Report report) throws SQLException {
    return inTransaction(connection -> Plan.of(connection, report).machines());
  }

  /**
   * Merges groups of reports.
   *
   * @param tokens the token of the lease of each group's machine
   * @param checkpoint is called when all is merged and nothing is written
   * @return what became of each report
   */
  public List<Ack> merge(Map<Group, Long> tokens, Checkpoint checkpoint)
      throws SQLException, Again {
    Work<List<Ack>, Again> work =
        connection -> new Batch(writer, connection).merge(tokens, checkpoint);
    return writer.isWrittenInOneStatement(tokens.keySet())
        ? withoutTransaction(work)
        : inTransaction(work);
  }

  /**
   * Merges an intricate report.
   *
   * @param tokens of the leases of the machines it concerns, by machine
   * @param checkpoint is called when all is merged and nothing is written
   */
  public Ack merge(Report report, Map<String, Long> tokens, Checkpoint checkpoint)
      throws SQLException, Again {
    return inTransaction(
        connection -> new Intricate(writer, connection).merge(report, tokens, checkpoint));
  }

  /**
   * Sets input aside that can never be merged; a place in a file with the same reason once. A
   * letter has at most the file's name as the database can hold it.
   */
  public void setAside(List<DeadLetter> letters) throws SQLException {
    this.<Integer, RuntimeException>inTransaction(
        connection -> {
          try (PreparedStatement insert = connection.prepareStatement(Sql.of("add-dead-letters"))) {
            insert.setArray(
                1, Sql.texts(connection, letters, letter -> storable(letter.origin().file())));
            insert.setArray(
                2,
                Sql.numbers(
                    connection,
                    letters.stream().map(letter -> (long) letter.origin().line()).toList()));
            insert.setArray(3, Sql.texts(connection, letters, letter -> letter.fault().label()));
            insert.setArray(4, Sql.texts(connection, letters, letter -> storable(letter.reason())));
            return insert.executeUpdate();
          }
        });
  }

  /** A file's name may be anything but NUL; half a character of UTF-16 is none in UTF-8. */
  private static String storable(String text) {
    return new String(text.getBytes(UTF_8), UTF_8).replace('\0', '?');
  }

  /** Puts rules in force. Records made by others are out of date until {@link #remerge}. */
  public void putInForce(Rules rules) throws SQLException {
    this.<Boolean, RuntimeException>inTransaction(
        connection -> {
          RuleBook.add(connection, rules);
          RuleBook.putInForce(connection, rules.id(), false);
          return true;
        });
  }

  /** Some machines whose record was made by rules that are no longer in force. */
  public List<String> byOtherRules(int atMost) throws SQLException {
    return this.<List<String>, RuntimeException>inTransaction(
        connection -> {
          try (PreparedStatement query = connection.prepareStatement(Sql.of("by-other-rules"))) {
            query.setInt(1, atMost);
            List<String> ids = new ArrayList<>();
            try (ResultSet rows = query.executeQuery()) {
              while (rows.next()) {
                ids.add(rows.getString(1));
              }
            }
            return ids;
          }
        });
  }

  /**
   * Makes records anew by the rules in force.
   *
   * @param tokens of the leases of the machines, by machine
   */
  public void remerge(Map<String, Long> tokens) throws SQLException {
    this.<Boolean, RuntimeException>inTransaction(
        connection -> {
          String rules = RuleBook.inForce(connection);
          List<Change> changes = new ArrayList<>();
          for (Machine machine : Writer.read(connection, tokens.keySet()).values()) {
            Long token = tokens.get(machine.id());
            if (token != null && machine.mergedInto().isEmpty()) {
              changes.add(
                  new Change(
                      machine,
                      machine.state(),
                      machine.mergedInto(),
                      token,
                      Change.Cause.RULES,
                      List.of(),
                      List.of()));
            }
          }
          writer.write(connection, rules, changes);
          return true;
        });
  }

  /**
   * How much there is.
   *
   * @param machines redirects not counted
   * @param conflicts attributes about which sources that count disagree
   */
  public record Totals(long machines, long conflicts) {}

  /** How much there is. */
  public Totals totals() throws SQLException {
    return this.<Totals, RuntimeException>inTransaction(
        connection -> {
          try (PreparedStatement query = connection.prepareStatement(Sql.of("totals"));
              ResultSet row = query.executeQuery()) {
            row.next();
            return new Totals(row.getLong(1), row.getLong(2));
          }
        });
  }

  private interface Work<T, E extends Exception> {
    T in(Connection connection) throws SQLException, E;
  }

  /**
   * For what only reads, or writes in one statement: each sees what is committed by then, as it
   * would inside a transaction, too, and there is no COMMIT to wait for.
   */
  private <T, E extends Exception> T withoutTransaction(Work<T, E> work) throws SQLException, E {
    try (Connection connection = database.connection()) {
      connection.setAutoCommit(true); // the pool takes it back
      return work.in(connection);
    }
  }

  private <T, E extends Exception> T inTransaction(Work<T, E> work) throws SQLException, E {
    try (Connection connection = database.connection()) {
      boolean committed = false;
      try {
        T result = work.in(connection);
        try {
          connection.commit();
        } catch (SQLException e) {
          if (SqlFailure.of(e) == SqlFailure.OUTCOME_UNKNOWN) {
            throw new UnansweredCommitException(e);
          }
          throw e;
        }
        committed = true;
        return result;
      } finally {
        if (!committed) {
          rollBack(connection);
        }
      }
    }
  }

  /** Where even this fails the connection is broken, and the database rolls back by itself. */
  private static void rollBack(Connection connection) {
    try {
      connection.rollback();
    } catch (SQLException broken) {
      // What made it fail is on its way to the caller already.
    }
  }
}
