package io.holdfast.cmdb.store;

import io.holdfast.cmdb.merge.Merge;
import io.holdfast.cmdb.merge.Rules;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The rules that this database has known, by id; they are read once and never change. Thread-safe.
 */
final class RuleBook {

  private final Map<String, Merge> byId = new ConcurrentHashMap<>();

  Merge of(Connection connection, String id) throws SQLException {
    Merge known = byId.get(id);
    if (known != null) {
      return known;
    }
    Merge read = new Merge(read(connection, id));
    byId.put(id, read);
    return read;
  }

  private static Rules read(Connection connection, String id) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement("SELECT body FROM rule_set WHERE id = ?")) {
      query.setString(1, id);
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          throw new IllegalStateException("the database does not know its own rules " + id);
        }
        return Rules.parse(row.getString(1));
      }
    }
  }

  /** The id of the rules in force; the defaults if none were ever put in force. */
  static String inForce(Connection connection) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement("SELECT id FROM rules_in_force");
        ResultSet row = query.executeQuery()) {
      if (!row.next()) {
        throw new IllegalStateException("no rules are in force; Database.open puts them there");
      }
      return row.getString(1);
    }
  }

  /** Makes rules known. */
  static void add(Connection connection, Rules rules) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO rule_set (id, body) VALUES (?, ?) ON CONFLICT DO NOTHING")) {
      insert.setString(1, rules.id());
      insert.setString(2, rules.text());
      insert.executeUpdate();
    }
  }

  /** Puts rules in force that are known; with {@code onlyFirst} only if none are yet. */
  static void putInForce(Connection connection, String id, boolean onlyFirst) throws SQLException {
    String otherwise = onlyFirst ? "NOTHING" : "UPDATE SET id = excluded.id";
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO rules_in_force (id) VALUES (?) ON CONFLICT (one) DO " + otherwise)) {
      insert.setString(1, id);
      insert.executeUpdate();
    }
  }
}
