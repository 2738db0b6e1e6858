package io.holdfast.guard;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;

/**
 * The guard of a transaction over many rows: a table {@code holdfast_fence} that keeps, for each
 * name, the highest token that ever entered.
 *
 * <pre>{@code
 * connection.setAutoCommit(false);
 * FenceTable.enter(connection, "rack:7", lease.token(), lease.remaining()); // the first statement
 * ... // read, merge and write any rows that belong to rack 7
 * connection.commit();
 * }</pre>
 *
 * <p>It protects what is read and written after {@code enter} in the same transaction, if every
 * writer of those rows enters by the same name; it cannot see a writer that does not. Take the lock
 * before the connection: a thread that waits for a lock while it holds a connection of a pool keeps
 * others from using theirs.
 *
 * <p>Create the table with {@link #ddl}. Never delete a row of it: a fence that is gone lets every
 * stale holder in.
 *
 * <p>Thread-safe; a connection is used by one thread at a time, as always.
 */
public final class FenceTable {

  static final String NAME = "holdfast_fence";

  private static final int MAX_NAME = 200;

  private FenceTable() {}

  /**
   * The statement that creates the table unless it exists, for the migrations of this connection's
   * database. Nothing is sent.
   */
  public static String ddl(Connection connection) throws SQLException {
    return Statements.load(Dialect.of(connection), "fence_table.sql");
  }

  /**
   * Enters: raises the name's fence to the token and holds its row until the transaction ends, so
   * that transactions under one name follow one another, in the order of their tokens. A holder may
   * enter again with the same token, in this transaction or a later one.
   *
   * <p>Must be the first statement of the transaction: above READ COMMITTED what was read before is
   * older than the fence.
   *
   * <p>It holds a row, and should not do so for longer than the lease: whoever enters next waits
   * for the end of the transaction. That costs time and not safety, since the fence decides.
   * Nothing here ends a transaction with its lease. PostgreSQL: it sets the transaction's {@code
   * lock_timeout} and {@code idle_in_transaction_session_timeout} to the remainder of the lease,
   * unless they are shorter already. So each wait for a lock and each pause between two statements
   * is no longer than that, or ends with 55P03 or 25P03, which {@link SqlFailure} knows. A
   * statement that runs for long, and statements that follow one another, have no limit: set {@code
   * statement_timeout}, or from PostgreSQL 17 on {@code transaction_timeout}. The others have no
   * limits that end with the transaction, and none is left behind: only this call's own wait ends,
   * with the lease by the whole second (MySQL, MariaDB, SQL Server) or with H2's {@code
   * LOCK_TIMEOUT}. There, see to it that a session which idles in its transaction is ended.
   *
   * @param connection in a transaction (autocommit off)
   * @param name what the rows belong to, usually the lock's name; 1 to 200 characters, of which the
   *     last is no space: not every database would tell it apart
   * @param token the lease's token, from 1 to 2^53 - 1
   * @param remaining the lease's remainder, to the millisecond; less than one millisecond counts as
   *     one, because the fence decides and not the clock
   * @throws StaleTokenException a newer token has entered; roll the transaction back and stop
   * @throws SQLException see {@link SqlFailure}; roll the transaction back. Above READ COMMITTED
   *     40001 is the usual answer after a wait
   * @throws IllegalStateException if the fence is null, as only a table of your own making may have
   *     it; if autocommit is on: the row would be free at once; on H2 also above READ COMMITTED,
   *     where no conflict is reported
   * @throws IllegalArgumentException if the name or the token is out of range
   */
  public static void enter(Connection connection, String name, long token, Duration remaining)
      throws SQLException {
    Tokens.check(token);
    if (name.isEmpty() || name.length() > MAX_NAME || name.endsWith(" ")) {
      throw new IllegalArgumentException(
          "a name has 1 to "
              + MAX_NAME
              + " characters and does not end with a space, not these "
              + name.length());
    }
    if (connection.getAutoCommit()) {
      throw new IllegalStateException("FenceTable.enter needs a transaction, and autocommit is on");
    }
    Dialect dialect = Dialect.of(connection);
    if (dialect == Dialect.H2
        && connection.getTransactionIsolation() > Connection.TRANSACTION_READ_COMMITTED) {
      throw new IllegalStateException(
          "FenceTable.enter needs READ COMMITTED on H2, where what is read above it may be older"
              + " than the fence");
    }
    if (dialect == Dialect.POSTGRESQL) {
      limit(connection, remaining);
    }
    if (!hasEntered(connection, dialect, name, token, remaining)) {
      long fence = fence(connection, dialect, name);
      if (fence > token || dialect != Dialect.MYSQL) {
        throw new StaleTokenException(NAME, name, token, fence);
      }
    }
  }

  private static boolean hasEntered(
      Connection connection, Dialect dialect, String name, long token, Duration remaining)
      throws SQLException {
    try {
      return raise(connection, dialect, name, token, remaining);
    } catch (SQLException e) {
      if (dialect != Dialect.H2 || !SqlFailure.isOfConstraint(e)) {
        throw e;
      }
      return raise(connection, dialect, name, token, remaining); // another was the first to enter
    }
  }

  /** Whether the fence certainly is at the token now; for MySQL it has to be read. */
  private static boolean raise(
      Connection connection, Dialect dialect, String name, long token, Duration remaining)
      throws SQLException {
    String statement = Statements.load(dialect, "enter.sql");
    try (PreparedStatement enter = connection.prepareStatement(statement)) {
      enter.setString(1, name);
      enter.setLong(2, token);
      if (dialect == Dialect.MYSQL || dialect == Dialect.SQLSERVER) {
        enter.setQueryTimeout((int) Math.min(Integer.MAX_VALUE, secondsIn(remaining)));
      }
      if (enter.executeUpdate() == 1) {
        return dialect != Dialect.MYSQL;
      }
      return false;
    }
  }

  /** Whole ones, rounded up; at least one, because zero would be no limit. */
  private static long secondsIn(Duration remaining) {
    return Math.max(1, remaining.plusSeconds(1).minusNanos(1).toSeconds());
  }

  private static void limit(Connection connection, Duration remaining) throws SQLException {
    long millis = Math.max(1, Math.min(Integer.MAX_VALUE, remaining.toMillis()));
    try (PreparedStatement limits =
        connection.prepareStatement(Statements.load(Dialect.POSTGRESQL, "limits.sql"))) {
      limits.setLong(1, millis);
      limits.execute();
    }
  }

  private static long fence(Connection connection, Dialect dialect, String name)
      throws SQLException {
    String statement = Statements.load(dialect, "fence.sql");
    try (PreparedStatement fence = connection.prepareStatement(statement)) {
      fence.setString(1, name);
      try (ResultSet row = fence.executeQuery()) {
        row.next();
        return Tokens.stored(row, 1, "fence", NAME, name);
      }
    }
  }
}
