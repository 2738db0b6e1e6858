package io.holdfast.guard;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * The guard that PostgreSQL itself keeps: with it the table of a {@link FencedTable} refuses also
 * writers that never heard of the lock.
 *
 * <pre>{@code
 * GuardTrigger trigger = GuardTrigger.on(FencedTable.of("machine"));
 * // once, with your migrations: trigger.ddl()
 * connection.setAutoCommit(false);
 * trigger.allowNext(connection, 42, lease.token(), read.version());
 * ... // UPDATE machine SET doc = ?::jsonb WHERE id = 42; or machines.update(...)
 * connection.commit();
 * }</pre>
 *
 * <p>Each statement that inserts or updates a record needs {@link #allowNext} before it, with the
 * token and the version that the write was built on (zero for a first write). The trigger compares
 * them with the record, and stores the token as its fence and counts its version up, whatever the
 * statement says about these two columns. It compares the whole write: no column can be changed
 * without. What was announced is used up by the next statement on the table, also by one that
 * writes nothing, and is gone with the transaction. It is kept in transaction-local settings
 * ({@code holdfast.*}), not in columns, which would keep their last value for a careless writer to
 * copy. It belongs to the table, not to its name: one of the same name in another schema takes
 * nothing of it. Records are never deleted, truncated or given another id, because the fence would
 * go with them: mark them deleted.
 *
 * <p>A refusal is an {@code SQLException}: LK001, a newer token has written; LK002, the record is
 * at another version ({@link SqlFailure#AGAIN}); LK003, the write was not announced, or may not be
 * done. All of them abort the transaction.
 *
 * <p>It stops the careless, not the malicious. It cannot stop: a writer that announces tokens and
 * versions it does not have, the table's owner (who can drop it), a superuser, and any session with
 * {@code session_replication_role = replica}, as in restores and the apply of logical replication.
 *
 * <p>Immutable and thread-safe; a connection is used by one thread at a time, as always.
 */
public final class GuardTrigger {

  /** The SQLSTATE of a record that is at another version than was announced. */
  static final String CONFLICT = "LK002";

  private static final int MAX_NAME = 63 - "_guard".length();

  private final FencedTable table;

  private GuardTrigger(FencedTable table) {
    this.table = table;
  }

  /**
   * The trigger of a table, with the table's names of columns.
   *
   * @throws IllegalArgumentException if the table's name has more than 57 characters, because
   *     PostgreSQL would cut that of the function
   */
  public static GuardTrigger on(FencedTable table) {
    String name = table.table();
    if (name.length() - (name.indexOf('.') + 1) > MAX_NAME) {
      throw new IllegalArgumentException(
          "a table with a trigger has a name of at most " + MAX_NAME + " characters, not " + name);
    }
    return new GuardTrigger(table);
  }

  /**
   * The statement that creates the trigger, for PostgreSQL 12 and later (partitioned tables: 13)
   * and for your migrations. The table is there already, with its fence and version; what it holds
   * is not touched. Run it again after a partition was added: until then that could be truncated.
   * It is one, so that the table has its trigger all the while; readers and writers wait for its
   * end, and it for theirs, because {@code DROP TRIGGER} locks the table against both: set {@code
   * lock_timeout} before, where it is busy. It refuses to replace a function {@code <table>_guard}
   * that is not its own.
   */
  public String ddl() {
    return table.named(Statements.load(Dialect.POSTGRESQL, "guard_trigger.sql"));
  }

  /** Creates the trigger, or creates it anew; needs the rights of the table's owner. */
  public void install(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(ddl());
    }
  }

  /**
   * Announces a write: the next statement on the table, in this transaction, may write this record.
   * One statement writes one record; of a batch, each needs its own.
   *
   * @param connection in a transaction (autocommit off)
   * @param recordId the value of the id column; compared as text
   * @param token the lease's token, from 1 to 2^53 - 1
   * @param versionRead the version that was read with what was merged; zero for a first write
   * @throws IllegalStateException if autocommit is on: the announcement would be gone at once
   * @throws IllegalArgumentException if the token or the version is out of range
   */
  public void allowNext(Connection connection, Object recordId, long token, long versionRead)
      throws SQLException {
    Tokens.check(token);
    FencedTable.checkVersion(versionRead);
    if (connection.getAutoCommit()) {
      throw new IllegalStateException(
          "GuardTrigger.allowNext needs a transaction, and autocommit is on");
    }
    String statement = Statements.load(Dialect.POSTGRESQL, "allow_next.sql");
    try (PreparedStatement allow = connection.prepareStatement(statement)) {
      allow.setString(1, table.table());
      allow.setString(2, recordId.toString());
      allow.setString(3, Long.toString(token));
      allow.setString(4, Long.toString(versionRead));
      allow.execute();
    }
  }

  @Override
  public String toString() {
    return "GuardTrigger[" + table + "]";
  }
}
