package io.holdfast.jdbc;

import io.holdfast.Finding;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a lease table needs of a database, looked for before anybody relies on it. */
final class LeaseTableCheck {

  private static final int NAMES_AND_PREFIX = 300;
  private static final Set<Integer> TEXTS =
      Set.of(Types.VARCHAR, Types.CHAR, Types.NVARCHAR, Types.NCHAR, Types.LONGVARCHAR);
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final JdbcUrl url;
  private final Dialect dialect;
  private final List<Finding> findings = new ArrayList<>();

  private LeaseTableCheck(JdbcUrl url, Dialect dialect) {
    this.url = url;
    this.dialect = dialect;
  }

  /** Looks at everything; creates the table if the URL says so. */
  static LeaseTableCheck of(Connection connection, JdbcUrl url) throws SQLException {
    DatabaseMetaData server = connection.getMetaData();
    Optional<Dialect> known = Dialect.of(server);
    LeaseTableCheck check = new LeaseTableCheck(url, known.orElse(url.product()));
    String version = server.getDatabaseProductName() + " " + server.getDatabaseProductVersion();
    if (known.isEmpty()) {
      check.refused("server", version, "use one of the databases that Holdfast has statements for");
    } else if (!check.dialect.isNewEnough(server)) {
      check.refused("server", version, "upgrade to " + check.dialect.oldest() + " or newer");
    } else {
      check.findings.add(Finding.ok("server", version));
      check.table(connection);
    }
    return check;
  }

  Dialect dialect() {
    return dialect;
  }

  /** What somebody else has looked at. */
  void add(Finding finding) {
    findings.add(finding);
  }

  boolean isRefused() {
    return findings.stream().anyMatch(finding -> finding.level() == Finding.Level.REFUSED);
  }

  List<Finding> findings() {
    return List.copyOf(findings);
  }

  /**
   * Refuses to connect for the first reason that was found.
   *
   * @throws StoreRefusedException if there is one
   */
  void refuse() {
    for (Finding finding : findings) {
      if (finding.level() == Finding.Level.REFUSED) {
        throw new StoreRefusedException(
            url.shown() + ": " + finding.found() + ": " + finding.cure());
      }
    }
  }

  private void refused(String subject, String found, String cure) {
    findings.add(Finding.refused(subject, found, cure));
  }

  private void table(Connection connection) throws SQLException {
    if (url.create()) {
      LeaseTable.create(connection, url, dialect);
    }
    SqlFiles files = LeaseTable.files(url, dialect, LIMIT);
    try (PreparedStatement columns = files.sql("columns").on(connection, Map.of())) {
      columns(columns.executeQuery().getMetaData());
    } catch (SQLException e) {
      failed("table " + url.table(), e);
      return;
    }
    for (String right : List.of("insert", "update", "delete")) {
      try (PreparedStatement statement = files.sql("may-" + right).on(connection, Map.of())) {
        statement.executeUpdate();
        findings.add(Finding.ok("right to " + right, "granted"));
      } catch (SQLException e) {
        failed("right to " + right, e);
      }
    }
  }

  private void failed(String subject, SQLException e) {
    LockException meaning = JdbcFailure.of(e, url.shown());
    if (!(meaning instanceof StoreRefusedException)) {
      throw meaning;
    }
    refused(subject, String.valueOf(meaning.getMessage()), "");
  }

  private void columns(ResultSetMetaData columns) throws SQLException {
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      boolean isText = i <= 3;
      int type = columns.getColumnType(i);
      if (isText ? !TEXTS.contains(type) : type != Types.BIGINT) {
        refused(
            "column " + columns.getColumnName(i),
            "is " + columns.getColumnTypeName(i),
            "make it " + (isText ? "varchar" : "bigint"));
      }
    }
    if (!columns.isCaseSensitive(1)) {
      refused("column name", "takes a and A for one", "give it a binary collation");
    }
    if (columns.getPrecision(1) < NAMES_AND_PREFIX) {
      refused("column name", "has room for " + columns.getPrecision(1), "make it varchar(300)");
    }
  }
}
