package io.holdfast.cmdb.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.cmdb.OneServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class DatabaseTest {

  private static String url;

  @BeforeAll
  static void start() throws Exception {
    url = OneServer.newDatabase();
  }

  @Test
  void theEndsOfWaitsOutliveARollback() throws Exception {
    try (Database database = Database.open(url, 2);
        Connection connection = database.connection()) {
      for (int i = 0; i < 2; i++) {
        assertThat(setting(connection, "lock_timeout")).isEqualTo("20s");
        assertThat(setting(connection, "idle_in_transaction_session_timeout")).isEqualTo("30s");
        connection.rollback();
      }
      assertThat(setting(connection, "transaction_isolation")).isEqualTo("read committed");
    }
  }

  private static String setting(Connection connection, String name) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW " + name)) {
      row.next();
      return row.getString(1);
    }
  }

  @Test
  void theSchemaIsMadeOnceByWhoeverComesFirst() throws Exception {
    try (Database one = Database.open(url, 1);
        Database other = Database.open(url, 1)) {
      assertThat(one.notDurable()).isEmpty();
      assertThat(MachineStore.of(other).totals().machines()).isZero();
    }
  }

  @Test
  void manyWhoComeAtOnceToAnEmptyDatabaseAllFindTheSchema() throws Exception {
    raceForEmptyDatabases(2);
  }

  @Test
  @Tag("slow")
  void manyWhoComeAtOnceToAnEmptyDatabaseAllFindTheSchemaTimeAfterTime() throws Exception {
    raceForEmptyDatabases(20);
  }

  private static void raceForEmptyDatabases(int rounds) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(6);
    try {
      for (int i = 0; i < rounds; i++) {
        String empty = OneServer.newDatabase();
        List<Future<Integer>> opened = new ArrayList<>();
        for (int j = 0; j < 6; j++) {
          opened.add(
              pool.submit(
                  () -> {
                    try (Database database = Database.open(empty, 2)) {
                      return database.notDurable().size();
                    }
                  }));
        }
        for (Future<Integer> each : opened) {
          assertThat(each.get()).isZero();
        }
      }
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void aDatabaseThatIsNotThereIsToldWithoutThePassword() {
    assertThatThrownBy(
            () -> Database.open("jdbc:postgresql://127.0.0.1:1/x?user=u&password=hunter2", 1))
        .isInstanceOf(SQLException.class)
        .hasMessageNotContaining("hunter2");
  }
}
