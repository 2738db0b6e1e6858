package io.holdfast.benchmarks;

import io.holdfast.Locks;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.embedded.EmbeddedRedis;
import io.holdfast.embedded.EmbeddedServerException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A PostgreSQL and a Redis for the benchmark alone, durable as for users. */
final class Servers implements AutoCloseable {

  private final EmbeddedPostgreSql postgres;
  private final EmbeddedRedis redis;
  private final Locks locks;
  private int databases;

  private Servers(EmbeddedPostgreSql postgres, EmbeddedRedis redis, Locks locks) {
    this.postgres = postgres;
    this.redis = redis;
    this.locks = locks;
  }

  static Servers start() {
    try {
      EmbeddedPostgreSql postgres =
          EmbeddedPostgreSql.builder()
              .setting("shared_buffers", "512MB")
              .setting("max_wal_size", "4GB")
              .start();
      EmbeddedRedis redis = EmbeddedRedis.start();
      return new Servers(postgres, redis, Locks.connect(redis.url()));
    } catch (EmbeddedServerException e) {
      throw new BenchException(BenchException.UNAVAILABLE, String.valueOf(e.getMessage()), e);
    }
  }

  Locks locks() {
    return locks;
  }

  /** The URL of a new database. */
  String newDatabase() throws SQLException {
    String name = "bench" + ++databases;
    try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl());
        Statement create = connection.createStatement()) {
      create.executeUpdate("CREATE DATABASE " + name);
    }
    return postgres.jdbcUrl().replaceFirst("/postgres\\?", "/" + name + "?");
  }

  /** What the server says of the settings that decide what a commit costs. */
  List<String> settings() throws SQLException {
    List<String> settings = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl());
        Statement query = connection.createStatement();
        ResultSet rows =
            query.executeQuery(
                "SELECT name || ' ' || current_setting(name) FROM pg_settings WHERE name IN"
                    + " ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers',"
                    + " 'max_wal_size', 'server_version') ORDER BY name")) {
      while (rows.next()) {
        settings.add(rows.getString(1));
      }
    }
    return settings;
  }

  /** Processor time of this JVM and both servers up to now, as far as their processes live. */
  Duration processorTime() {
    return ProcessorTime.withServers(List.of(postgres.pid(), redis.pid()));
  }

  String redisUrl() {
    return redis.url();
  }

  long redisPid() {
    return redis.pid();
  }

  long postgresPid() {
    return postgres.pid();
  }

  @Override
  public void close() {
    locks.close();
    redis.close();
    postgres.close();
  }
}
