package io.holdfast.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class MariaDbGuardsTest extends GuardContract {
  MariaDbGuardsTest() {
    super(MariaDbDatabase.COUNTS_FOUND_ROWS);
  }

  @Test
  void waitForTheRowEndsWithTheServersLimitAndSaysAgain() throws Exception {
    String record = database.newRecord("");
    try (Session a = new Session(database, Isolation.READ_COMMITTED);
        Session b = new Session(database, Isolation.READ_COMMITTED)) {
      a.run(c -> touch(c, record));
      b.run(c -> execute(c, "SET innodb_lock_wait_timeout = 0"));
      assertAgain(1205, b, c -> touch(c, record));
    }
  }

  @Test
  void rowThatChangedSinceTheSnapshotSaysAgain() throws Exception {
    String record = database.newRecord("");
    try (Session a = new Session(database, Isolation.REPEATABLE_READ);
        Session b = new Session(database, Isolation.READ_COMMITTED)) {
      a.run(c -> execute(c, "SET innodb_snapshot_isolation = ON"));
      a.run(c -> Session.read(c, record));
      b.run(c -> touch(c, record));
      b.commit();
      assertAgain(1020, a, c -> touch(c, record));
    }
  }

  @Test
  void waitToEnterEndsWithTheLeaseAndLeavesNoLimitBehind() throws Exception {
    try (Session a = new Session(database, Isolation.READ_COMMITTED);
        Session b = new Session(database, Isolation.READ_COMMITTED)) {
      String name = Database.newName();
      a.run(c -> enter(c, name, 1, Duration.ofSeconds(60)));
      assertAgain(1969, b, c -> enter(c, name, 2, Duration.ofMillis(200)));
      assertThat(answer(b, "SELECT @@max_statement_time + @@innodb_lock_wait_timeout"))
          .isEqualTo(answer(a, "SELECT @@max_statement_time + @@innodb_lock_wait_timeout"));
    }
  }

  @Test
  void killedSessionLeavesTheOutcomeUnknown() throws Exception {
    try (Session a = new Session(database, Isolation.READ_COMMITTED)) {
      database.execute("KILL " + answer(a, "SELECT connection_id()"));
      SQLException ended =
          catchThrowableOfType(SQLException.class, () -> a.run(c -> execute(c, "COMMIT")));
      assertThat(SqlFailure.of(ended)).as("%s", ended).isEqualTo(SqlFailure.OUTCOME_UNKNOWN);
    }
  }

  private static void assertAgain(int code, Session session, Session.Step<?> step) {
    SQLException ended = catchThrowableOfType(SQLException.class, () -> session.run(step));
    assertThat(ended.getErrorCode()).as("%s", ended).isEqualTo(code);
    assertThat(SqlFailure.of(ended)).as("%s", ended).isEqualTo(SqlFailure.AGAIN);
  }

  private static String answer(Session session, String question) throws SQLException {
    String answer = session.run(c -> Database.ask(c, question));
    return answer;
  }
}
