package io.holdfast.jdbc;

import io.holdfast.BackendException;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Opens connections of ours, never a caller's: auto-commit, READ COMMITTED, and an end to every
 * wait for the network. Thread-safe.
 */
record Connector(JdbcUrl url, Driver driver, Duration requestTimeout) {

  /**
   * Finds the driver.
   *
   * @throws IllegalArgumentException if there is none; the message names what to add
   */
  static Connector to(JdbcUrl url, Duration requestTimeout) {
    try {
      return new Connector(url, DriverManager.getDriver(url.forDriver()), requestTimeout);
    } catch (SQLException e) {
      // Not as the cause: some drivers repeat the URL.
      throw new IllegalArgumentException(
          "No JDBC driver on the class path takes %s: add %s, or correct the URL"
              .formatted(url.shown(), url.product().driver()));
    }
  }

  Connection open() throws SQLException {
    @Nullable Connection connection =
        driver.connect(
            url.forDriver(), url.product().waitingAtMost(requestTimeout, url.forDriver()));
    if (connection == null) {
      throw new BackendException("The driver cannot read the JDBC URL " + url.shown());
    }
    try {
      // Later than a statement's own timeout, which ends it on the server as well.
      connection.setNetworkTimeout(
          Runnable::run, (int) requestTimeout.plus(requestTimeout.dividedBy(4)).toMillis());
      connection.setAutoCommit(true);
      if (connection.getTransactionIsolation() != Connection.TRANSACTION_READ_COMMITTED) {
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      }
      return connection;
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }
}
