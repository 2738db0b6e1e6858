package io.holdfast.guard;

import static io.holdfast.guard.PostgreSqlDatabase.POSTGRESQL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The hole of the textbook fence and how the guard closes it, step by step: an old holder A with
 * token 1 and a new holder B with token 2.
 */
class LostUpdateTest {

  private static final FencedTable RECORDS = FencedTable.of("record");
  private static final long A = 1;
  private static final long B = 2;

  @ParameterizedTest
  @EnumSource
  void theFenceAtTheWriteAloneLosesAnAcknowledgedUpdate(Isolation isolation) throws Exception {
    String id = POSTGRESQL.newRecord("");
    try (Session a = new Session(isolation);
        Session b = new Session(isolation)) {
      Session.Seen seenByA = readInOwnTransaction(a, id);
      Session.Seen seenByB = readInOwnTransaction(b, id); // B holds the lock, A was paused
      assertThat(textbookWrite(a, id, A, seenByA.content() + "A")).isEqualTo(1);
      a.commit(); // A's update is acknowledged
      assertThat(textbookWrite(b, id, B, seenByB.content() + "B")).isEqualTo(1);
      b.commit();
    }
    assertThat(POSTGRESQL.content(id)).as("A's acknowledged update is lost").isEqualTo("B");
  }

  @ParameterizedTest
  @EnumSource
  void fenceAndVersionKeepBothAndThenRefuseTheOldHolder(Isolation isolation) throws Exception {
    String id = POSTGRESQL.newRecord("");
    try (Session a = new Session(isolation);
        Session b = new Session(isolation)) {
      Session.Seen seenByA = readInOwnTransaction(a, id);
      Session.Seen seenByB = readInOwnTransaction(b, id);
      assertThat(write(a, id, A, seenByA, "A")).isEqualTo(1);
      a.commit();

      assertThatThrownBy(() -> b.run(c -> write(c, id, B, seenByB, "B")))
          .isInstanceOfSatisfying(
              VersionConflictException.class,
              e -> {
                assertThat(e.key()).isEqualTo(id);
                assertThat(e.token()).isEqualTo(B);
                assertThat(e.versionRead()).isEqualTo(0);
                assertThat(e.storedVersion()).hasValue(1);
              });
      b.rollback();

      Session.Seen again = readInOwnTransaction(b, id);
      assertThat(write(b, id, B, again, "B")).isEqualTo(2);
      b.commit();
      assertThat(POSTGRESQL.content(id)).isEqualTo("AB");

      Session.Seen fresh = readInOwnTransaction(a, id); // even what is read again does not help A
      assertThatThrownBy(() -> a.run(c -> write(c, id, A, fresh, "A")))
          .isInstanceOfSatisfying(
              StaleTokenException.class,
              e -> {
                assertThat(e.table()).isEqualTo("record");
                assertThat(e.key()).isEqualTo(id);
                assertThat(e.token()).isEqualTo(A);
                assertThat(e.storedFence()).isEqualTo(B);
              });
      a.rollback();
    }
    assertThat(POSTGRESQL.content(id)).isEqualTo("AB");
  }

  @ParameterizedTest
  @EnumSource
  void readAndWriteInOneTransactionConflictToo(Isolation isolation) throws Exception {
    String id = POSTGRESQL.newRecord("");
    try (Session a = new Session(isolation);
        Session b = new Session(isolation)) {
      Session.Seen seenByA = a.run(c -> Session.read(c, id));
      Session.Seen seenByB = b.run(c -> Session.read(c, id));
      a.run(c -> write(c, id, A, seenByA, "A"));
      a.commit();
      assertRefused(isolation, VersionConflictException.class, b, id, B, seenByB);
      b.rollback();
      Session.Seen again = b.run(c -> Session.read(c, id));
      b.run(c -> write(c, id, B, again, "B"));
      b.commit();
    }
    assertThat(POSTGRESQL.content(id)).isEqualTo("AB");
  }

