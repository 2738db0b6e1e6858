package io.holdfast.cmdb.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import io.holdfast.cmdb.merge.Rules;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/**
 * A PostgreSQL database (15 or newer) that holds machines, and a few connections to it.
 * Thread-safe.
 */
public final class Database implements AutoCloseable {

  private static final int CONNECT_MILLIS = 30_000;

  /**
   * A writer that stands still in the middle of a transaction holds rows up no longer than this.
   * Given at the start of the session: what a transaction SETs goes with its rollback.
   */
  private static final String PATIENCE =
      "-c lock_timeout=20s -c idle_in_transaction_session_timeout=30s";

  /**
   * What merges asks the same few questions by key for ever: they are planned once. So the plan
   * must not follow from how small the tables are at that moment, when a scan looks cheap; nor may
   * the price that it is then given have PostgreSQL compile the plan, which it would each time.
   */
  private static final String PLANS =
      " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off";

  /** The advisory lock of who makes the schema; those of weak keys begin after it. */
  private static final long SCHEMA = Keys.FIRST_LOCK - 1;

  private final HikariDataSource pool;

  private Database(HikariDataSource pool) {
    this.pool = pool;
  }

  /**
   * Connects, and brings the schema up to date.
   *
   * @param url {@code jdbc:postgresql://HOST/DATABASE?user=NAME&password=...}
   * @param connections the most at a time; two at least
   * @throws SQLException if there is no such database or it refuses; the message may name the host
   *     but no password
   */
  public static Database open(String url, int connections) throws SQLException {
    return open(url, connections, PATIENCE);
  }

  /** The same for those who merge; they read a few machines by key and never all. */
  public static Database openToMerge(String url, int connections) throws SQLException {
    return open(url, connections, PATIENCE + PLANS);
  }

  private static Database open(String url, int connections, String options) throws SQLException {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(url);
    config.setMaximumPoolSize(Math.max(2, connections)); // to bring the schema up to date takes two
    config.setMinimumIdle(1);
    config.setAutoCommit(false);
    config.setIsolateInternalQueries(true); // else a fresh connection idles in a transaction
    // What is read after waiting for a lock has to be what is committed by then.
    config.setTransactionIsolation("TRANSACTION_READ_COMMITTED");
    config.setConnectionTimeout(CONNECT_MILLIS);
    config.setInitializationFailTimeout(1);
    config.setPoolName("cmdb");
    Properties driver = new Properties();
    // An answer that does not come is no answer: the ledger tells afterwards what was done.
    driver.setProperty("socketTimeout", "60");
    driver.setProperty("connectTimeout", "30");
    driver.setProperty("tcpKeepAlive", "true");
    driver.setProperty("ApplicationName", "holdfast-cmdb");
    driver.setProperty("options", options);
    config.setDataSourceProperties(driver);
    HikariDataSource pool;
    try {
      pool = new HikariDataSource(config);
    } catch (HikariPool.PoolInitializationException e) {
      throw new SQLException(reason(e), "08001", e);
    }
    Database database = new Database(pool);
    try {
      database.prepare(url, driver);
      return database;
    } catch (SQLException | RuntimeException e) {
      pool.close();
      throw e;
    }
  }

  private static String reason(Throwable failure) {
    Throwable first = failure;
    while (first.getCause() != null && first.getCause() != first) {
      first = first.getCause();
    }
    Throwable cause = failure.getCause();
    return cause == null ? String.valueOf(first.getMessage()) : String.valueOf(cause.getMessage());
  }

  private void prepare(String url, Properties driver) throws SQLException {
    Flyway flyway =
        Flyway.configure()
            .dataSource(pool)
            .locations("classpath:io/holdfast/cmdb/store/schema")
            .table("cmdb_schema")
            .baselineOnMigrate(true)
            .baselineVersion("0")
            .load();
    try {
      if (flyway.info().current() == null || flyway.info().pending().length > 0) {
        migrateAlone(flyway, url, driver);
      }
    } catch (FlywayException e) {
      throw new SQLException("the schema cannot be brought up to date: " + e.getMessage(), e);
    }
    try (Connection connection = connection()) {
      Rules defaults = Rules.defaults();
      RuleBook.add(connection, defaults);
      RuleBook.putInForce(connection, defaults.id(), true);
      connection.commit();
    }
  }

  /**
   * Flyway's own lock is taken too late: two that find no schema history both make one. This one
   * ends with its transaction, so neither a pooling proxy nor a process that stands still keeps it.
   */
  private static void migrateAlone(Flyway flyway, String url, Properties driver)
      throws SQLException {
    try (Connection alone = DriverManager.getConnection(url, driver);
        Statement statement = alone.createStatement()) {
      alone.setAutoCommit(false);
      statement.execute("SET LOCAL lock_timeout = '50s'");
      statement.execute("SELECT pg_advisory_xact_lock(" + SCHEMA + ")");
      flyway.migrate();
      alone.commit();
    }
  }

  /** A connection whose transactions are committed by hand; close it to give it back. */
  Connection connection() throws SQLException {
    return pool.getConnection();
  }

  /**
   * Settings of the server that let it lose what it has acknowledged when the power fails; empty if
   * it keeps its word.
   */
  public List<String> notDurable() throws SQLException {
    List<String> off = new ArrayList<>();
    try (Connection connection = connection();
        PreparedStatement query = connection.prepareStatement(Sql.of("durability"));
        ResultSet row = query.executeQuery()) {
      row.next();
      String[] names = {"fsync", "synchronous_commit", "full_page_writes"};
      for (int i = 0; i < names.length; i++) {
        if (row.getString(i + 1).equals("off")) {
          off.add(names[i]);
        }
      }
    }
    return off;
  }

  @Override
  public void close() {
    pool.close();
  }
}
