package io.holdfast.jdbc;

import io.holdfast.Finding;
import io.holdfast.spi.Ask;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Application locks of sessions ({@code sp_getapplock}); SQL Server. It ends no session for being
 * silent: a holder that is killed loses its locks at once, a host that is cut off when TCP's keep-
 * alive finds out, and one that stands stopped keeps them. Here too they are used no longer than a
 * lease without a heartbeat.
 */
final class SessionSqlServer extends SessionSql {

  private static final int AHEAD = -1000; // of ask.sql; the rest is sp_getapplock's
  private static final int TIMEOUT = -1;

  private final SqlFiles.Sql prepare = sql("prepare");
  private final SqlFiles.Sql ask = sql("ask");
  private final SqlFiles.Sql intact = sql("intact");

  SessionSqlServer(JdbcUrl url) {
    super(Dialect.SQLSERVER, url);
  }

  /** Keep-alive on the server's side: it begins after 30 s of silence, ten tries of 1 s. */
  @Override
  Duration granularity() {
    return Duration.ofMinutes(1);
  }

  @Override
  void prepare(Connection connection, Duration livesFor) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(prepare.text());
    }
  }

  @Override
  List<Finding> examine(Connection connection, Duration livesFor) {
    return List.of(
        Finding.warning(
            "silent sessions",
            "are not ended: what a stopped process has stays taken until it goes on or ends",
            "use holdfast=table where that matters"));
  }

  @Override
  Answer ask(Connection connection, SessionKey key, Ask wish) throws SQLException {
    return row(connection, ask, values(key, wish), SessionSqlServer::answer)
        .orElseThrow(() -> new SQLException("no row"));
  }

  private static Answer answer(ResultSet row) throws SQLException {
    int code = row.getInt(1);
    if (code >= 0) {
      return new Answer(Word.GRANTED, row.getLong(2));
    }
    return switch (code) {
      case TIMEOUT -> new Answer(Word.TAKEN, 0);
      case AHEAD -> new Answer(Word.AHEAD, 0);
      default -> throw new SQLException("sp_getapplock answered " + code);
    };
  }

  @Override
  boolean isIntact(Connection connection, Collection<SessionKey> locks) throws SQLException {
    Optional<SessionKey> any = locks.stream().findAny();
    return any.isEmpty()
        || row(connection, intact, Map.of("key", parameter(any.get())), row -> row.getBoolean(1))
            .orElse(false);
  }

  @Override
  Object parameter(SessionKey key) {
    return key.digits();
  }
}
