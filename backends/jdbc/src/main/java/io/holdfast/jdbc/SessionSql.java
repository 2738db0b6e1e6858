package io.holdfast.jdbc;

import io.holdfast.Finding;
import io.holdfast.Inspection;
import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a session is asked, in one database's SQL: files in the folder {@code session}. No question
 * waits for a lock that another session has: neither for the lock itself nor, but for moments, for
 * its row. Immutable and thread-safe; each connection is used by one thread.
 */
abstract class SessionSql {

  /** What is answered to a wish for a lock. */
  enum Word {
    /** It is this session's now. */
    GRANTED,
    /** Another session has it. */
    TAKEN,
    /** No, because the token would lie too far ahead of the server's clock. */
    AHEAD
  }

  /**
   * An answer.
   *
   * @param firstToken of a grant, else 0
   */
  record Answer(Word word, long firstToken) {}

  /** Reads the one row that a question is answered with. */
  @FunctionalInterface
  interface Row<A> {
    A read(ResultSet row) throws SQLException;
  }

  private final SqlFiles files;
  private final String space;
  private final String prefix;
  private final SqlFiles.Sql release;
  private final SqlFiles.Sql inspect;
  private final SqlFiles.Sql self;

  SessionSql(Dialect folder, JdbcUrl url) {
    Map<String, String> words = LeaseTable.files(url, folder, Duration.ZERO).words();
    this.files = new SqlFiles(folder, "session", words, Duration.ZERO);
    this.space = url.table();
    this.prefix = url.prefix();
    this.release = sql("release");
    this.inspect = sql("inspect");
    this.self = sql("self");
  }

  /** For the server that the URL leads to; none if it has no locks of sessions. */
  static Optional<SessionSql> of(Dialect dialect, JdbcUrl url) {
    return switch (dialect) {
      case POSTGRESQL -> Optional.of(new SessionPostgreSql(url));
      case MYSQL, MARIADB -> Optional.of(new SessionMySql(url));
      case SQLSERVER -> Optional.of(new SessionSqlServer(url));
      case H2 -> Optional.empty();
    };
  }

  /** Whether the server has the time limit that {@link #prepare} set. */
  static Finding silence(String setting, long millis, Duration livesFor) {
    return millis >= livesFor.toMillis() && millis <= livesFor.toMillis() + 1_000
        ? Finding.ok(setting, "%d ms".formatted(millis))
        : Finding.refused(
            setting,
            "is %d ms, although %s was set".formatted(millis, livesFor),
            "connect past what changes it in between, or use holdfast=table");
  }

  /** By how much later than asked the server may end a silent session. */
  abstract Duration granularity();

  /**
   * Makes the server end the session when it is silent for so long, rounded up, and no question
   * wait for a row for longer than a moment.
   */
  abstract void prepare(Connection connection, Duration livesFor) throws SQLException;

  /** What this particular server has against sessions' locks, or should be said of them. */
  abstract List<Finding> examine(Connection connection, Duration livesFor) throws SQLException;

  /** Which of its sessions the server says that it answers from. */
  final long self(Connection connection) throws SQLException {
    return number(connection, self);
  }

  /** The one number that a question without parameters is answered with. */
  static long number(Connection connection, SqlFiles.Sql sql) throws SQLException {
    return row(connection, sql, Map.of(), row -> row.getLong(1)).orElse(-1L);
  }

  /** Takes the lock and mints its tokens. A failure may leave it taken. */
  abstract Answer ask(Connection connection, SessionKey key, Ask ask) throws SQLException;

  /** Whether the session has these locks. */
  abstract boolean isIntact(Connection connection, Collection<SessionKey> locks)
      throws SQLException;

  /** What the database calls the lock: a number or digits. */
  abstract Object parameter(SessionKey key);

  /** The lock's key: equal for names that are one lock to the database. */
  SessionKey key(LockName name) {
    return SessionKey.of(space, prefix + name.value());
  }

  /** Gives the lock back; whether the session had it. */
  final boolean release(Connection connection, SessionKey key) throws SQLException {
    return row(connection, release, Map.of("key", parameter(key)), row -> row.getBoolean(1))
        .orElse(false);
  }

  /** Who has the lock; label and token are those of the last grant of this name. */
  final Optional<Inspection.Holder> inspect(Connection connection, LockName name)
      throws SQLException {
    Map<String, Object> values = Map.of("key", parameter(key(name)), "name", prefix + name.value());
    return row(connection, inspect, values, SessionSql::holder);
  }

  private static Inspection.Holder holder(ResultSet row) throws SQLException {
    String label = row.getString(1);
    long token = row.getLong(2);
    return new Inspection.Holder(
        label == null ? "a session without a row in the table" : label,
        row.wasNull() ? OptionalLong.empty() : OptionalLong.of(token),
        Optional.empty());
  }

  /** The parameters of a wish. */
  final Map<String, Object> values(SessionKey key, Ask ask) {
    Map<String, Object> values = new HashMap<>();
    values.put("key", parameter(key));
    values.put("name", prefix + ask.claim().name().value());
    values.put("label", ask.claim().label());
    values.put("span", ask.span());
    values.put("above", ask.tokenAbove());
    return values;
  }

  /**
   * A question, without a time limit of its driver, which would be a thread of the driver's: what
   * may wait in the server has limits there, and the network has one for all.
   */
  final SqlFiles.Sql sql(String name) {
    SqlFiles.Sql sql = files.sql(name);
    return new SqlFiles.Sql(sql.text(), sql.parameters(), 0);
  }

  static <A> Optional<A> row(
      Connection connection, SqlFiles.Sql sql, Map<String, ?> values, Row<A> row)
      throws SQLException {
    try (PreparedStatement statement = sql.on(connection, values);
        ResultSet rows = statement.executeQuery()) {
      return rows.next() ? Optional.of(row.read(rows)) : Optional.empty();
    }
  }
}
