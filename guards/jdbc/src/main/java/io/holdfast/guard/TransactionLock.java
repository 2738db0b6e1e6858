package io.holdfast.guard;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransactionRollbackException;
import java.time.Duration;
import java.util.HexFormat;

/**
 * A lock that lives and dies with a transaction of the caller's: all that it protects is in this
 * one database, and is read and written in this one transaction. It needs no lease, no token and no
 * guard, because the database ends the lock and the writes together.
 *
 * <pre>{@code
 * connection.setAutoCommit(false); // at READ COMMITTED
 * TransactionLock.acquire(connection, "rack:7", Duration.ofSeconds(5));
 * ... // read, merge and write, in statements of their own
 * connection.commit(); // and the lock is free
 * }</pre>
 *
 * <p>The snapshot rule: what is read has to be read by a statement that begins after the lock was
 * had. A statement reads what was committed when it began, so one that asks for the lock and reads
 * gets what was there before the wait; and above READ COMMITTED all statements of a transaction
 * read what was there at its first, the one that asked for the lock. Both lose updates with the
 * lock held. Hence the lock is a call of its own here, and another level than READ COMMITTED is
 * refused.
 *
 * <p>PostgreSQL ({@code pg_advisory_xact_lock}) and SQL Server ({@code sp_getapplock} with the
 * transaction as owner). MySQL, MariaDB and H2 have no such lock: lock a row that all agree upon
 * ({@code SELECT ... FOR UPDATE}), or enter a {@link FenceTable}.
 *
 * <p>Names are told apart by SHA-256: by its first 64 bits on PostgreSQL, where keys are one space
 * for all that use the database. Two names that meet there would wait for each other and nothing
 * worse. A lock of {@code Locks} of the same name is another lock.
 *
 * <p>Take several in one order everywhere. It holds a connection while it waits; with many waiters
 * a lock that is taken before the connection is kinder to the pool.
 *
 * <p>Thread-safe; a connection is used by one thread at a time, as always.
 */
public final class TransactionLock {

  private static final int MAX_NAME = 200;
  private static final Duration MAX_WAIT = Duration.ofHours(24);

  private TransactionLock() {}

  /**
   * Takes the lock if it is free. A lock that this transaction has already is taken again.
   *
   * @param connection in a transaction (autocommit off) at READ COMMITTED
   * @param name 1 to 200 characters
   * @return true if the lock is ours until the transaction ends; false if another transaction has
   *     it, and this one goes on as before
   * @throws SQLException see {@link SqlFailure}
   * @throws SQLFeatureNotSupportedException if the database has no such lock
   * @throws IllegalStateException if autocommit is on (the lock would be free at once), or at
   *     another level of isolation (what is read would be older than the lock)
   * @throws IllegalArgumentException if the name is out of range
   */
  public static boolean tryAcquire(Connection connection, String name) throws SQLException {
    return switch (checked(connection, name)) {
      case POSTGRESQL -> PostgreSql.tryLock(connection, name).isOurs();
      case SQLSERVER -> SqlServer.lock(connection, name, Duration.ZERO);
      case MYSQL, H2 -> throw unsupported();
    };
  }

  /**
   * Takes the lock, and waits for it while another transaction has it.
   *
   * @param connection as for {@link #tryAcquire}
   * @param name as for {@link #tryAcquire}
   * @param waitAtMost from 0 to 24 hours, to the millisecond; {@code lock_timeout} is as before
   *     when this returns
   * @throws SQLException see {@link SqlFailure}, which calls the end of the wait and a deadlock
   *     {@link SqlFailure#AGAIN}; roll the transaction back
   * @throws SQLFeatureNotSupportedException as {@link #tryAcquire}
   * @throws IllegalStateException as {@link #tryAcquire}
   * @throws IllegalArgumentException if the name or the wait is out of range
   */
  public static void acquire(Connection connection, String name, Duration waitAtMost)
      throws SQLException {
    if (waitAtMost.isNegative() || waitAtMost.compareTo(MAX_WAIT) > 0) {
      throw new IllegalArgumentException("a wait is from 0 to 24 hours, not " + waitAtMost);
    }
    boolean isOurs =
        switch (checked(connection, name)) {
          case POSTGRESQL -> PostgreSql.lock(connection, name, waitAtMost);
          case SQLSERVER -> SqlServer.lock(connection, name, waitAtMost);
          case MYSQL, H2 -> throw unsupported();
        };
    if (!isOurs) {
      throw new SQLTimeoutException("Another transaction has the lock: " + name, "55P03");
    }
  }

