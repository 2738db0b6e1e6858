package io.holdfast.cmdb.cli;

import io.holdfast.cmdb.cli.Place.Servers;
import io.holdfast.cmdb.store.Database;
import java.sql.SQLException;

/** What a command asks that only reads: of the database of a {@link Place}, without locks. */
@FunctionalInterface
interface Reading<T> {

  T from(Database database) throws SQLException;

  /** Opens the place, asks, and leaves it. */
  static <T> T at(Place place, Reading<T> reading) {
    try (Servers servers = place.open();
        Database database = servers.database(2)) {
      try {
        return reading.from(database);
      } catch (SQLException e) {
        throw Place.unavailable(servers.databaseUrl(), e);
      }
    }
  }
}
