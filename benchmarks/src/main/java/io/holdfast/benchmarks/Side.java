package io.holdfast.benchmarks;

import io.holdfast.Locks;
import io.holdfast.cmdb.ingest.Settings;
import io.holdfast.cmdb.store.Database;
import io.holdfast.cmdb.store.MachineStore;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicLong;

/** A method with a database of its own. */
final class Side implements AutoCloseable {

  /**
   * Writes that no later write has seen and that are not in the record either. Each report sets its
   * source's sequence to a value of its own, so each write says what it saw and what it left there.
   */
  private static final String LOST =
      """
      WITH step AS MATERIALIZED (
        SELECT h.machine_id, d.key, d.value -> 0 AS before, d.value -> 1 AS after
          FROM history h, jsonb_each(h.diff::jsonb) AS d
         WHERE d.key LIKE ? || '%'
      ), lost AS (
        SELECT machine_id, key, after AS left_there FROM step
        EXCEPT
        SELECT machine_id, key, before FROM step
      )
      SELECT count(*) FROM lost l JOIN machine m ON m.id = l.machine_id
       WHERE m.record -> l.key IS DISTINCT FROM l.left_there
      """;

  private final Method method;
  private final String url;
  private final Database database;
  private final MachineStore machines;
  private final Locks locks;
  private long lost;
  private final AtomicLong sequence = new AtomicLong();

  private Side(Method method, String url, Database database, Locks locks) {
    this.method = method;
    this.url = url;
    this.database = database;
    this.locks = locks;
    this.machines =
        switch (method) {
          case NO_LOCK -> MachineStore.withoutGuard(database);
          case FOR_UPDATE -> MachineStore.withRowLocks(database);
          case OPTIMISTIC, OURS -> MachineStore.of(database);
        };
  }

  static Side open(Method method, Servers servers, int connections) throws SQLException {
    String url = servers.newDatabase();
    return new Side(method, url, Database.openToMerge(url, connections), servers.locks());
  }

  Method method() {
    return method;
  }

  /** A number that is greater than all before. */
  long next() {
    return sequence.incrementAndGet();
  }

  /**
   * Begins to work.
   *
   * @param workers transactions at a time
   * @param batch the most reports of one transaction
   */
  Pipeline start(int workers, int batch) {
    return method == Method.OURS
        ? new Holdfast(locks, machines, Settings.DEFAULTS.workers(workers).batch(batch))
        : new Direct(machines, workers, batch);
  }

  /** How many acknowledged writes were lost since this was last asked. One thread asks. */
  long newlyLost() throws SQLException {
    long before = lost;
    lost = lost();
    return lost - before;
  }

  private long lost() throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        PreparedStatement query = connection.prepareStatement(LOST)) {
      query.setString(1, Fleet.SEQUENCE);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  /** What autovacuum does sooner or later, at one moment for all. */
  void tidy() throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        PreparedStatement vacuum = connection.prepareStatement("VACUUM ANALYZE")) {
      vacuum.executeUpdate();
    }
  }

  @Override
  public void close() {
    database.close();
  }
}
