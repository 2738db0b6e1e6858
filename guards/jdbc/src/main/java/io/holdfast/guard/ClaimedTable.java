package io.holdfast.guard;

import static java.util.stream.Collectors.joining;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The guard of single records whose merge has side effects, or whose tokens may not be unique: a
 * table of yours with two columns more, {@code fence bigint not null default 0} and {@code holder
 * varchar(32)}.
 *
 * <pre>{@code
 * ClaimedTable machines = ClaimedTable.of("machine"); // columns id, fence, holder and yours
 * try (Lease lease = locks.acquire("machine:42")) {
 *   Holder holder = Holder.of(lease.token());
 *   String name =
 *       machines.claim(connection, 42, holder, row -> row.getString("name")).orElseThrow();
 *   ... // merge; from here on no older holder's write is taken
 *   machines.update(connection, 42, holder, Map.of("name", merged));
 * }
 * }</pre>
 *
 * <p>The rule: reading a record claims it, in a transaction of its own that is over before the
 * merge begins; a write is taken only from the holder who claimed last. So what was read cannot be
 * changed by an older holder's late write, and an older holder learns that it is one before it
 * merges: at its claim, or at its write.
 *
 * <p>It does not need tokens to be unique: of two holders with the same token, which a store can
 * mint that is split in two, the first to claim is the only one. It cannot tell two writes of one
 * holder apart, though. After a write without an answer ({@link SqlFailure#OUTCOME_UNKNOWN}) that
 * write may still come, after what is read now, and be taken: a new token is needed, so close the
 * lease and acquire another. A claim without an answer may be repeated by the same holder.
 *
 * <p>What it needs from you: a new {@link Holder} for each lease. Let every write to the record go
 * through here or through {@link #check}. Roll back the whole transaction after a {@link
 * GuardException}. Never DELETE a record that may come back. A record that is not there is created
 * empty at fence 0, by anybody and at any time, because an empty record says nothing: insert it,
 * ignore that it exists already, and claim it.
 *
 * <p>{@link FencedTable} is cheaper, as it writes once, and takes a write without an answer in its
 * stride: prefer it unless a merge does what cannot be undone.
 *
 * <p>A claim or a write may wait for a row that another transaction holds. {@code SQLException}s:
 * see {@link SqlFailure}.
 *
 * <p>Immutable and thread-safe; a connection is used by one thread at a time, as always.
 */
public final class ClaimedTable {

  private final String table;
  private final String id;
  private final String fence;
  private final String holder;

  private ClaimedTable(String table, String id, String fence, String holder) {
    this.table = table;
    this.id = id;
    this.fence = fence;
    this.holder = holder;
    if (!Identifiers.areDistinct(List.of(id, fence, holder))) {
      throw new IllegalArgumentException("id, fence and holder are three columns");
    }
  }

  /** Takes what it wants from the row that it is shown. Called once, in the thread that claims. */
  public interface RowReader<T> {
    /**
     * Reads columns of the row.
     *
     * @param row at the row, with all of its columns; to be read only, neither moved nor closed,
     *     and not beyond this call
     * @return what the caller of {@link ClaimedTable#claim} gets; not null
     * @throws SQLException passed on; the record is claimed all the same
     */
    T read(ResultSet row) throws SQLException;
  }

  /**
   * A table with the columns {@code id} (its primary key), {@code fence} and {@code holder}.
   *
   * @param table as for {@link FencedTable#of}
   * @throws IllegalArgumentException if it is not of that form
   */
  public static ClaimedTable of(String table) {
    return new ClaimedTable(Identifiers.table(table), "id", "fence", "holder");
  }

  /** The same with another column for the id, which must be unique. */
  public ClaimedTable id(String column) {
    return new ClaimedTable(table, Identifiers.column(column), fence, holder);
  }

  /** The same with another column for the fence. */
  public ClaimedTable fence(String column) {
    return new ClaimedTable(table, id, Identifiers.column(column), holder);
  }

  /** The same with another column for the holder. */
  public ClaimedTable holder(String column) {
    return new ClaimedTable(table, id, fence, Identifiers.column(column));
  }

  /**
   * Claims a record and reads it. The claim is committed when this returns: from then on the writes
   * of all holders before are refused. May be repeated.
   *
   * @param connection with autocommit on, so that the claim is a transaction of its own: one that
   *     is not committed yet stops nobody
   * @param recordId the value of the id column
   * @param claimer who claims
   * @param reader is shown the row, with all columns, once
   * @return what the reader made of the row; empty if there is no such record
   * @throws StaleTokenException a newer holder, or another one with the same token, was here; stop
   * @throws IllegalStateException if autocommit is off, or several records have this id, or the
   *     record's fence is null, or it can be read and not be claimed, as a row security policy may
   *     have it
   */
  public <T> Optional<T> claim(
      Connection connection, Object recordId, Holder claimer, RowReader<T> reader)
      throws SQLException {
    if (!connection.getAutoCommit()) {
      throw new IllegalStateException(
          "ClaimedTable.claim is a transaction of its own, and autocommit is off");
    }
    Dialect dialect = Dialect.of(connection);
    @Nullable Stored stored = null;
    for (int attempt = 1; attempt <= 2; attempt++) {
      Optional<T> read = claimOnce(connection, dialect, recordId, claimer, reader);
      if (read.isPresent()) {
        return read;
      }
      stored = stored(connection, dialect, recordId);
      if (stored.isAbsent()) {
        return Optional.empty();
      }
      if (stored.fence >= claimer.token()) {
        throw stale(recordId, claimer, stored);
      }
      // It may have been inserted between the two statements, but not a second time.
    }
    throw new IllegalStateException(
        "A record can be read and not be claimed, as a row security policy or a trigger may have"
            + " it: "
            + described(recordId, claimer, stored));
  }

  private <T> Optional<T> claimOnce(
      Connection connection, Dialect dialect, Object recordId, Holder claimer, RowReader<T> reader)
      throws SQLException {
    try (PreparedStatement claim = prepare(connection, dialect, "claim.sql")) {
      claim.setLong(1, claimer.token());
      claim.setString(2, claimer.id());
      claim.setObject(3, recordId);
      claim.setLong(4, claimer.token());
      claim.setLong(5, claimer.token());
      claim.setString(6, claimer.id());
      return claim.execute() // whether it returns rows by itself
          ? readOne(claim.getResultSet(), reader)
          : readClaimed(connection, dialect, recordId, claimer, reader);
    }
  }

  /**
   * Writes a record that this holder claimed.
   *
   * @param recordId the value of the id column
   * @param claimer who claimed it
   * @param columns the columns to set and their values, as for {@link
   *     PreparedStatement#setObject(int, Object)}; not the id, the fence or the holder
   * @throws StaleTokenException another holder has claimed it; roll back and stop
   * @throws IllegalStateException the record was not claimed by this holder, or is gone, or its
   *     fence is null, or several records have this id; roll back
   * @throws IllegalArgumentException if no column is given, or a column's name is out of range
   */
  public void update(
      Connection connection,
      Object recordId,
      Holder claimer,
      Map<String, ? extends @Nullable Object> columns)
      throws SQLException {
    List<String> names = Identifiers.columns(columns, List.of(id, fence, holder));
    if (names.isEmpty()) {
      throw new IllegalArgumentException("no column to set");
    }
    String assignments = names.stream().map(name -> name + " = ?").collect(joining(", "));
    Dialect dialect = Dialect.of(connection);
    String text = named(Statements.load(dialect, "write.sql")).replace("{columns}", assignments);
    int changedRows;
    try (PreparedStatement write = connection.prepareStatement(text)) {
      int next = Identifiers.bind(write, names, columns);
      write.setObject(next++, recordId);
      write.setLong(next++, claimer.token());
      write.setString(next, claimer.id());
      changedRows = write.executeUpdate();
    }
    check(connection, changedRows, recordId, claimer);
  }

  /**
   * Judges a statement of your own that follows the rule, by the rows it says it changed:
   *
   * <pre>{@code
   * UPDATE machine SET doc = ?::jsonb WHERE id = :id AND fence = :token AND holder = :holderId
   * }</pre>
   *
   * Call it at once, in the same transaction. One row: it returns. None: it reads the record's
   * fence and holder to say why. Of a batch, judge each count.
   *
   * @param changedRows what {@code executeUpdate} returned. Drivers of MySQL and MariaDB can be set
   *     to count only rows that became different ({@code useAffectedRows}): a record of this holder
   *     that was already as it was to be is written there, too
   * @param recordId the id in the statement
   * @param claimer the holder in the statement
   * @throws StaleTokenException another holder has claimed it; roll back and stop
   * @throws IllegalStateException the record was not claimed by this holder, or is gone, or its
   *     fence is null, or several records have this id, or it fits and yet was not written, as a
   *     trigger or a row security policy may have it; roll back
   * @throws IllegalArgumentException if the driver did not count the rows
   */
  public void check(Connection connection, int changedRows, Object recordId, Holder claimer)
      throws SQLException {
    if (changedRows < 0) {
      throw new IllegalArgumentException("the driver did not count the rows: " + changedRows);
    }
    if (changedRows > 1) {
      throw notUnique();
    }
    if (changedRows == 1) {
      return;
    }
    Dialect dialect = Dialect.of(connection);
    Stored stored = stored(connection, dialect, recordId);
    boolean isOurs = stored.isOf(claimer);
    if (stored.fence >= claimer.token() && !isOurs) {
      throw stale(recordId, claimer, stored);
    }
    if (!isOurs || dialect != Dialect.MYSQL) {
      throw new IllegalStateException(
          "A record is claimed before it is written: " + described(recordId, claimer, stored));
    }
  }

  private String described(Object recordId, Holder claimer, @Nullable Stored stored) {
    return "%s %s, %s, %s"
        .formatted(table, GuardException.printable(recordId.toString()), claimer, stored);
  }

  /** The guard's columns as they are stored; fence -1 if there is no such record. */
  private record Stored(long fence, @Nullable String holder) {
    boolean isAbsent() {
      return fence < 0;
    }

    boolean isOf(Holder claimer) {
      return fence == claimer.token() && claimer.id().equals(holder);
    }
  }

  private Stored stored(Connection connection, Dialect dialect, Object recordId)
      throws SQLException {
    String text = Statements.load(dialect, "read.sql").replace("{columns}", fence + ", " + holder);
    try (PreparedStatement read = connection.prepareStatement(named(text))) {
      read.setObject(1, recordId);
      try (ResultSet row = read.executeQuery()) {
        if (!row.next()) {
          return new Stored(-1, null);
        }
        long storedFence = Tokens.stored(row, 1, fence, table, recordId.toString());
        return new Stored(storedFence, row.getString(2));
      }
    }
  }

  private StaleTokenException stale(Object recordId, Holder claimer, Stored stored) {
    return new StaleTokenException(table, recordId.toString(), claimer.token(), stored.fence);
  }

  private IllegalStateException notUnique() {
    return new IllegalStateException("column " + id + " of " + table + " is not unique");
  }

  private <T> Optional<T> readClaimed(
      Connection connection, Dialect dialect, Object recordId, Holder claimer, RowReader<T> reader)
      throws SQLException {
    try (PreparedStatement read = prepare(connection, dialect, "claimed.sql")) {
      read.setObject(1, recordId);
      read.setLong(2, claimer.token());
      read.setString(3, claimer.id());
      return readOne(read.executeQuery(), reader);
    }
  }

  private <T> Optional<T> readOne(ResultSet rows, RowReader<T> reader) throws SQLException {
    try (rows) {
      if (!rows.next()) {
        return Optional.empty();
      }
      T read = reader.read(rows);
      if (rows.next()) {
        throw notUnique();
      }
      return Optional.of(read);
    }
  }

  private PreparedStatement prepare(Connection connection, Dialect dialect, String file)
      throws SQLException {
    return connection.prepareStatement(named(Statements.load(dialect, file)));
  }

  private String named(String statement) {
    return statement
        .replace("{table}", table)
        .replace("{id}", id)
        .replace("{fence}", fence)
        .replace("{holder}", holder);
  }

  @Override
  public String toString() {
    return "ClaimedTable[" + table + "(" + id + ", " + fence + ", " + holder + ")]";
  }
}
