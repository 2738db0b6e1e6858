package io.holdfast.cmdb.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.holdfast.Locks;
import io.holdfast.cmdb.OneServer;
import io.holdfast.cmdb.ingest.Gate;
import io.holdfast.cmdb.ingest.Ingest;
import io.holdfast.cmdb.ingest.Settings;
import io.holdfast.cmdb.ingest.Tally;
import io.holdfast.cmdb.report.Input;
import io.holdfast.cmdb.report.Origin;
import io.holdfast.cmdb.report.Payloads;
import io.holdfast.cmdb.store.Ack;
import io.holdfast.cmdb.store.Database;
import io.holdfast.cmdb.store.MachineStore;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A database with machines, for the tests of the commands that read it. */
final class Machines implements AutoCloseable {

  private final String url;
  private final Connection connection;

  private Machines(String url, Connection connection) {
    this.url = url;
    this.connection = connection;
  }

  static Machines start() throws SQLException {
    String url = OneServer.newDatabase();
    return new Machines(url, DriverManager.getConnection(url));
  }

  String url() {
    return url;
  }

  /** One report after the other, each given as JSON; what became of each. */
  List<Ack> ingest(String... reports) throws Exception {
    Map<Long, Ack> acks = new ConcurrentHashMap<>();
    try (Database database = Database.open(url, 6);
        Locks locks = Locks.connect("memory:")) {
      Ingest ingest =
          new Ingest(
              locks,
              MachineStore.of(database),
              Settings.DEFAULTS.workers(1),
              new Tally(),
              acknowledged -> acknowledged.forEach(each -> acks.put(each.tag(), each.ack())),
              Gate.OPEN);
      for (int i = 0; i < reports.length; i++) {
        Input input =
            Payloads.line(reports[i].getBytes(UTF_8), new Origin("-", i + 1), Instant.EPOCH).get(0);
        if (!(input instanceof Input.Reported reported)) {
          throw new AssertionError(input);
        }
        ingest.submit(reported.report(), i);
        ingest.awaitAll();
      }
      ingest.close();
    }
    List<Ack> inOrder = new ArrayList<>();
    for (long i = 0; i < reports.length; i++) {
      Ack ack = acks.get(i);
      if (ack == null) {
        throw new AssertionError("report " + i + " was not acknowledged");
      }
      inOrder.add(ack);
    }
    return inOrder;
  }

  static String report(String source, String day, String keys, String attributes) {
    return "{\"source\":\"%s\",\"observedAt\":\"2026-11-%sT08:00:00Z\",\"keys\":{%s},\"attributes\":{%s}}"
        .formatted(source, day, keys, attributes)
        .replace('\'', '"');
  }

  int sql(String statement) throws SQLException {
    try (Statement executed = connection.createStatement()) {
      return executed.executeUpdate(statement);
    }
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
