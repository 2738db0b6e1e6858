package io.holdfast.guard;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/**
 * A database that guards are tested on, with a table {@code record}. Started by the first test that
 * asks for it, ended with the JVM.
 */
abstract class Database {

  private static final AtomicInteger NAMES = new AtomicInteger();

  private final DataSource source;

  /** For questions between the steps of a test: a connection costs more than most tests. */
  private final Connection observer;

  Database(DataSource source) {
    this.source = source;
    try {
      observer = connect();
      execute(
          "CREATE TABLE record (id varchar(100) PRIMARY KEY, content varchar(1000),"
              + " fence bigint NOT NULL, version bigint NOT NULL, holder varchar(32))");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** With autocommit. */
  final Connection connect() throws SQLException {
    return source.getConnection();
  }

  /** The question for a connection's own number. */
  abstract String numberOfSession();

  /** The question whether the connection of that number waits for a lock: t, TRUE or 1. */
  abstract String isBlocked(String session);

  boolean isBlockedNow(String session) throws SQLException {
    String answer = ask(isBlocked(session));
    return answer.equals("t") || answer.equals("TRUE") || answer.equals("1");
  }

  /** Never used before. */
  static String newName() {
    return "name-" + NAMES.incrementAndGet();
  }

  /** A record at fence 0 and version 0 with this content; its id. */
  String newRecord(String content) throws SQLException {
    String id = newName();
    try (PreparedStatement insert =
        observer.prepareStatement(
            "INSERT INTO record (id, content, fence, version) VALUES (?, ?, 0, 0)")) {
      insert.setString(1, id);
      insert.setString(2, content);
      insert.executeUpdate();
    }
    return id;
  }

  void execute(String sql) throws SQLException {
    try (Statement statement = observer.createStatement()) {
      statement.execute(sql);
    }
  }

  String content(String id) throws SQLException {
    return ask("SELECT content FROM record WHERE id = '" + id + "'");
  }

  String ask(String query) throws SQLException {
    return ask(observer, query);
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
