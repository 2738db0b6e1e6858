package io.holdfast.cmdb.store;

import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.report.ReportJson;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The reports that were acknowledged: the table report. */
final class Ledger {

  private Ledger() {}

  /** Where a report is that is in the ledger. */
  record Place(String machineId, long version) {}

  /** Places by the report's id, each from a text: id, machine, version. */
  static Map<String, Place> places(String[] texts) {
    Map<String, Place> places = new HashMap<>();
    for (String text : texts) {
      String[] parts = text.split(" ", 3);
      places.put(parts[0], new Place(parts[1], Long.parseLong(parts[2])));
    }
    return places;
  }

  /** An entry: a report, whose it is, and by which version of it. */
  record Entry(Report report, String machineId, long version, boolean outdated) {}

  /** All entries of these machines. */
  static List<Entry> entries(Connection connection, Collection<String> machines)
      throws SQLException {
    List<Entry> entries = new ArrayList<>();
    try (PreparedStatement query = connection.prepareStatement(Sql.of("reports-of"))) {
      query.setArray(1, Sql.texts(connection, machines));
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          entries.add(entry(rows));
        }
      }
    }
    return entries;
  }

  /** The entry in this row: id, source, observed_at, machine_id, version, outdated, body. */
  static Entry entry(ResultSet row) throws SQLException {
    Report report =
        ReportJson.stored(
            row.getString(2), row.getObject(3, OffsetDateTime.class).toInstant(), row.getString(7));
    if (!report.id().equals(row.getString(1))) {
      throw new IllegalStateException("report " + row.getString(1) + " is not what its id says");
    }
    return new Entry(report, row.getString(4), row.getLong(5), row.getBoolean(6));
  }

  /** Gives entries to another machine. */
  static void move(Connection connection, Collection<String> ids, String machine, long version)
      throws SQLException {
    if (ids.isEmpty()) {
      return;
    }
    try (PreparedStatement update = connection.prepareStatement(Sql.of("move-reports"))) {
      update.setString(1, machine);
      update.setLong(2, version);
      update.setArray(3, Sql.texts(connection, ids));
      update.executeUpdate();
    }
  }
}