  @ParameterizedTest
  @EnumSource
  void staleUpdateThatWaitedForTheNewerOneIsRefused(Isolation isolation) throws Exception {
    String id = POSTGRESQL.newRecord("");
    try (Session a = new Session(isolation);
        Session b = new Session(isolation)) {
      Session.Seen seenByA = readInOwnTransaction(a, id);
      Session.Seen seenByB = readInOwnTransaction(b, id);
      b.run(c -> write(c, id, B, seenByB, "B"));
      Future<Long> waiting = a.begin(c -> write(c, id, A, seenByA, "A"));
      assertThat(waiting).isNotDone();
      assertThat(a.isBlocked()).isTrue();
      b.commit();
      if (isolation == Isolation.READ_COMMITTED) { // looks at the row again
        assertThatThrownBy(() -> Session.result(waiting)).isInstanceOf(StaleTokenException.class);
      } else {
        assertAgain("40001", () -> Session.result(waiting));
      }
      a.rollback();
      assertThatThrownBy(() -> a.run(c -> write(c, id, A, seenByA, "A")))
          .isInstanceOf(StaleTokenException.class);
      a.rollback();
    }
    assertThat(POSTGRESQL.content(id)).isEqualTo("B");
  }

  @ParameterizedTest
  @EnumSource
  void updateThatWaitedForOneThatWasRolledBackIsWritten(Isolation isolation) throws Exception {
    String id = POSTGRESQL.newRecord("");
    try (Session a = new Session(isolation);
        Session b = new Session(isolation)) {
      Session.Seen seen = readInOwnTransaction(a, id);
      b.run(c -> write(c, id, B, seen, "B"));
      Future<Long> waiting = a.begin(c -> write(c, id, A, seen, "A"));
      assertThat(waiting).isNotDone();
      b.rollback();
      assertThat(Session.result(waiting)).isEqualTo(1);
      a.commit();
    }
    assertThat(POSTGRESQL.content(id)).isEqualTo("A");
  }

  private static void assertRefused(
      Isolation isolation,
      Class<? extends GuardException> atReadCommitted,
      Session session,
      String id,
      long token,
      Session.Seen seen) {
    if (isolation == Isolation.READ_COMMITTED) {
      assertThatThrownBy(() -> session.run(c -> write(c, id, token, seen, "?")))
          .isInstanceOf(atReadCommitted);
    } else {
      assertAgain("40001", () -> session.run(c -> write(c, id, token, seen, "?")));
    }
  }

  static void assertAgain(String state, ThrowingCallable step) {
    assertThatThrownBy(step)
        .isInstanceOfSatisfying(
            SQLException.class,
            e -> {
              assertThat(e.getSQLState()).isEqualTo(state);
              assertThat(SqlFailure.of(e)).isEqualTo(SqlFailure.AGAIN);
            });
  }

  private static Session.Seen readInOwnTransaction(Session session, String id) throws SQLException {
    Session.Seen seen = session.run(c -> Session.read(c, id));
    session.commit();
    return seen;
  }

  private static long write(
      Connection connection, String id, long token, Session.Seen seen, String addition)
      throws SQLException {
    return RECORDS.update(
        connection, id, token, seen.version(), Map.of("content", seen.content() + addition));
  }

  private static long write(
      Session session, String id, long token, Session.Seen seen, String addition)
      throws SQLException {
    Long version = session.run(c -> write(c, id, token, seen, addition));
    return version;
  }

  private static int textbookWrite(Session session, String id, long token, String content)
      throws SQLException {
    Integer rows = session.run(c -> textbookWrite(c, id, token, content));
    return rows;
  }

  static int textbookWrite(Connection connection, String id, long token, String content)
      throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            "UPDATE record SET content = ?, fence = ? WHERE id = ? AND fence <= ?")) {
      update.setString(1, content);
      update.setLong(2, token);
      update.setString(3, id);
      update.setLong(4, token);
      return update.executeUpdate();
    }
  }
}
