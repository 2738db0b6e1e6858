package io.holdfast.jdbc;

import io.holdfast.Finding;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a lease table needs of a database, looked for before anybody relies on it. Rights are tried
 * with statements that touch no row. For one thread.
 */
final class LeaseTableCheck {

  private static final int ROOM_FOR_NAMES = 300; // and their prefix
  private static final Set<Integer> TEXTS =
      Set.of(Types.VARCHAR, Types.CHAR, Types.NVARCHAR, Types.NCHAR, Types.LONGVARCHAR);

  private final Connection connection;
  private final JdbcUrl url;
  private final Dialect dialect;
  private final SqlFiles files;
  private final List<Finding> findings = new ArrayList<>();
  private @Nullable StoreRefusedException refusal;

  private LeaseTableCheck(
      Connection connection, JdbcUrl url, Dialect dialect, Duration requestTimeout) {
    this.connection = connection;
    this.url = url;
    this.dialect = dialect;
    this.files = LeaseTable.files(url, dialect, requestTimeout);
  }

  /** Looks at everything; creates the table if it is missing and the URL says so. */
  static LeaseTableCheck of(Connection connection, JdbcUrl url, Duration requestTimeout)
      throws SQLException {
    DatabaseMetaData server = connection.getMetaData();
    Optional<Dialect> known = Dialect.of(server);
    LeaseTableCheck check =
        new LeaseTableCheck(connection, url, known.orElse(url.product()), requestTimeout);
    check.look(known.isPresent(), server);
    return check;
  }

  Dialect dialect() {
    return dialect;
  }

  /** What somebody else has looked at, as if it had been looked at here. */
  void add(Finding finding) {
    if (finding.level() == Finding.Level.REFUSED) {
      refused(finding.subject(), finding.found(), finding.cure());
    } else {
      findings.add(finding);
    }
  }

  boolean isRefused() {
    return refusal != null;
  }

  List<Finding> findings() {
    return List.copyOf(findings);
  }

  /**
   * Says the first reason not to connect.
   *
   * @throws StoreRefusedException if there is one
   */
  void refuse() {
    if (refusal != null) {
      throw refusal;
    }
  }

  private void look(boolean isKnown, DatabaseMetaData server) throws SQLException {
    String version = server.getDatabaseProductName() + " " + server.getDatabaseProductVersion();
    if (!isKnown) {
      refused("server", "is " + version, "Holdfast has no statements for it: use another store");
      return;
    }
    if (!dialect.isNewEnough(server)) {
      refused("server", "is " + version, "upgrade to " + dialect.oldest() + " or newer");
      return;
    }
    findings.add(Finding.ok("server", version));
    isolation();
    if (tableIsThere()) {
      right("insert");
      right("update");
      right("delete");
      durability();
      if (dialect == Dialect.POSTGRESQL) {
        pooler();
      }
    }
  }

  /** Each question is one statement, so another level costs failures and never exclusion. */
  private void isolation() throws SQLException {
    boolean asWished =
        connection.getTransactionIsolation() == Connection.TRANSACTION_READ_COMMITTED;
    findings.add(
        asWished
            ? Finding.ok("isolation", "READ COMMITTED on our connections, whatever the default is")
            : Finding.warning(
                "isolation",
                "is not READ COMMITTED although it was set: a pooler is in between",
                "locks are safe, but a question may fail and be repeated: connect past it"));
  }

  private boolean tableIsThere() throws SQLException {
    Optional<SQLException> missing = columns();
    if (missing.isPresent() && url.create()) {
      try {
        LeaseTable.create(connection, url, dialect);
        missing = columns();
      } catch (SQLException e) {
        // Perhaps only because somebody else created it at the same time.
        missing = columns().map(still -> e);
      }
    }
    missing.ifPresent(e -> failed("table " + url.table(), e));
    return missing.isEmpty();
  }

  private Optional<SQLException> columns() throws SQLException {
    try (PreparedStatement statement = files.sql("columns").on(connection, Map.of());
        ResultSet rows = statement.executeQuery()) {
      columns(rows.getMetaData());
      if (number("case") != 0) {
        wrongColumn(rows.getMetaData(), 1, "takes a and A for one", "of a binary collation");
      }
      return Optional.empty();
    } catch (SQLException e) {
      return Optional.of(e);
    }
  }

  private void columns(ResultSetMetaData columns) throws SQLException {
    for (int i = 1; i <= columns.getColumnCount(); i++) {
      boolean isText = i <= 3;
      int type = columns.getColumnType(i);
      if (isText ? !TEXTS.contains(type) : type != Types.BIGINT) {
        wrongColumn(
            columns, i, "is " + columns.getColumnTypeName(i), isText ? "varchar" : "bigint");
      }
    }
    if (columns.getPrecision(1) < ROOM_FOR_NAMES) {
      wrongColumn(columns, 1, "has room for " + columns.getPrecision(1), "varchar(300)");
    }
  }

  private void wrongColumn(ResultSetMetaData columns, int i, String found, String cure)
      throws SQLException {
    refused("column " + columns.getColumnName(i) + " of " + url.table(), found, "make it " + cure);
  }

  private void right(String right) {
    String subject = "right to " + right;
    try (PreparedStatement statement = files.sql("may-" + right).on(connection, Map.of())) {
      statement.executeUpdate();
      findings.add(Finding.ok(subject, "granted"));
    } catch (SQLException e) {
      failed(subject, e);
    }
  }

  private void durability() throws SQLException {
    try (PreparedStatement statement = files.sql("forgets").on(connection, Map.of());
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        findings.add(
            Finding.warning(
                rows.getString(1),
                "is " + rows.getString(2) + ": a crash of the server may forget who has a lock",
                "switch it on, or rely on the guard alone after a crash"));
      }
    }
  }

  /** Behind a pooler that hands out connections by the transaction no notice arrives. */
  private void pooler() throws SQLException {
    int first = number("session");
    int second = number("session");
    findings.add(
        first == second
            ? Finding.ok("session", "the same from statement to statement")
            : Finding.warning(
                "session",
                "another from statement to statement: a pooler is in between",
                "locks are safe behind it, but waiters only poll: connect past it to be woken"));
  }

  private int number(String question) throws SQLException {
    try (PreparedStatement statement = files.sql(question).on(connection, Map.of());
        ResultSet rows = statement.executeQuery()) {
      rows.next();
      return rows.getInt(1);
    }
  }

  private void refused(String subject, String found, String cure) {
    findings.add(Finding.refused(subject, found, cure));
    refuseBy(
        new StoreRefusedException("%s: %s %s: %s".formatted(url.shown(), subject, found, cure)));
  }

  private void failed(String subject, SQLException e) {
    LockException meaning = JdbcFailure.of(e, url.shown());
    if (!(meaning instanceof StoreRefusedException refused)) {
      throw meaning;
    }
    findings.add(
        Finding.refused(subject, String.valueOf(refused.getMessage()), "change what it names"));
    refuseBy(refused);
  }

  private void refuseBy(StoreRefusedException reason) {
    if (refusal == null) {
      refusal = reason;
    }
  }
}
