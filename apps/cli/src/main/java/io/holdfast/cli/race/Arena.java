package io.holdfast.cli.race;

import java.io.IOException;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;

/**
 * What the race is about, as its parent process sees it: the records in the database, the locks in
 * the store.
 */
final class Arena {

  private static final Duration ANSWERS_WITHIN = Duration.ofSeconds(30);

  private final Servers servers;
  private final String run;
  private final Connection database;
  private final RedisWire redis;

  private Arena(Servers servers, String run, Connection database, RedisWire redis) {
    this.servers = servers;
    this.run = run;
    this.database = database;
    this.redis = redis;
  }

  /** Connects and makes the records; the cleanup takes everything away again. */
  static Arena open(Servers servers, String run, Cleanup cleanup) throws RaceException {
    RedisWire redis = connectRedis(servers);
    cleanup.later(redis::close);
    Connection database = connectDatabase(servers);
    cleanup.later(database::close);
    Arena arena = new Arena(servers, run, database, redis);
    cleanup.later(arena::removeAll);
    try {
      arena.makeRecords();
    } catch (SQLException e) {
      throw servers.databaseFails(e);
    }
    return arena;
  }

  private static RedisWire connectRedis(Servers servers) throws RaceException {
    try {
      return RedisWire.connect(URI.create(servers.redis().url()), ANSWERS_WITHIN);
    } catch (IOException e) {
      throw servers.redisFails(e);
    }
  }

  private static Connection connectDatabase(Servers servers) throws RaceException {
    try {
      return DriverManager.getConnection(servers.database().url());
    } catch (SQLException e) {
      throw servers.databaseFails(e);
    }
  }

  private void makeRecords() throws SQLException {
    execute(database, Resource.text("create-schema.sql").formatted(run));
    database.setSchema(run);
    execute(database, Resource.text("create-table.sql"));
    for (Method method : Method.values()) {
      record(method).insert();
    }
  }

  private HotRecord record(Method method) {
    return new HotRecord(database, method.name());
  }

  /** The reports that a method's record holds. */
  List<String> recorded(Method method) throws RaceException {
    try {
      return record(method).read().reports();
    } catch (SQLException e) {
      throw servers.databaseFails(e);
    }
  }

  /** What an operator does when a lock stands in the way and its holder seems dead. */
  void removeLock(Method method) throws RaceException {
    try {
      redis.ask("DEL", Merger.lockName(run, method));
    } catch (IOException e) {
      throw servers.redisFails(e);
    }
  }

  /**
   * Leaves servers that live on as they were. By connections of its own, because it may come in the
   * middle of anything. Holdfast's own keys end by themselves.
   */
  private void removeAll() throws SQLException, IOException, RaceException {
    if (!servers.database().embedded()) {
      try (Connection own = connectDatabase(servers)) {
        execute(own, Resource.text("drop-schema.sql").formatted(run));
      }
    }
    if (!servers.redis().embedded()) {
      try (RedisWire own = connectRedis(servers)) {
        for (Method method : Method.values()) {
          own.ask("DEL", Merger.lockName(run, method));
        }
      }
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
