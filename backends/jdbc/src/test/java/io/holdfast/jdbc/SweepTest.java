package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.LONG;
import static io.holdfast.jdbc.TestDatabase.answer;
import static io.holdfast.jdbc.TestDatabase.asking;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Renewal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows of names that are used no more go in batches, and nobody waits for it. */
class SweepTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  /** For as long as the request timeout, and not as the server is set. */
  private static final String WAITS_FOR_ROWS = "sessionVariables=innodb_lock_wait_timeout=60";

  static Stream<Arguments> databases() {
    return Stream.of(
        Arguments.of(Dialect.POSTGRESQL, (Supplier<TestDatabase>) TestDatabase::postgreSql),
        Arguments.of(Dialect.MARIADB, (Supplier<TestDatabase>) TestDatabase::mariaDb),
        Arguments.of(Dialect.MYSQL, (Supplier<TestDatabase>) TestDatabase::mariaDb),
        Arguments.of(Dialect.H2, (Supplier<TestDatabase>) TestDatabase::h2));
  }

  /** By its script: a backend would have begun a sweep. */
  private static void createTable(TestDatabase database) {
    database.run(new JdbcBackendProvider().schema(database.url()).orElseThrow());
  }

  /** Rows whose locks were free and whose tokens were passed for more than a day. */
  private static void addIdle(TestDatabase database, int rows) throws SQLException {
    try (Connection connection = database.connection();
        PreparedStatement insert =
            connection.prepareStatement(
                "insert into holdfast_lock (name, claim, label, token, last_token, expires_at)"
                    + " values (?, null, '', 1, 1, 1)")) {
      connection.setAutoCommit(false);
      for (int i = 0; i < rows; i++) {
        insert.setString(1, "idle-" + i);
        insert.addBatch();
      }
      insert.executeBatch();
      connection.commit();
    }
  }

  private static boolean hasIdle(TestDatabase database) {
    return !database.rows("select name from holdfast_lock where name like 'idle-%'").isEmpty();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("databases")
  void sweepDeletesABatchAtMost(Dialect dialect, Supplier<TestDatabase> start) throws Exception {
    try (TestDatabase database = start.get();
        Connection connection = database.connection()) {
      LeaseTable table = new LeaseTable(JdbcUrl.parse(database.url()), dialect, TIMEOUT);
      LeaseTable.create(connection, JdbcUrl.parse(database.url()), dialect);
      Claim fresh = newClaim();
      table.ask(connection, asking(fresh));
      addIdle(database, LeaseTable.BATCH + 5);
      assertThat(table.sweep(connection)).isEqualTo(LeaseTable.BATCH);
      assertThat(table.sweep(connection)).isEqualTo(5);
      assertThat(table.sweep(connection)).isZero();
      assertThat(table.renew(connection, fresh, LONG)).isInstanceOf(Renewal.Renewed.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"table", "session"})
  void connectingDeletesAllBatches(String form) throws Exception {
    try (TestDatabase database = TestDatabase.postgreSql()) {
      createTable(database);
      addIdle(database, 2 * LeaseTable.BATCH + 5);
      database.open(database.url("holdfast=" + form), TIMEOUT);
      await().until(() -> !hasIdle(database));
    }
  }

  /** Somebody has an idle row, for which MariaDB's sweep waits. */
  private static Connection lockedByHand(TestDatabase database) throws SQLException {
    createTable(database);
    addIdle(database, 1);
    return database.lockedByHand("idle-0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"table", "session"})
  void connectingWaitsForNoSweep(String form) throws Exception {
    try (TestDatabase database = TestDatabase.mariaDb();
        Connection hand = lockedByHand(database)) {
      LockBackend backend =
          database.open(database.url("holdfast=" + form, WAITS_FOR_ROWS), TIMEOUT);
      Attempt attempt = answer(backend.ask(asking(newClaim())));
      assertThat(attempt).isInstanceOf(Attempt.Granted.class);
      hand.rollback();
      await().until(() -> !hasIdle(database));
    }
  }

  @Test
  void renewalWaitsForNoSweepWhereItHasOneConnection() throws Exception {
    try (TestDatabase database = TestDatabase.mariaDb();
        Connection hand = lockedByHand(database)) {
      LockBackend another = database.open();
      LockBackend narrow =
          database.open(database.url("holdfast.connections=2", WAITS_FOR_ROWS), TIMEOUT);
      Claim claim = newClaim();
      answer(another.ask(asking(claim)));
      assertThat(answer(narrow.renew(claim, LONG))).isInstanceOf(Renewal.Renewed.class);
      assertThat(hasIdle(database)).isTrue();
      hand.rollback();
      await().until(() -> !hasIdle(database));
    }
  }

  @Test
  void rowThatSomebodyHasHoldsUpNoSweepOfPostgreSql() throws Exception {
    try (TestDatabase database = TestDatabase.postgreSql();
        Connection hand = lockedByHand(database);
        Connection connection = database.connection()) {
      database.run("insert into holdfast_lock values ('idle-1', null, '', 1, 1, 1)");
      LeaseTable table = new LeaseTable(JdbcUrl.parse(database.url()), Dialect.POSTGRESQL, TIMEOUT);
      assertThat(table.sweep(connection)).isEqualTo(1);
      hand.rollback();
      assertThat(table.sweep(connection)).isEqualTo(1);
    }
  }
}
