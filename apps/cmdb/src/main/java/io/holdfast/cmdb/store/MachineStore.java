package io.holdfast.cmdb.store;

import io.holdfast.cmdb.report.Report;
import io.holdfast.guard.GuardException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;

/**
 * The machines of a database. Each call is one transaction, which is committed when it returns and
 * rolled back when it throws.
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

  private MachineStore(Database database, Writer.Guard guard) {
    this.database = database;
    this.writer = new Writer(new RuleBook(), guard);
  }

  /** Which machines these reports concern. */
  public Resolution resolve(Collection<Report> reports) throws SQLException {
    return inTransaction(connection -> Resolution.of(connection, reports));
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
    return inTransaction(connection -> new Batch(writer, connection).merge(tokens, checkpoint));
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

  private interface Work<T, E extends Exception> {
    T in(Connection connection) throws SQLException, E;
  }

  private <T, E extends Exception> T inTransaction(Work<T, E> work) throws SQLException, E {
    try (Connection connection = database.connection()) {
      boolean committed = false;
      try {
        T result = work.in(connection);
        connection.commit();
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
