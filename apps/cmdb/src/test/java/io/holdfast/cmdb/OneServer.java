package io.holdfast.cmdb;

import io.holdfast.embedded.EmbeddedPostgreSql;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A PostgreSQL for those tests of this JVM that leave it running, because to make one takes a
 * second. Each test class has a database of its own in it. It ends with the JVM, and its password
 * is hashed once, because a test logs in often.
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
    String url = Started.SERVER.jdbcUrl();
    int from = url.lastIndexOf("/postgres?");
    if (from < 0) {
      throw new IllegalStateException("not a URL whose database can be exchanged: " + url);
    }
    return url.substring(0, from) + "/" + name + url.substring(url.indexOf('?', from));
  }

  private static final class Started {
    static final EmbeddedPostgreSql SERVER =
        EmbeddedPostgreSql.builder().setting("scram_iterations", "1").start();
  }
}