  private static Dialect checked(Connection connection, String name) throws SQLException {
    if (name.isEmpty() || name.length() > MAX_NAME) {
      throw new IllegalArgumentException(
          "a name has 1 to " + MAX_NAME + " characters, not " + name.length());
    }
    if (connection.getAutoCommit()) {
      throw new IllegalStateException("TransactionLock needs a transaction, and autocommit is on");
    }
    return Dialect.of(connection);
  }

  private static SQLException unsupported() {
    return new SQLFeatureNotSupportedException(
        "This database has no lock that ends with a transaction: lock a row, or enter a FenceTable");
  }

  private static IllegalStateException wrongLevel(String level) {
    return new IllegalStateException(
        "TransactionLock needs READ COMMITTED, so that what is read is not older than the lock, and"
            + " the transaction is at "
            + level);
  }

  /** Apart from those of other uses of the database's locks. */
  private static byte[] digest(String name) {
    try {
      return MessageDigest.getInstance("SHA-256")
          .digest(("holdfast transaction lock " + name).getBytes(UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static final class PostgreSql {

    private record Tried(boolean isOurs, String lockTimeout) {}

    static Tried tryLock(Connection connection, String name) throws SQLException {
      try (PreparedStatement tryLock = prepare(connection, "try_transaction_lock.sql")) {
        tryLock.setLong(1, key(name));
        try (ResultSet row = tryLock.executeQuery()) {
          row.next();
          boolean isOurs = row.getBoolean(3);
          if (row.wasNull()) {
            throw wrongLevel(row.getString(1));
          }
          return new Tried(isOurs, row.getString(2));
        }
      }
    }

    /** One statement if the lock is free; a wait is three more, so that its limit ends with it. */
    static boolean lock(Connection connection, String name, Duration waitAtMost)
        throws SQLException {
      Tried tried = tryLock(connection, name);
      if (tried.isOurs() || waitAtMost.toMillis() == 0) {
        return tried.isOurs();
      }
      setLockTimeout(connection, waitAtMost.toMillis() + "ms");
      try (PreparedStatement wait = prepare(connection, "wait_transaction_lock.sql")) {
        wait.setLong(1, key(name));
        wait.execute();
      }
      setLockTimeout(connection, tried.lockTimeout());
      return true;
    }

    private static void setLockTimeout(Connection connection, String time) throws SQLException {
      try (PreparedStatement limit = prepare(connection, "lock_timeout.sql")) {
        limit.setString(1, time);
        limit.execute();
      }
    }

    private static PreparedStatement prepare(Connection connection, String file)
        throws SQLException {
      return connection.prepareStatement(Statements.load(Dialect.POSTGRESQL, file));
    }

    private static long key(String name) {
      return ByteBuffer.wrap(digest(name)).getLong();
    }
  }

  /** Not run so far: there is no SQL Server among the tests' servers. */
  private static final class SqlServer {

    private static final int READ_COMMITTED = 2;
    private static final int WAIT_ENDED = -1;
    private static final int DEADLOCK = -3;

    static boolean lock(Connection connection, String name, Duration waitAtMost)
        throws SQLException {
      String statement = Statements.load(Dialect.SQLSERVER, "transaction_lock.sql");
      try (PreparedStatement lock = connection.prepareStatement(statement)) {
        lock.setString(1, "holdfast:" + HexFormat.of().formatHex(digest(name)));
        lock.setInt(2, (int) waitAtMost.toMillis());
        try (ResultSet row = lock.executeQuery()) {
          row.next();
          if (row.getInt(1) != READ_COMMITTED) {
            throw wrongLevel("transaction_isolation_level " + row.getInt(1));
          }
          return isOurs(row.getInt(2));
        }
      }
    }

    private static boolean isOurs(int answer) throws SQLException {
      return switch (answer) {
        case 0, 1 -> true;
        case WAIT_ENDED -> false;
        case DEADLOCK -> throw new SQLTransactionRollbackException("Deadlock", "40001");
        default -> throw new SQLException("sp_getapplock answered " + answer);
      };
    }
  }
}
