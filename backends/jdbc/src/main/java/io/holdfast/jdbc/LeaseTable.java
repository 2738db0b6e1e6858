package io.holdfast.jdbc;

import io.holdfast.Inspection;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.StoreRefusedException;
import io.holdfast.jdbc.SqlFiles.Sql;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The questions to the lease table of one database, each of them one statement (MySQL's ask: two),
 * with the database's clock. Blocks; thread-safe.
 */
final class LeaseTable {

  private static final long FARTHEST_MICROS = micros(Duration.ofDays(400));
  private static final String FOLDER = "table";

  private static final Set<Integer> DUPLICATE_KEY_OF_SQL_SERVER = Set.of(2601, 2627);

  /** How many rows a sweep deletes at most, so that no other question waits long for it. */
  static final int BATCH = 1_000;

  private final JdbcUrl url;

  private final Sql ask;
  private final Sql look;
  private final Sql renew;
  private final Sql release;
  private final Sql inspect;
  private final Sql sweep;

  LeaseTable(JdbcUrl url, Dialect dialect, Duration timeout) {
    SqlFiles files = files(url, dialect, timeout);
    this.url = url;
    this.ask = files.sql("ask");
    this.look = files.sql("look");
    this.renew = files.sql("renew");
    this.release = files.sql("release");
    this.inspect = files.sql("inspect");
    this.sweep = files.sql("sweep");
  }

  static SqlFiles files(JdbcUrl url, Dialect dialect, Duration timeout) {
    Map<String, String> words =
        Map.of(
            "table", url.table(),
            "farthest", Long.toString(FARTHEST_MICROS),
            "batch", Integer.toString(BATCH),
            "limit", Long.toString(LockOptions.TOKEN_LIMIT));
    return new SqlFiles(dialect, FOLDER, words, timeout);
  }

  /** The script that creates the table. */
  static String schema(JdbcUrl url) {
    return files(url, url.product(), Duration.ZERO).script("schema");
  }

  /** What stands in the table for a name. */
  String key(LockName name) {
    return url.prefix() + name;
  }

  /**
   * What the table says of a claim: whether it has the lock, or for how long another one has it.
   */
  private record Row(boolean granted, long token, long lastToken, long left, long now) {
    static Row of(ResultSet row) throws SQLException {
      return new Row(
          row.getInt(1) == 1, row.getLong(2), row.getLong(3), row.getLong(4), row.getLong(5));
    }

    Attempt attempt(Ask ask) {
      if (granted) {
        return new Attempt.Granted(token, (int) (lastToken - token) + 1, ask.leaseFor());
      }
      if (left > 0) {
        return new Attempt.Refused(Duration.of(left, ChronoUnit.MICROS), OptionalInt.empty());
      }
      long first = Math.max(Math.max(lastToken, ask.tokenAbove()) + 1, now);
      if (ask.tokenAbove() > now + FARTHEST_MICROS
          || first + ask.span() > LockOptions.TOKEN_LIMIT) {
        throw new StoreRefusedException(
            "The token would be more than 400 days ahead of the database's clock, or reach 2^53");
      }
      return new Attempt.Refused(Duration.ZERO, OptionalInt.empty()); // taken and free again by now
    }
  }

  Attempt ask(Connection connection, Ask ask) throws SQLException {
    Claim claim = ask.claim();
    Map<String, Object> values =
        Map.of(
            "name", key(claim.name()),
            "claim", claim.id(),
            "label", claim.label(),
            "lease", micros(ask.leaseFor()),
            "span", ask.span(),
            "above", ask.tokenAbove(),
            "waits", ask.mayWait());
    Optional<Row> row = askedRow(connection, values);
    if (row.isEmpty()) {
      row = row(connection, look, values);
    }
    return row.orElseThrow().attempt(ask);
  }

  /**
   * Of several who insert the row of a new name at once all but one may be told that it is there.
   */
  private Optional<Row> askedRow(Connection connection, Map<String, Object> values)
      throws SQLException {
    try {
      return row(connection, ask, values);
    } catch (SQLException e) {
      boolean isThere =
          "23505".equals(e.getSQLState()) || DUPLICATE_KEY_OF_SQL_SERVER.contains(e.getErrorCode());
      if (!isThere) {
        throw e;
      }
      return Optional.empty();
    }
  }

  /** The first row of the first answer that has rows; some dialects count what they changed. */
  private static Optional<Row> row(Connection connection, Sql sql, Map<String, Object> values)
      throws SQLException {
    try (PreparedStatement statement = sql.on(connection, values)) {
      if (!statement.execute()) {
        return Optional.empty();
      }
      try (ResultSet rows = statement.getResultSet()) {
        return rows.next() ? Optional.of(Row.of(rows)) : Optional.empty();
      }
    }
  }

  Renewal renew(Connection connection, Claim claim, Duration leaseFor) throws SQLException {
    Map<String, Object> values =
        Map.of("name", key(claim.name()), "claim", claim.id(), "lease", micros(leaseFor));
    try (PreparedStatement statement = renew.on(connection, values)) {
      return statement.executeUpdate() == 1 ? new Renewal.Renewed(leaseFor) : new Renewal.Gone();
    }
  }

  Release release(Connection connection, Claim claim, long lastTokenUsed, Duration keepFor)
      throws SQLException {
    Map<String, Object> values =
        Map.of(
            "name", key(claim.name()),
            "claim", claim.id(),
            "used", lastTokenUsed,
            "keep", micros(keepFor),
            "channel", channel());
    try (PreparedStatement statement = release.on(connection, values)) {
      boolean released;
      if (statement.execute()) {
        try (ResultSet rows = statement.getResultSet()) {
          released = rows.next();
        }
      } else {
        released = statement.getUpdateCount() == 1;
      }
      return released ? Release.RELEASED : Release.GONE;
    }
  }

  /** What releases are told through, where they are; one for all spellings of the table's name. */
  String channel() {
    return url.table().toLowerCase(Locale.ROOT);
  }

  Inspection inspect(Connection connection, LockName name) throws SQLException {
    try (PreparedStatement statement = inspect.on(connection, Map.of("name", key(name)));
        ResultSet rows = statement.executeQuery()) {
      Optional<Inspection.Holder> holder =
          rows.next()
              ? Optional.of(
                  new Inspection.Holder(
                      rows.getString(2),
                      OptionalLong.of(rows.getLong(1)),
                      Optional.of(Duration.of(rows.getLong(3), ChronoUnit.MICROS))))
              : Optional.empty();
      return new Inspection(name, holder, OptionalInt.empty());
    }
  }

  /** Deletes what has been idle for a day, a batch at most; how many rows. */
  int sweep(Connection connection) throws SQLException {
    try (PreparedStatement statement = sweep.on(connection, Map.of())) {
      return statement.executeUpdate();
    }
  }

  /** Creates the table unless it is there. */
  static void create(Connection connection, JdbcUrl url, Dialect dialect) throws SQLException {
    String script = files(url, dialect, Duration.ZERO).script("schema");
    try (Statement statement = connection.createStatement()) {
      statement.execute(script.replaceAll("--[^\n]*", "").strip().replaceFirst(";$", ""));
    }
  }

  private static long micros(Duration span) {
    return span.toNanos() / 1_000;
  }
}
