package io.holdfast.benchmarks;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * PostgreSQL's advisory lock and a row's token in one bare statement, over a connection for each
 * thread, in which the server lets them wait. The token's commit is not waited for, as ours.
 */
final class AdvisoryStatement implements Locker {

  private static final String CREATE =
      "CREATE TABLE bare (key bigint PRIMARY KEY, token bigint NOT NULL) WITH (fillfactor = 50)";

  private static final String ACQUIRE =
      """
      WITH locked AS MATERIALIZED (SELECT pg_advisory_lock(?)::text AS done)
      INSERT INTO bare AS held (key, token)
      SELECT ?, 1 FROM locked WHERE done IS NOT NULL
      ON CONFLICT (key) DO UPDATE SET token = held.token + 1
      RETURNING token
      """;

  private static final String RELEASE = "SELECT pg_advisory_unlock(?)";

  private final String url;

  AdvisoryStatement(String url) throws SQLException {
    this.url = url;
    try (Connection connection = DriverManager.getConnection(url);
        Statement create = connection.createStatement()) {
      create.executeUpdate(CREATE);
    }
  }

  @Override
  public Caller caller() throws SQLException {
    return new OfConnection(DriverManager.getConnection(url));
  }

  private static final class OfConnection implements Caller {

    private final Connection connection;
    private final PreparedStatement acquire;
    private final PreparedStatement release;

    private OfConnection(Connection connection) throws SQLException {
      this.connection = connection;
      try (Statement settings = connection.createStatement()) {
        settings.execute("SET synchronous_commit = off");
        settings.execute("SET lock_timeout = '" + LONGEST_WAIT_SECONDS + "s'");
      }
      this.acquire = connection.prepareStatement(ACQUIRE);
      this.release = connection.prepareStatement(RELEASE);
    }

    @Override
    public void acquire(String name) throws SQLException {
      long key = name.hashCode();
      acquire.setLong(1, key);
      acquire.setLong(2, key);
      release.setLong(1, key);
      expectRow(acquire);
    }

    @Override
    public void release() throws SQLException {
      expectRow(release);
    }

    private static void expectRow(PreparedStatement statement) throws SQLException {
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          throw new IllegalStateException("an answer without a row");
        }
      }
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }
}
