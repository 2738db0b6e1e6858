package io.holdfast.benchmarks;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * The bare statement on a row with a lease and a token, over a connection for each thread. Who is
 * refused asks again, after a pause.
 */
final class RowStatement implements Locker {

  private static final String CREATE =
      """
      CREATE TABLE bare (
        name text PRIMARY KEY, claim text, token bigint NOT NULL, expires_at timestamptz NOT NULL
      ) WITH (fillfactor = 50)
      """;

  private static final String ACQUIRE =
      """
      INSERT INTO bare AS held (name, claim, token, expires_at)
      VALUES (?, ?, 1, clock_timestamp() + interval '30 s')
      ON CONFLICT (name) DO UPDATE
      SET claim = excluded.claim, token = held.token + 1, expires_at = excluded.expires_at
      WHERE held.claim IS NULL OR held.expires_at <= clock_timestamp()
      RETURNING token
      """;

  private static final String RELEASE =
      "UPDATE bare SET claim = NULL WHERE name = ? AND claim = ? AND expires_at > clock_timestamp()";

  private static final int LONGEST_PAUSE_MILLIS = 10;

  private final String url;

  RowStatement(String url) throws SQLException {
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
      this.acquire = connection.prepareStatement(ACQUIRE);
      this.release = connection.prepareStatement(RELEASE);
    }

    @Override
    public void acquire(String name) throws SQLException, InterruptedException {
      String claim = UUID.randomUUID().toString();
      acquire.setString(1, name);
      acquire.setString(2, claim);
      release.setString(1, name);
      release.setString(2, claim);
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONGEST_WAIT_SECONDS);
      while (!granted()) {
        if (System.nanoTime() - end >= 0) {
          throw new IllegalStateException("the row was not granted");
        }
        Thread.sleep(ThreadLocalRandom.current().nextInt(1, LONGEST_PAUSE_MILLIS + 1));
      }
    }

    private boolean granted() throws SQLException {
      try (ResultSet row = acquire.executeQuery()) {
        return row.next();
      }
    }

    @Override
    public void release() throws SQLException {
      if (release.executeUpdate() != 1) {
        throw new IllegalStateException("the row was lost");
      }
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }
}
