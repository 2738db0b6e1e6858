package io.holdfast.jdbc;

import io.holdfast.Finding;
import io.holdfast.spi.Ask;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code GET_LOCK} of sessions that {@code wait_timeout} ends; MySQL and MariaDB. Lock and token
 * are two statements: in one, {@code GET_LOCK} would decide what an {@code INSERT} writes, which is
 * unsafe where statements are replicated.
 */
final class SessionMySql extends SessionSql {

  private final SqlFiles.Sql prepare = sql("prepare");
  private final SqlFiles.Sql lock = sql("lock");
  private final SqlFiles.Sql mint = sql("mint");
  private final SqlFiles.Sql intact = sql("intact");
  private final SqlFiles.Sql silence = sql("silence");
  private final SqlFiles.Sql cluster = sql("cluster");

  SessionMySql(JdbcUrl url) {
    super(Dialect.MYSQL, url);
  }

  @Override
  Duration granularity() {
    return Duration.ofSeconds(1);
  }

  @Override
  void prepare(Connection connection, Duration livesFor) throws SQLException {
    long seconds = livesFor.plusNanos(999_999_999).toSeconds();
    try (PreparedStatement statement = prepare.on(connection, Map.of("livesFor", seconds))) {
      statement.execute();
    }
  }

  @Override
  List<Finding> examine(Connection connection, Duration livesFor) throws SQLException {
    prepare(connection, livesFor);
    return List.of(
        silence("wait_timeout", number(connection, silence), livesFor),
        row(connection, cluster, Map.of(), row -> row.getString(1))
            .map(SessionMySql::refused)
            .orElse(Finding.ok("one server", "no Galera, no group replication")));
  }

  private static Finding refused(String variable) {
    return Finding.refused(
        variable, "is set: each server of the cluster has locks of its own", "use holdfast=table");
  }

  @Override
  Answer ask(Connection connection, SessionKey key, Ask wish) throws SQLException {
    Map<String, Object> values = values(key, wish);
    Integer answer =
        row(connection, lock, values, SessionMySql::nullable)
            .flatMap(known -> known)
            .orElseThrow(
                () -> new SQLException("GET_LOCK answered null: the server has a problem"));
    return switch (answer) {
      case 1 -> new Answer(Word.GRANTED, mint(connection, values));
      case 0 -> new Answer(Word.TAKEN, 0);
      case -2 -> throw new Session.Doubtful("the driver has changed the connection", null);
      default -> new Answer(Word.AHEAD, 0);
    };
  }

  private static Optional<Integer> nullable(ResultSet row) throws SQLException {
    int answer = row.getInt(1);
    return row.wasNull() ? Optional.empty() : Optional.of(answer);
  }

  /** The first of the tokens. */
  private long mint(Connection connection, Map<String, Object> values) throws SQLException {
    try (PreparedStatement statement = mint.returningKeyOn(connection, values)) {
      statement.executeUpdate();
      try (ResultSet keys = statement.getGeneratedKeys()) {
        if (!keys.next()) {
          throw new SQLException("the driver returns no generated key");
        }
        return keys.getLong(1);
      }
    }
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
