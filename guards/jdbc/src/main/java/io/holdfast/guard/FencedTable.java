package io.holdfast.guard;

import static java.util.stream.Collectors.joining;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The guard of single records that are read, merged and written back: a table of yours with two
 * columns more, {@code fence bigint not null} and {@code version bigint not null}.
 *
 * <pre>{@code
 * FencedTable machines = FencedTable.of("machine"); // columns id, fence, version and yours
 * try (Lease lease = locks.acquire("machine:42")) {
 *   Machine read = ...; // SELECT name, version FROM machine WHERE id = 42
 *   machines.update(connection, 42, lease.token(), read.version(), Map.of("name", merged));
 * }
 * }</pre>
 *
 * <p>The rule: a write carries the lease's token and the version that it was built on. The database
 * takes it only if no newer token has written the record and the record is still at that version,
 * in one statement; it then stores the token as the record's fence and counts the version up. Fence
 * and version are needed both: the fence alone lets a new holder write over what the old one wrote
 * after the new one's read, the version alone lets a stale holder write first.
 *
 * <p>What it needs from you: read the version with the data, in one statement, and after the lease
 * was granted. Let every write to the record go through here or through {@link #check}. Roll back
 * the whole transaction after a {@link GuardException}. Never DELETE a record that may come back:
 * its fence goes with it, and a stale holder could bring it back; keep the row and mark it deleted
 * (a tombstone). Never set fence or version to NULL: no holder is let in then, be it new or old.
 *
 * <p>A write may wait for a row that another transaction holds, as long as {@code lock_timeout}
 * allows; with autocommit on it is a transaction of its own. {@code SQLException}s: see {@link
 * SqlFailure}.
 *
 * <p>Immutable and thread-safe; a connection is used by one thread at a time, as always.
 */
public final class FencedTable {

  /** The version of a record that is not there. */
  static final long ABSENT = -1;

  private final String table;
  private final String id;
  private final String fence;
  private final String version;

  private FencedTable(String table, String id, String fence, String version) {
    this.table = table;
    this.id = id;
    this.fence = fence;
    this.version = version;
    if (!Identifiers.areDistinct(List.of(id, fence, version))) {
      throw new IllegalArgumentException("id, fence and version are three columns");
    }
  }

  /**
   * A table with the columns {@code id} (its primary key), {@code fence} and {@code version}.
   *
   * @param table the table's name, or schema and name: each a letter or {@code _}, then up to 62
   *     letters, digits and {@code _}; used without quotes, so that the database folds its case
   * @throws IllegalArgumentException if it is not of that form
   */
  public static FencedTable of(String table) {
    return new FencedTable(Identifiers.table(table), "id", "fence", "version");
  }

  /** The same with another column for the id, which must be unique. */
  public FencedTable id(String column) {
    return new FencedTable(table, Identifiers.column(column), fence, version);
  }

  /** The same with another column for the fence. */
  public FencedTable fence(String column) {
    return new FencedTable(table, id, Identifiers.column(column), version);
  }

  /** The same with another column for the version. */
  public FencedTable version(String column) {
    return new FencedTable(table, id, fence, Identifiers.column(column));
  }

  /**
   * Writes a record that was read.
   *
   * @param recordId the value of the id column
   * @param token the lease's token, from 1 to 2^53 - 1
   * @param versionRead the version that was read with what was merged; zero or more
   * @param columns the columns to set and their values, as for {@link
   *     PreparedStatement#setObject(int, Object)}; not the id, the fence or the version
   * @return the record's new version, once the transaction commits
   * @throws StaleTokenException a newer token has written; roll back and stop
   * @throws VersionConflictException the record is at another version or gone; roll back, read and
   *     merge again
   * @throws IllegalStateException several records have this id, or the record's fence or version is
   *     null; roll back
   * @throws IllegalArgumentException if a column's name, the token or the version is out of range
   */
  public long update(
      Connection connection,
      Object recordId,
      long token,
      long versionRead,
      Map<String, ? extends @Nullable Object> columns)
      throws SQLException {
    Tokens.check(token);
    checkVersion(versionRead);
    List<String> names = Identifiers.columns(columns, List.of(id, fence, version));
    String assignments = names.stream().map(name -> name + " = ?, ").collect(joining());
    String statement =
        named(Statements.load(Dialect.of(connection), "update.sql"))
            .replace("{columns}", assignments);
    int updatedRows;
    try (PreparedStatement update = connection.prepareStatement(statement)) {
      int next = Identifiers.bind(update, names, columns);
      update.setLong(next++, token);
      update.setObject(next++, recordId);
      update.setLong(next++, token);
      update.setLong(next, versionRead);
      updatedRows = update.executeUpdate();
    }
    check(connection, updatedRows, recordId, token, versionRead);
    return versionRead + 1;
  }

  /**
   * Writes a record that was not there when it was looked for. Of several first writers one
   * succeeds.
   *
   * @param recordId the value of the id column
   * @param token the lease's token, from 1 to 2^53 - 1
   * @param columns the other columns and their values, as for {@link #update}
   * @return the record's version, once the transaction commits: 1
   * @throws StaleTokenException the record is there, from a newer token; roll back and stop
   * @throws VersionConflictException the record is there; roll back, read and merge again
   * @throws IllegalStateException the record is there, and its fence or version is null; roll back
   * @throws IllegalArgumentException if a column's name or the token is out of range
   */
  public long insert(
      Connection connection,
      Object recordId,
      long token,
      Map<String, ? extends @Nullable Object> columns)
      throws SQLException {
    Tokens.check(token);
    List<String> names = Identifiers.columns(columns, List.of(id, fence, version));
    String list = names.stream().map(name -> name + ", ").collect(joining());
    Dialect dialect = Dialect.of(connection);
    String statement =
        named(Statements.load(dialect, "insert.sql"))
            .replace("{columns}", list)
            .replace("{values}", "?, ".repeat(names.size()));
    int insertedRows;
    try (PreparedStatement insert = connection.prepareStatement(statement)) {
      int next = Identifiers.bind(insert, names, columns);
      insert.setObject(next++, recordId);
      insert.setLong(next, token);
      insertedRows = insert.executeUpdate();
    } catch (SQLException e) {
      if (dialect == Dialect.POSTGRESQL || !SqlFailure.isOfConstraint(e)) {
        throw e; // PostgreSQL's statement does not fail because the record is there
      }
      throw refusalBecauseOfRecord(connection, recordId, token, e);
    }
    check(connection, insertedRows, recordId, token, 0);
    return 1;
  }

  /** Which constraint it was is nowhere said in the same way: the record is there, or it is not. */
  private GuardException refusalBecauseOfRecord(
      Connection connection, Object recordId, long token, SQLException refused)
      throws SQLException {
    GuardException refusal = refusal(connection, recordId, token, 0);
    if (refusal instanceof VersionConflictException conflict
        && conflict.storedVersion().isEmpty()) {
      throw refused;
    }
    return refusal;
  }

  /**
   * Judges a statement of your own that follows the rule, by the rows it says it changed:
   *
   * <pre>{@code
   * UPDATE machine SET doc = ?::jsonb, fence = :token, version = version + 1
   *  WHERE id = :id AND fence <= :token AND version = :versionRead
   * }</pre>
   *
   * or, for a record's first write, {@code INSERT ... ON CONFLICT (id) DO NOTHING} (PostgreSQL)
   * with {@code versionRead} zero. Call it at once, in the same transaction. One row: it returns.
   * None: it reads the record's fence and version to say why. Of a batch, judge each count.
   *
   * @param changedRows what {@code executeUpdate} returned
   * @param recordId the id in the statement
   * @param token the token in the statement
   * @param versionRead the version in the statement; zero for a first write
   * @throws StaleTokenException a newer token has written; roll back and stop
   * @throws VersionConflictException otherwise; roll back, read and merge again. Also if the record
   *     fits and yet was not written, as a trigger or a row security policy may have it: put an end
   *     to your attempts
   * @throws IllegalStateException several records have this id, or the record's fence or version is
   *     null; roll back
   * @throws IllegalArgumentException if the token or the version is out of range, or the driver did
   *     not count the rows
   */
  public void check(
      Connection connection, int changedRows, Object recordId, long token, long versionRead)
      throws SQLException {
    Tokens.check(token);
    checkVersion(versionRead);
    if (changedRows < 0) {
      throw new IllegalArgumentException("the driver did not count the rows: " + changedRows);
    }
    if (changedRows > 1) {
      throw new IllegalStateException(
          "column " + id + " of " + table + " is not unique: rows changed: " + changedRows);
    }
    if (changedRows == 0) {
      throw refusal(connection, recordId, token, versionRead);
    }
  }

  private GuardException refusal(
      Connection connection, Object recordId, long token, long versionRead) throws SQLException {
    String key = recordId.toString();
    String statement =
        Statements.load(Dialect.of(connection), "read.sql")
            .replace("{columns}", fence + ", " + version);
    try (PreparedStatement read = connection.prepareStatement(named(statement))) {
      read.setObject(1, recordId);
      try (ResultSet row = read.executeQuery()) {
        if (!row.next()) {
          return new VersionConflictException(table, key, token, versionRead, ABSENT);
        }
        long storedFence = Tokens.stored(row, 1, fence, table, key);
        if (storedFence > token) {
          return new StaleTokenException(table, key, token, storedFence);
        }
        long storedVersion = Tokens.stored(row, 2, version, table, key);
        return new VersionConflictException(table, key, token, versionRead, storedVersion);
      }
    }
  }

  String table() {
    return table;
  }

  String named(String statement) {
    return statement
        .replace("{table}", table)
        .replace("{id}", id)
        .replace("{fence}", fence)
        .replace("{version}", version);
  }

  static void checkVersion(long versionRead) {
    if (versionRead < 0) {
      throw new IllegalArgumentException("a version is zero or more, not " + versionRead);
    }
  }

  @Override
  public String toString() {
    return "FencedTable[" + table + "(" + id + ", " + fence + ", " + version + ")]";
  }
}
