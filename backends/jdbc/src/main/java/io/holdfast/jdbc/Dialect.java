package io.holdfast.jdbc;

import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A database whose SQL we know. Its statements are in files of its name. */
enum Dialect {
  POSTGRESQL("PostgreSQL", "org.postgresql:postgresql", 12, 0),
  MYSQL("MySQL", "com.mysql:mysql-connector-j", 8, 0),
  MARIADB("MariaDB", "org.mariadb.jdbc:mariadb-java-client", 10, 5),
  SQLSERVER("Microsoft SQL Server", "com.microsoft.sqlserver:mssql-jdbc", 13, 0),
  H2("H2", "com.h2database:h2", 2, 0);

  private static final Pattern VERSION_OF_MARIADB =
      Pattern.compile("(\\d+)\\.(\\d+)\\.[\\d.]+-MariaDB", Pattern.CASE_INSENSITIVE);

  private static final Pattern H2_OVER_A_NETWORK = Pattern.compile("(?i)^jdbc:h2:(tcp|ssl):");

  private final String product;
  private final String driver;
  private final int oldestMajor;
  private final int oldestMinor;

  Dialect(String product, String driver, int oldestMajor, int oldestMinor) {
    this.product = product;
    this.driver = driver;
    this.oldestMajor = oldestMajor;
    this.oldestMinor = oldestMinor;
  }

  /** By the word of a JDBC URL. */
  static Optional<Dialect> ofUrl(String word) {
    return Arrays.stream(values())
        .filter(dialect -> dialect.file().equals(word.toLowerCase(Locale.ROOT)))
        .findFirst();
  }

  /** By what the server says it is; MariaDB answers as MySQL, too, and says so in its version. */
  static Optional<Dialect> of(DatabaseMetaData server) throws SQLException {
    if (mariaDb(server).find()) {
      return Optional.of(MARIADB);
    }
    String product = server.getDatabaseProductName();
    return Arrays.stream(values()).filter(dialect -> dialect.product.equals(product)).findFirst();
  }

  private static Matcher mariaDb(DatabaseMetaData server) throws SQLException {
    return VERSION_OF_MARIADB.matcher(String.valueOf(server.getDatabaseProductVersion()));
  }

  /** Whether the server is as new as our statements need it. */
  boolean isNewEnough(DatabaseMetaData server) throws SQLException {
    Matcher version = mariaDb(server);
    boolean isMariaDb = version.find();
    int major = isMariaDb ? Integer.parseInt(version.group(1)) : server.getDatabaseMajorVersion();
    int minor = isMariaDb ? Integer.parseInt(version.group(2)) : server.getDatabaseMinorVersion();
    return major > oldestMajor || (major == oldestMajor && minor >= oldestMinor);
  }

  /** The oldest version that does. */
  String oldest() {
    return product + " " + oldestMajor + (oldestMinor == 0 ? "" : "." + oldestMinor);
  }

  String product() {
    return product;
  }

  /** The word that stands in JDBC URLs and in our files' names. */
  String file() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The Maven artifact of its driver. */
  String driver() {
    return driver;
  }

  /** What keeps a driver from waiting for ever while it connects. Parameters in the URL win. */
  Properties waitingAtMost(Duration limit, String url) {
    long millis = limit.toMillis();
    long seconds = Math.max(1, (millis + 999) / 1000);
    Properties properties = new Properties();
    switch (this) {
      case POSTGRESQL -> {
        properties.setProperty("connectTimeout", Long.toString(seconds));
        properties.setProperty("socketTimeout", Long.toString(seconds));
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("ApplicationName", "Holdfast");
      }
      case MYSQL, MARIADB -> {
        properties.setProperty("connectTimeout", Long.toString(millis));
        properties.setProperty("socketTimeout", Long.toString(millis));
      }
      case SQLSERVER -> {
        properties.setProperty("loginTimeout", Long.toString(seconds));
        properties.setProperty("socketTimeout", Long.toString(millis));
        properties.setProperty("applicationName", "Holdfast");
      }
      case H2 -> {
        if (H2_OVER_A_NETWORK.matcher(url).find()) { // the only limit that its driver knows
          properties.setProperty("NETWORK_TIMEOUT", Long.toString(millis + millis / 4));
        }
      }
    }
    properties
        .stringPropertyNames()
        .forEach(
            name -> {
              if (url.toLowerCase(Locale.ROOT).contains(name.toLowerCase(Locale.ROOT) + "=")) {
                properties.remove(name);
              }
            });
    return properties;
  }
}
