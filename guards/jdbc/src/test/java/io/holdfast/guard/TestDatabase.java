package io.holdfast.guard;

import io.holdfast.embedded.EmbeddedPostgreSql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.postgresql.ds.PGSimpleDataSource;

/** The PostgreSQL of all tests here: started by the first, ended with the JVM. */
final class TestDatabase {

  private static final EmbeddedPostgreSql SERVER = EmbeddedPostgreSql.start();
  private static final AtomicInteger NAMES = new AtomicInteger();

  /** For questions between the steps of a test: a connection costs more than most tests. */
  private static final Connection OBSERVER;

  static {
    try {
      OBSERVER = connect();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    try (Statement statement = OBSERVER.createStatement()) {
      statement.execute(
          "CREATE TABLE record (id text PRIMARY KEY, content text, fence bigint NOT NULL,"
              + " version bigint NOT NULL)");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private TestDatabase() {}

  /** With autocommit. */
  static Connection connect() throws SQLException {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(SERVER.jdbcUrl());
    return source.getConnection();
  }

  /** Never used before. */
  static String newName() {
    return "name-" + NAMES.incrementAndGet();
  }

  /** A record at fence 0 and version 0 with this content; its id. */
  static String newRecord(String content) throws SQLException {
    String id = newName();
    try (PreparedStatement insert =
        OBSERVER.prepareStatement("INSERT INTO record VALUES (?, ?, 0, 0)")) {
      insert.setString(1, id);
      insert.setString(2, content);
      insert.executeUpdate();
    }
    return id;
  }

  static void execute(String sql) throws SQLException {
    try (Statement statement = OBSERVER.createStatement()) {
      statement.execute(sql);
    }
  }

  static String content(String id) throws SQLException {
    return ask("SELECT content FROM record WHERE id = '" + id + "'");
  }

  static String ask(String query) throws SQLException {
    return ask(OBSERVER, query);
  }

  /** The first column of the first row. */
  static String ask(Connection connection, String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return String.valueOf(row.getString(1));
    }
  }
}
