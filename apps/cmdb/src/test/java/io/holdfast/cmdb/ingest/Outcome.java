package io.holdfast.cmdb.ingest;

import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Value;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** What a database holds, by plain SQL as any user of it would read it. */
final class Outcome {

  private Outcome() {}

  /** Each machine's record, by its strong keys, else by the weak key that its reports live by. */
  static Map<SortedSet<Key>, SortedMap<String, Value>> read(String url) throws Exception {
    Map<String, SortedSet<Key>> keys = new HashMap<>();
    Map<SortedSet<Key>, SortedMap<String, Value>> outcome = new HashMap<>();
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      try (ResultSet rows =
          statement.executeQuery(
              "SELECT machine_id, kind, value FROM identity_key UNION ALL"
                  + " SELECT machine_id, kind, value FROM weak_home h WHERE NOT EXISTS"
                  + " (SELECT FROM identity_key k WHERE k.machine_id = h.machine_id)")) {
        while (rows.next()) {
          keys.computeIfAbsent(rows.getString(1), id -> new TreeSet<>())
              .add(
                  Key.of(Key.Kind.of(rows.getString(2)).orElseThrow(), rows.getString(3))
                      .orElseThrow());
        }
      }
      try (ResultSet rows =
          statement.executeQuery("SELECT id, record FROM machine WHERE merged_into IS NULL")) {
        while (rows.next()) {
          SortedMap<String, Value> record = new TreeMap<>();
          for (var member :
              io.holdfast.cmdb.report.Json.parseTrusted(rows.getString(2)).properties()) {
            record.put(member.getKey(), Value.of(member.getValue()));
          }
          outcome.put(keys.getOrDefault(rows.getString(1), new TreeSet<>()), record);
        }
      }
    }
    return outcome;
  }
}
