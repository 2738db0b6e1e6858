package io.holdfast.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.embedded.EmbeddedPostgreSql;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Mutants of the CMDB's store: it acknowledges what is committed, and nothing else. A constraint
 * that is looked at last makes the commit of one report fail on a real PostgreSQL.
 */
@Tag("slow")
class AcknowledgementMutantsTest {

  private static final String STORE =
      "apps/cmdb/src/main/java/io/holdfast/cmdb/store/MachineStore.java";
  private static final String BAD = "refused";

  private static EmbeddedPostgreSql server;
  private static Connection connection;
  private static int machines;

  @BeforeAll
  static void startServer() throws Exception {
    server = EmbeddedPostgreSql.start();
    connection = DriverManager.getConnection(server.jdbcUrl());
    Store.open(MutatedClasses.of(List.of())).close(); // makes the tables
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          """
          CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN
            IF NEW.source = 'refused' THEN RAISE EXCEPTION 'not at the commit'; END IF;
            RETURN NULL;
          END $$
          """);
      statement.execute(
          """
          CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON report
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()
          """);
    }
  }

  @AfterAll
  static void stopServer() throws SQLException {
    connection.close();
    server.close();
  }

  static Stream<Mutant> mutants() {
    return Stream.of(
        Mutant.of(
            "acknowledgement before commit",
            STORE,
            """
            throw new UnansweredCommitException(e);
            }
            throw e;
            """,
            """
            throw new UnansweredCommitException(e);
            }
            return result;
            """),
        Mutant.of(
            "acknowledgement without commit",
            STORE,
            "connection.commit();",
            "connection.getSchema();"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mutants")
  void theLedgerFindsTheMutant(Mutant mutant) throws Exception {
    List<String> wrong = wrongWith(List.of(mutant));
    assertThat(wrong).isNotEmpty();
    System.out.printf("%-60s  %s%n", mutant, wrong.get(0));
  }

  @Test
  void theLedgerHasAllThatTheUnmutatedStoreAcknowledges() throws Exception {
    assertThat(wrongWith(List.of())).isEmpty();
  }

  private static List<String> wrongWith(List<Mutant> mutants) throws Exception {
    List<String> wrong = new ArrayList<>();
    try (Store store = Store.open(MutatedClasses.of(mutants))) {
      for (String source : List.of("facter", BAD)) {
        Object report = store.report(source, "machine" + ++machines);
        boolean acknowledged = store.isAcknowledged(report, machines);
        boolean there = isInLedger(store.id(report));
        if (acknowledged != there) {
          wrong.add(
              "a report of %s: acknowledged %s, there %s".formatted(source, acknowledged, there));
        }
        if (there == source.equals(BAD)) {
          wrong.add("a report of %s: there %s".formatted(source, there));
        }
      }
    }
    return wrong;
  }

  private static boolean isInLedger(String id) throws SQLException {
    try (var query = connection.prepareStatement("SELECT 1 FROM report WHERE id = ?")) {
      query.setString(1, id);
      try (ResultSet row = query.executeQuery()) {
        return row.next();
      }
    }
  }

  /** The store of some classes. */
  private static final class Store implements AutoCloseable {
    private final ClassLoader classes;
    private final AutoCloseable database;
    private final Object machines;

    private Store(ClassLoader classes, AutoCloseable database, Object machines) {
      this.classes = classes;
      this.database = database;
      this.machines = machines;
    }

    static Store open(ClassLoader classes) throws ReflectiveOperationException {
      Class<?> database = classes.loadClass("io.holdfast.cmdb.store.Database");
      Object opened =
          database.getMethod("open", String.class, int.class).invoke(null, server.jdbcUrl(), 2);
      Object machines =
          classes
              .loadClass("io.holdfast.cmdb.store.MachineStore")
              .getMethod("of", database)
              .invoke(null, opened);
      return new Store(classes, (AutoCloseable) opened, machines);
    }

    Object report(String source, String serial) throws ReflectiveOperationException {
      return Reports.of(classes, source, Instant.EPOCH, serial, "os");
    }

    String id(Object report) throws ReflectiveOperationException {
      return (String) report.getClass().getMethod("id").invoke(report);
    }

    boolean isAcknowledged(Object report, long token) throws ReflectiveOperationException {
      Class<?> checkpoint = classes.loadClass("io.holdfast.cmdb.store.Checkpoint");
      Object open =
          Proxy.newProxyInstance(
              classes, new Class<?>[] {checkpoint}, (proxy, method, arguments) -> null);
      Object resolution =
          machines
              .getClass()
              .getMethod("resolve", Collection.class)
              .invoke(machines, List.of(report));
      List<?> groups = (List<?>) resolution.getClass().getMethod("groups").invoke(resolution);
      Method merge = machines.getClass().getMethod("merge", Map.class, checkpoint);
      try {
        List<?> acks = (List<?>) merge.invoke(machines, Map.of(groups.get(0), token), open);
        return acks.size() == 1;
      } catch (InvocationTargetException e) {
        assertThat(e.getTargetException()).isInstanceOf(SQLException.class);
        return false;
      }
    }

    @Override
    public void close() throws Exception {
      database.close();
    }
  }
}
