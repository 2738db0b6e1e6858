package io.holdfast.guard;

import static io.holdfast.guard.PostgreSqlDatabase.POSTGRESQL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TransactionLockTest {

  private static final Duration LONG = Duration.ofSeconds(60);

  private String name;
  private String id;

  @BeforeEach
  void chooseName() throws SQLException {
    name = Database.newName();
    id = POSTGRESQL.newRecord("");
  }

  @Test
  void transactionsUnderOneNameFollowOneAnotherAndLoseNothing() throws Exception {
    try (Session a = new Session(Isolation.READ_COMMITTED);
        Session b = new Session(Isolation.READ_COMMITTED)) {
      a.run(c -> acquire(c, LONG));
      append(a, "A");
      Future<Boolean> waiting = b.begin(c -> acquire(c, LONG));
      assertThat(waiting).isNotDone();
      a.commit();
      assertThat(Session.result(waiting)).isTrue();
      append(b, "B");
      b.commit();
    }
    assertThat(POSTGRESQL.content(id)).isEqualTo("AB");
  }

  /** The trap, with the lock held correctly: why it is a call of its own. */
  @Test
  void readingInTheStatementThatTakesTheLockLosesAnUpdate() throws Exception {
    try (Session a = new Session(Isolation.READ_COMMITTED);
        Session b = new Session(Isolation.READ_COMMITTED)) {
      a.run(c -> Database.ask(c, "SELECT pg_advisory_xact_lock(77)"));
      append(a, "A");
      Future<String> readWithLock =
          b.begin(
              c ->
                  Database.ask(
                      c,
                      "SELECT content FROM record, pg_advisory_xact_lock(77) WHERE id = '"
                          + id
                          + "'"));
      assertThat(readWithLock).isNotDone();
      a.commit();
      assertThat(Session.result(readWithLock)).as("not A").isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"REPEATABLE_READ", "SERIALIZABLE"})
  void snapshotThatIsOlderThanTheLockIsRefused(Isolation isolation) throws Exception {
    try (Session a = new Session(Isolation.READ_COMMITTED);
        Session b = new Session(isolation)) {
      a.run(c -> acquire(c, LONG));
      append(a, "A");
      a.commit();
      assertThatThrownBy(() -> b.run(c -> acquire(c, LONG)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("READ COMMITTED");
      assertThatThrownBy(() -> b.run(c -> TransactionLock.tryAcquire(c, name)))
          .isInstanceOf(IllegalStateException.class);
      assertThat(isTaken(a, name)).as("and not taken").isTrue();
    }
  }

  @Test
  void lockEndsWithTheTransaction() throws Exception {
    try (Session a = new Session(Isolation.READ_COMMITTED);
        Session b = new Session(Isolation.READ_COMMITTED)) {
      assertThat(isTaken(a, name)).isTrue();
      assertThat(isTaken(a, name)).as("again").isTrue();
      assertThat(isTaken(b, name)).isFalse();
      assertThat(answer(b, "SELECT 1")).as("goes on").isEqualTo("1");
      a.rollback();
      assertThat(isTaken(b, name)).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 50})
  void waitEndsInTimeAndSaysAgain(long millis) throws Exception {
    try (Session a = new Session(Isolation.READ_COMMITTED);
        Session b = new Session(Isolation.READ_COMMITTED)) {
      a.run(c -> acquire(c, LONG));
      LostUpdateTest.assertAgain("55P03", () -> b.run(c -> acquire(c, Duration.ofMillis(millis))));
      b.rollback();
    }
  }

  @Test
  void waitLeavesNoLimitBehind() throws Exception {
    try (Session a = new Session(Isolation.READ_COMMITTED);
        Session b = new Session(Isolation.READ_COMMITTED)) {
      b.run(c -> GuardContract.execute(c, "SET LOCAL lock_timeout = '7min'"));
      a.run(c -> acquire(c, LONG));
      Future<Boolean> waiting = b.begin(c -> acquire(c, LONG));
      assertThat(waiting).isNotDone();
      a.commit();
      assertThat(Session.result(waiting)).isTrue();
      assertThat(answer(b, "SHOW lock_timeout")).isEqualTo("7min");
    }
  }

  @Test
  void otherNamesDoNotWait() throws Exception {
    try (Session a = new Session(Isolation.READ_COMMITTED);
        Session b = new Session(Isolation.READ_COMMITTED)) {
      a.run(c -> acquire(c, LONG));
      assertThat(isTaken(b, name + "x")).isTrue();
      assertThat(isTaken(b, "\u00e9".repeat(200))).isTrue();
    }
  }

  @Test
  void deadlockSaysAgainToOneOfTwo() throws Exception {
    String other = Database.newName();
    try (Session a = new Session(Isolation.READ_COMMITTED);
        Session b = new Session(Isolation.READ_COMMITTED)) {
      a.run(c -> TransactionLock.tryAcquire(c, name));
      b.run(c -> TransactionLock.tryAcquire(c, other));
      Future<Boolean> waiting =
          a.begin(
              c -> {
                TransactionLock.acquire(c, other, LONG);
                return true;
              });
      assertThat(waiting).isNotDone();
      Future<Boolean> crossing = b.begin(c -> acquire(c, LONG));
      LostUpdateTest.assertAgain(
          "40P01",
          () -> {
            try {
              Session.result(crossing);
            } finally {
              b.rollback();
            }
            Session.result(waiting);
          });
    }
  }

  @Test
  void whatCannotWorkIsRefusedBeforeAnythingIsSent() throws Exception {
    try (Connection connection = POSTGRESQL.connect()) {
      assertThatThrownBy(() -> acquire(connection, LONG))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("autocommit");
      connection.setAutoCommit(false);
      assertThatThrownBy(() -> acquire(connection, Duration.ofMillis(-1)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> acquire(connection, Duration.ofHours(24).plusMillis(1)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> TransactionLock.tryAcquire(connection, ""))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> TransactionLock.tryAcquire(connection, "x".repeat(201)))
          .isInstanceOf(IllegalArgumentException.class);
    }
    try (Connection connection = H2Database.H2.connect()) {
      connection.setAutoCommit(false);
      assertThatThrownBy(() -> acquire(connection, LONG))
          .isInstanceOf(SQLFeatureNotSupportedException.class);
    }
  }

  private static boolean isTaken(Session session, String name) throws SQLException {
    Boolean isTaken = session.run(c -> TransactionLock.tryAcquire(c, name));
    return isTaken;
  }

  private static String answer(Session session, String question) throws SQLException {
    String answer = session.run(c -> Database.ask(c, question));
    return answer;
  }

  private boolean acquire(Connection connection, Duration waitAtMost) throws SQLException {
    TransactionLock.acquire(connection, name, waitAtMost);
    return true;
  }

  private void append(Session session, String addition) throws SQLException {
    String merged = session.run(c -> Session.read(c, id)).content() + addition;
    session.run(
        c ->
            GuardContract.execute(
                c, "UPDATE record SET content = '" + merged + "' WHERE id = '" + id + "'"));
  }
}
