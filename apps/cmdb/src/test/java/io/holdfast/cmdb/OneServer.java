package io.holdfast.cmdb;

import io.holdfast.embedded.EmbeddedPostgreSql;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A PostgreSQL that all tests of this JVM share, because to make one takes a second. It ends with
 * the JVM, so each test class has a database of its own in it. Who stops a server starts another.
 */
public final class OneServer {

  private static final AtomicInteger DATABASES = new AtomicInteger();

  private OneServer() {}

  /** The JDBC URL of a database with nothing in it. */
  public static String newDatabase() throws SQLException {
    String name = "test_" + DATABASES.incrementAndGet();
    try (Connection connection = DriverManager.getConnection(Started.SERVER.jdbcUrl());
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name);
    }
    return Started.SERVER.jdbcUrl().replace("/postgres?", "/" + name + "?");
  }

  private static final class Started {
    static final EmbeddedPostgreSql SERVER = EmbeddedPostgreSql.start();
  }
}
