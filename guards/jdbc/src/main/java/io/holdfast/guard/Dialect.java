package io.holdfast.guard;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Locale;

/** The databases whose SQL differs: each has a folder beside the statements that serve all. */
enum Dialect {
  POSTGRESQL,
  /** MySQL and MariaDB, told apart by nothing here. */
  MYSQL,
  SQLSERVER,
  H2;

  final String folder = name().toLowerCase(Locale.ROOT);

  /** As the driver names its product, which it does without asking the server. */
  static Dialect of(Connection connection) throws SQLException {
    String product = connection.getMetaData().getDatabaseProductName();
    return switch (product) {
      case "PostgreSQL" -> POSTGRESQL;
      case "MySQL", "MariaDB" -> MYSQL;
      case "Microsoft SQL Server" -> SQLSERVER;
      case "H2" -> H2;
      default ->
          throw new SQLFeatureNotSupportedException(
              "There are no guards for this database: " + product);
    };
  }
}
