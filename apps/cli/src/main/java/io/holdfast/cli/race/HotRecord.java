package io.holdfast.cli.race;

import io.holdfast.guard.FencedTable;
import io.holdfast.guard.StaleTokenException;
import io.holdfast.guard.VersionConflictException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The record that everybody wants to write: a list of the reports that were merged into it. As a
 * merge replaces the whole list, a report is lost when the list is written by someone who read it
 * earlier.
 *
 * <p>For one thread, on a connection of its own in autocommit mode: when a method has returned, its
 * statement is committed.
 *
 * @param id one record for each method
 */
record HotRecord(Connection connection, String id) {

  private static final FencedTable GUARDED = FencedTable.of("hot_record");

  /** What was read, and of which version it is. */
  record Content(List<String> reports, long version) {
    List<String> with(String report) {
      List<String> merged = new ArrayList<>(reports);
      merged.add(report);
      return merged;
    }
  }

  /** How a write ended. */
  enum Written {
    COMMITTED,
    REFUSED_STALE_TOKEN,
    REFUSED_STALE_READ
  }

  static void createTable(Connection connection) throws SQLException {
    try (PreparedStatement create =
        connection.prepareStatement(Resource.text("create-table.sql"))) {
      create.execute();
    }
  }

  void insert() throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(Resource.text("insert-record.sql"))) {
      insert.setString(1, id);
      insert.executeUpdate();
    }
  }

  Content read() throws SQLException {
    try (PreparedStatement select = connection.prepareStatement(Resource.text("read.sql"))) {
      select.setString(1, id);
      try (ResultSet row = select.executeQuery()) {
        if (!row.next()) {
          throw new SQLException("the record of the race is gone: " + id);
        }
        return new Content(List.of((String[]) row.getArray(1).getArray()), row.getLong(2));
      }
    }
  }

  Written write(Method.Writing writing, Content read, List<String> reports, long token)
      throws SQLException {
    return switch (writing) {
      case WHATEVER_COMES -> writeWhateverComes(reports);
      case FENCE -> writeFenced(reports, token);
      case FENCE_AND_VERSION -> writeGuarded(read, reports, token);
    };
  }

  private Written writeWhateverComes(List<String> reports) throws SQLException {
    try (PreparedStatement update = connection.prepareStatement(Resource.text("write.sql"))) {
      update.setArray(1, array(reports));
      update.setString(2, id);
      update.executeUpdate();
      return Written.COMMITTED;
    }
  }

  private Written writeFenced(List<String> reports, long token) throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(Resource.text("write-fenced.sql"))) {
      update.setArray(1, array(reports));
      update.setLong(2, token);
      update.setString(3, id);
      update.setLong(4, token);
      return update.executeUpdate() == 1 ? Written.COMMITTED : Written.REFUSED_STALE_TOKEN;
    }
  }

  private Written writeGuarded(Content read, List<String> reports, long token) throws SQLException {
    try {
      GUARDED.update(connection, id, token, read.version(), Map.of("reports", array(reports)));
      return Written.COMMITTED;
    } catch (StaleTokenException e) {
      return Written.REFUSED_STALE_TOKEN;
    } catch (VersionConflictException e) {
      return Written.REFUSED_STALE_READ;
    }
  }

  private Array array(List<String> reports) throws SQLException {
    return connection.createArrayOf("text", reports.toArray());
  }
}
