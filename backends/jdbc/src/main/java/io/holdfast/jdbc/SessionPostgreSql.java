package io.holdfast.jdbc;

import io.holdfast.Finding;
import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** Advisory locks of sessions that {@code idle_session_timeout} ends (PostgreSQL 14). */
final class SessionPostgreSql extends SessionSql {

  private static final Duration LONGEST_WAIT_FOR_A_ROW = Duration.ofSeconds(1);
  private static final int WAITS_PER_LIFE = 6;
  private static final int FIRST_WITH_IDLE_SESSION_TIMEOUT = 14;

  private final SqlFiles.Sql prepare = sql("prepare");
  private final SqlFiles.Sql ask = sql("ask");
  private final SqlFiles.Sql intact = sql("intact");
  private final SqlFiles.Sql silence = sql("silence");

  SessionPostgreSql(JdbcUrl url) {
    super(Dialect.POSTGRESQL, url);
  }

  @Override
  Duration granularity() {
    return Duration.ofMillis(1);
  }

  @Override
  void prepare(Connection connection, Duration livesFor) throws SQLException {
    long millis = livesFor.plusNanos(999_999).toMillis();
    long rowWait = Math.min(LONGEST_WAIT_FOR_A_ROW.toMillis(), 1 + millis / WAITS_PER_LIFE);
    Map<String, String> values =
        Map.of("livesFor", Long.toString(millis), "rowWait", Long.toString(rowWait));
    row(connection, prepare, values, row -> row.getString(1));
  }

  @Override
  List<Finding> examine(Connection connection, Duration livesFor) throws SQLException {
    int major = connection.getMetaData().getDatabaseMajorVersion();
    if (major < FIRST_WITH_IDLE_SESSION_TIMEOUT) {
      return List.of(
          Finding.refused(
              "server",
              "is PostgreSQL " + major + ", which keeps the locks of a dead host for hours",
              "upgrade to PostgreSQL 14 or newer, or use holdfast=table"));
    }
    prepare(connection, livesFor);
    return List.of(silence("idle_session_timeout", number(connection, silence), livesFor));
  }

  @Override
  Answer ask(Connection connection, SessionKey key, Ask wish) throws SQLException {
    return row(connection, ask, values(key, wish), SessionPostgreSql::answer)
        .orElseThrow(() -> new SQLException("no row"));
  }

  private static Answer answer(ResultSet row) throws SQLException {
    boolean isOurs = row.getBoolean(1);
    if (row.wasNull()) {
      return new Answer(Word.AHEAD, 0);
    }
    return isOurs ? new Answer(Word.GRANTED, row.getLong(2)) : new Answer(Word.TAKEN, 0);
  }

  @Override
  boolean isIntact(Connection connection, Collection<SessionKey> locks) throws SQLException {
    return row(connection, intact, Map.of(), row -> row.getLong(1)).orElse(0L) == locks.size();
  }

  @Override
  SessionKey key(LockName name) {
    return super.key(name).first64Bits();
  }

  @Override
  Object parameter(SessionKey key) {
    return key.number();
  }
}
