package io.holdfast.examples;

import io.holdfast.Lease;
import io.holdfast.Locks;
import io.holdfast.guard.FencedTable;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import javax.sql.DataSource;

/** One record per machine, merged from many sources by many processes. Thread-safe. */
public final class Machines {

  private record Machine(String packages, long version) {}

  private final FencedTable machines = FencedTable.of("machine"); // columns id, fence, version
  private final Locks locks;
  private final DataSource database;

  /** Machines in a database, locked in a store. */
  public Machines(Locks locks, DataSource database) {
    this.locks = locks;
    this.database = database;
  }

  /**
   * Adds a package to a machine's record. No process that does the same at the same time loses it.
   */
  public void install(String id, String name) throws SQLException, InterruptedException {
    try (Lease lease = locks.acquire("machine:" + id); // the lock before the connection
        Connection connection = database.getConnection()) {
      Machine read = find(connection, id);
      String merged = read.packages() + name + " ";
      machines.update(connection, id, lease.token(), read.version(), Map.of("packages", merged));
    }
  }

  private static Machine find(Connection connection, String id) throws SQLException {
    try (PreparedStatement query =
        connection.prepareStatement("SELECT packages, version FROM machine WHERE id = ?")) {
      query.setString(1, id);
      try (ResultSet row = query.executeQuery()) {
        if (!row.next()) {
          throw new SQLException("No such machine: " + id);
        }
        return new Machine(row.getString(1), row.getLong(2));
      }
    }
  }
}
