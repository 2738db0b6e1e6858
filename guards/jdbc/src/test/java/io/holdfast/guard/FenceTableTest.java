package io.holdfast.guard;

import static io.holdfast.guard.PostgreSqlDatabase.POSTGRESQL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FenceTableTest {

  private static final Duration LONG = Duration.ofSeconds(60);

  private String name = "";

  @BeforeAll
  static void createTable() throws SQLException {
    try (Connection connection = POSTGRESQL.connect()) {
      POSTGRESQL.execute(FenceTable.ddl(connection));
      POSTGRESQL.execute(FenceTable.ddl(connection)); // a migration may run twice
    }
  }

  @BeforeEach
  void chooseName() {
    name = Database.newName();
  }

  @ParameterizedTest
  @EnumSource
  void olderTokenIsRefusedAndTheSameEntersAgain(Isolation isolation) throws Exception {
    try (Session session = new Session(isolation)) {
      session.run(c -> enter(c, 5));
      session.run(c -> enter(c, 5)); // in one transaction
      session.commit();
      session.run(c -> enter(c, 5)); // and in the next
      session.commit();
      session.run(c -> enter(c, 7));
      session.commit();

      assertThatThrownBy(() -> session.run(c -> enter(c, 6)))
          .isInstanceOfSatisfying(
              StaleTokenException.class,
              e -> {
                assertThat(e.table()).isEqualTo("holdfast_fence");
                assertThat(e.key()).isEqualTo(name);
                assertThat(e.token()).isEqualTo(6);
                assertThat(e.storedFence()).isEqualTo(7);
              });
      session.rollback();
      assertThat(fence()).isEqualTo("7");
    }
  }

  @ParameterizedTest
  @EnumSource
  void transactionThatIsRolledBackRaisesNoFence(Isolation isolation) throws Exception {
    try (Session session = new Session(isolation)) {
      session.run(c -> enter(c, 7));
      session.rollback();
      session.run(c -> enter(c, 6));
      session.commit();
    }
    assertThat(fence()).isEqualTo("6");
  }

  @ParameterizedTest
  @EnumSource
  void transactionsUnderOneNameFollowOneAnother(Isolation isolation) throws Exception {
    String id = POSTGRESQL.newRecord("");
    try (Session a = new Session(isolation);
        Session b = new Session(isolation)) {
      a.run(c -> enter(c, 1));
      Future<Boolean> waiting = b.begin(c -> enter(c, 2));
      assertThat(waiting).isNotDone();
      append(a, id, "A");
      assertThat(waiting).isNotDone();
      a.commit();

      if (isolation == Isolation.READ_COMMITTED) {
        assertThat(Session.result(waiting)).isTrue();
      } else {
        LostUpdateTest.assertAgain("40001", () -> Session.result(waiting));
        b.rollback();
        b.run(c -> enter(c, 2));
      }
      append(b, id, "B");
      b.commit();
    }
    assertThat(POSTGRESQL.content(id)).isEqualTo("AB");
  }

  @ParameterizedTest
  @EnumSource
  void staleHolderThatWaitedForTheNewerOneIsRefused(Isolation isolation) throws Exception {
    try (Session a = new Session(isolation);
        Session b = new Session(isolation)) {
      b.run(c -> enter(c, 2));
      Future<Boolean> waiting = a.begin(c -> enter(c, 1));
      assertThat(waiting).isNotDone();
      b.commit();
      if (isolation == Isolation.READ_COMMITTED) {
        assertThatThrownBy(() -> Session.result(waiting)).isInstanceOf(StaleTokenException.class);
      } else {
        LostUpdateTest.assertAgain("40001", () -> Session.result(waiting));
      }
      a.rollback();
      assertThatThrownBy(() -> a.run(c -> enter(c, 1))).isInstanceOf(StaleTokenException.class);
    }
  }

  @Test
  void otherNamesDoNotWait() throws Exception {
    String other = Database.newName();
    try (Session a = new Session(Isolation.READ_COMMITTED);
        Session b = new Session(Isolation.READ_COMMITTED)) {
      a.run(c -> enter(c, 1));
      Future<Boolean> entered =
          b.begin(
              c -> {
                FenceTable.enter(c, other, 1, LONG);
                return true;
              });
      assertThat(entered).isDone();
    }
  }

  @Test
  void waitForAnotherHolderEndsWithTheLease() throws Exception {
    try (Session a = new Session(Isolation.READ_COMMITTED)) {
      a.run(c -> enter(c, 1));
      unlessEndedInAStall(
          b -> {
            SQLException ended =
                catchThrowableOfType(
                    SQLException.class, () -> b.run(c -> enter(c, 2, Duration.ofMillis(200))));
            b.rollback();
            assertThat(ended.getSQLState()).isEqualTo("55P03");
            assertThat(SqlFailure.of(ended)).isEqualTo(SqlFailure.AGAIN);
            a.commit();
            b.run(c -> enter(c, 2));
            b.commit();
          });
    }
  }

  @Test
  void limitsAreTheRemainderUntilTheTransactionEnds() throws Exception {
    try (Session session = new Session(Isolation.READ_COMMITTED)) {
      session.run(c -> enter(c, 1, Duration.ofMillis(123_456)));
      assertThat(limits(session)).isEqualTo("123456ms 123456ms");
      session.commit();
      assertThat(limits(session)).isEqualTo("0 0");
      session.run(c -> enter(c, 1, Duration.ofDays(1)));
      assertThat(limits(session)).isEqualTo("1d 1d");
      session.rollback();
      session.run(c -> enter(c, 1, Duration.ofDays(100)));
      assertThat(limits(session)).isEqualTo("2147483647ms 2147483647ms");
    }
  }

  @Test
  void shorterLimitsStay() throws Exception {
    try (Session session = new Session(Isolation.READ_COMMITTED)) {
      session.run(c -> execute(c, "SET lock_timeout = '70s'"));
      session.run(c -> execute(c, "SET idle_in_transaction_session_timeout = '30min'"));
      session.commit();
      session.run(c -> enter(c, 1, Duration.ofMinutes(5)));
      assertThat(limits(session)).isEqualTo("70s 5min");
      session.run(c -> enter(c, 1, Duration.ofMinutes(6))); // a second name under a longer lease
      assertThat(limits(session)).isEqualTo("70s 5min");
      session.run(c -> enter(c, 1, Duration.ofSeconds(65)));
      assertThat(limits(session)).isEqualTo("65s 65s");
      session.commit();
      assertThat(limits(session)).isEqualTo("70s 30min");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT-1S", "PT0.0009S"})
  void leaseThatIsOverLeavesNoUnlimitedWait(Duration over) throws Exception {
    try (Session a = new Session(Isolation.READ_COMMITTED);
        Session b = new Session(Isolation.READ_COMMITTED)) {
      a.run(c -> enter(c, 1));
      assertThatThrownBy(() -> b.run(c -> enter(c, 2, over))) // waited or idled for a millisecond
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(SqlFailure.of(e)).isNotEqualTo(SqlFailure.STOP));
    }
  }

  @Test
  void holderThatIdlesPastItsLeaseIsEndedAndTheNextEnters() throws Exception {
    String id = POSTGRESQL.newRecord("");
    unlessEndedInAStall(
        a -> {
          a.run(
              c -> {
                FenceTable.enter(c, name, 1, Duration.ofMillis(300));
                return execute(c, "UPDATE record SET content = 'A' WHERE id = '" + id + "'");
              });
          try (Session b = new Session(Isolation.READ_COMMITTED)) {
            b.run(c -> enter(c, 2)); // waits until the server has ended A's session
            append(b, id, "B");
            b.commit();
          }
          assertThat(POSTGRESQL.content(id)).isEqualTo("B");
          assertThatThrownBy(a::commit)
              .isInstanceOfSatisfying(
                  SQLException.class,
                  e -> assertThat(SqlFailure.of(e)).isNotEqualTo(SqlFailure.STOP));
        });
  }

  private interface Holding {
    void by(Session session) throws SQLException;
  }

  /** With a session more where this machine took longer than the lease from step to step. */
  private static void unlessEndedInAStall(Holding holding) throws SQLException {
    for (long end = System.nanoTime() + Session.LIMIT.toNanos(); ; ) {
      try (Session session = new Session(Isolation.READ_COMMITTED)) {
        holding.by(session);
        return;
      } catch (SQLException e) {
        boolean isEnded = String.valueOf(e.getSQLState()).matches("25P03|08...");
        if (!isEnded || System.nanoTime() - end > 0) {
          throw e;
        }
      }
    }
  }

  @Test
  void autocommitIsRefusedBeforeAnythingIsSent() throws Exception {
    try (Connection connection = POSTGRESQL.connect()) {
      assertThatThrownBy(() -> enter(connection, 1)).isInstanceOf(IllegalStateException.class);
    }
    assertThat(POSTGRESQL.ask("SELECT count(*) FROM holdfast_fence WHERE name = '" + name + "'"))
        .isEqualTo("0");
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, 0, 1L << 53, Long.MAX_VALUE})
  void tokensOutOfRangeAreRefused(long token) throws Exception {
    try (Session session = new Session(Isolation.READ_COMMITTED)) {
      assertThatThrownBy(() -> session.run(c -> enter(c, token)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(Long.toString(token));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, (1L << 53) - 1})
  void tokensAtTheEndsOfTheRangeEnter(long token) throws Exception {
    try (Session session = new Session(Isolation.READ_COMMITTED)) {
      session.run(c -> enter(c, token));
      session.commit();
    }
    assertThat(fence()).isEqualTo(Long.toString(token));
  }

  @Test
  void namesAreBoundAndOfLimitedLength() throws Exception {
    try (Session session = new Session(Isolation.READ_COMMITTED)) {
      String quoted = "x'); DROP TABLE record; --" + Database.newName();
      session.run(
          c -> {
            FenceTable.enter(c, quoted, 3, LONG);
            FenceTable.enter(c, "é".repeat(200), 3, LONG);
            return true;
          });
      assertThatThrownBy(() -> FenceTable.enter(session.connection, "", 3, LONG))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> FenceTable.enter(session.connection, "x ", 3, LONG))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> FenceTable.enter(session.connection, "x".repeat(201), 3, LONG))
          .isInstanceOf(IllegalArgumentException.class);
      session.commit();
    }
    assertThat(POSTGRESQL.newRecord("still there")).isNotEmpty();
  }

  private boolean enter(Connection connection, long token) throws SQLException {
    return enter(connection, token, LONG);
  }

  private boolean enter(Connection connection, long token, Duration remaining) throws SQLException {
    FenceTable.enter(connection, name, token, remaining);
    return true;
  }

  private static boolean execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
      return true;
    }
  }

  /** Reads, merges and writes without looking at any version: the fence beside it must do. */
  private static void append(Session session, String id, String addition) throws SQLException {
    String merged = session.run(c -> Session.read(c, id)).content() + addition;
    session.run(
        c -> execute(c, "UPDATE record SET content = '" + merged + "' WHERE id = '" + id + "'"));
  }

  private static String limits(Session session) throws SQLException {
    return session.run(
        c ->
            Database.ask(
                c,
                "SELECT current_setting('lock_timeout') || ' '"
                    + " || current_setting('idle_in_transaction_session_timeout')"));
  }

  private String fence() throws SQLException {
    return POSTGRESQL.ask("SELECT fence FROM holdfast_fence WHERE name = '" + name + "'");
  }
}
