package io.holdfast.jdbc;

import io.holdfast.Finding;
import io.holdfast.spi.StoreContext;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/** What locks of a session need of a database, beside the table that their tokens come from. */
final class SessionCheck {

  private SessionCheck() {}

  /** Looks at everything; for a moment with a second connection. */
  static LeaseTableCheck of(Connection connection, Connector connector, StoreContext context)
      throws SQLException {
    LeaseTableCheck check =
        LeaseTableCheck.of(connection, connector.url(), context.requestTimeout());
    Optional<SessionSql> sql = SessionSql.of(check.dialect(), connector.url());
    if (sql.isEmpty()) {
      check.add(
          Finding.refused(
              check.dialect().product(),
              "has no locks that a session holds",
              "use holdfast=table"));
    }
    if (!check.isRefused()) {
      check.add(own(connection, connector, sql.orElseThrow()));
    }
    if (!check.isRefused()) { // else what is set there would be set for somebody else
      sql.orElseThrow().examine(connection, context.leaseFor()).forEach(check::add);
    }
    return check;
  }

  /**
   * A pooler that lends a server's session to whoever has a statement answers two of our
   * connections from one session, or one of them from several, perhaps in turn.
   */
  private static Finding own(Connection first, Connector connector, SessionSql sql)
      throws SQLException {
    long before = sql.self(first);
    boolean isSame = before == sql.self(first);
    long other;
    try (Connection second = connector.open()) {
      other = sql.self(second);
    }
    isSame &= before == sql.self(first);
    return isSame && before != other
        ? Finding.ok("pooler", "none that lends sessions by the statement")
        : Finding.refused(
            "pooler",
            "lends sessions by the statement (PgBouncer in transaction mode, RDS Proxy, ProxySQL):"
                + " a lock would stay with somebody else",
            "connect past it or in session mode, or use holdfast=table");
  }
}
