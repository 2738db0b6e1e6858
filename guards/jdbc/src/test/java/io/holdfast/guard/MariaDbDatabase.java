package io.holdfast.guard;

import io.holdfast.embedded.EmbeddedMariaDb;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import javax.sql.DataSource;
import org.mariadb.jdbc.MariaDbDataSource;

/** A database of the one MariaDB of all tests here. */
final class MariaDbDatabase extends Database {

  private static final EmbeddedMariaDb SERVER = EmbeddedMariaDb.start();

  /** As the driver counts by default: rows that were found. */
  static final MariaDbDatabase COUNTS_FOUND_ROWS = new MariaDbDatabase("found", false);

  /** Only rows that became different. */
  static final MariaDbDatabase COUNTS_CHANGED_ROWS = new MariaDbDatabase("changed", true);

  private static final Duration UNASKED = Duration.ofMillis(110);

  private long askedAt = System.nanoTime();

  private MariaDbDatabase(String name, boolean useAffectedRows) {
    super(source(name, useAffectedRows));
  }

  private static DataSource source(String name, boolean useAffectedRows) {
    try (Connection connection = new MariaDbDataSource(SERVER.jdbcUrl()).getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name);
      return new MariaDbDataSource(
          SERVER.jdbcUrl().replace("/holdfast?", "/" + name + "?")
              + "&useAffectedRows="
              + useAffectedRows);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * InnoDB answers from a copy that it makes anew only if nobody has asked for a tenth of a second:
   * asked all the time it would never say anything new.
   */
  @Override
  boolean isBlockedNow(String session) throws SQLException {
    long now = System.nanoTime();
    if (now - askedAt < UNASKED.toNanos()) {
      return false;
    }
    boolean isBlocked = super.isBlockedNow(session);
    askedAt = System.nanoTime();
    return isBlocked;
  }

  @Override
  String numberOfSession() {
    return "SELECT connection_id()";
  }

  @Override
  String isBlocked(String session) {
    return "SELECT count(*) FROM information_schema.innodb_trx"
        + " WHERE trx_state = 'LOCK WAIT' AND trx_mysql_thread_id = "
        + session;
  }
}
