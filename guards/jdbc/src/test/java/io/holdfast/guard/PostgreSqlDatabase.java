package io.holdfast.guard;

import io.holdfast.embedded.EmbeddedPostgreSql;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A schema of the one PostgreSQL of all tests here. */
class PostgreSqlDatabase extends Database {

  private static final EmbeddedPostgreSql SERVER =
      EmbeddedPostgreSql.builder().setting("scram_iterations", "1").start();

  static final PostgreSqlDatabase POSTGRESQL = new PostgreSqlDatabase("public");

  PostgreSqlDatabase(String schema) {
    super(source(schema));
  }

  private static DataSource source(String schema) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(SERVER.jdbcUrl());
    source.setCurrentSchema(schema);
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE SCHEMA IF NOT EXISTS " + schema);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return source;
  }

  @Override
  String numberOfSession() {
    return "SELECT pg_backend_pid()";
  }

  @Override
  String isBlocked(String session) {
    return "SELECT cardinality(pg_blocking_pids(" + session + ")) > 0";
  }
}
