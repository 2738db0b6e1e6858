package io.holdfast.guard;

import static io.holdfast.guard.PostgreSqlDatabase.POSTGRESQL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.BatchUpdateException;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SqlFailureTest {

  @ParameterizedTest
  @CsvSource({
    "40001, AGAIN",
    "40P01, AGAIN",
    "55P03, AGAIN",
    "25P03, AGAIN",
    "25P04, AGAIN",
    "53300, AGAIN",
    "57P03, AGAIN",
    "57P05, AGAIN",
    "57014, AGAIN",
    "08000, OUTCOME_UNKNOWN",
    "08003, OUTCOME_UNKNOWN",
    "08006, OUTCOME_UNKNOWN",
    "08007, OUTCOME_UNKNOWN",
    "40003, OUTCOME_UNKNOWN",
    "57P01, OUTCOME_UNKNOWN",
    "57P02, OUTCOME_UNKNOWN",
    "23505, STOP",
    "25P02, STOP",
    "40002, STOP",
    "42P01, STOP",
    "'', STOP",
    ", STOP"
  })
  void eachStateHasItsDecision(String state, SqlFailure decision) {
    assertThat(SqlFailure.of(new SQLException("x", state))).isEqualTo(decision);
  }

  /** By the database's own code, where its state does not tell; and not by another's same code. */
  @ParameterizedTest
  @CsvSource({
    "HY000, 1205, AGAIN", // MySQL, MariaDB: the wait for a row
    "HY000, 3572, AGAIN", // MySQL: NOWAIT
    "HY000, 3024, AGAIN", // MySQL: max_execution_time
    "HY000, 1020, AGAIN", // MariaDB: changed since the snapshot
    "40001, 1213, AGAIN", // their deadlock
    "70100, 1927, OUTCOME_UNKNOWN", // MariaDB: connection killed
    "70100, 1317, STOP", // query killed
    "HY000, 1105, STOP",
    "40001, 1205, AGAIN", // SQL Server: deadlock
    "S0045, 1222, AGAIN", // the wait for a row
    "S0002, 3960, AGAIN", // changed since the snapshot
    "S0001, 2812, STOP",
    "21000, 1222, STOP", // MySQL's
    "90131, 90131, AGAIN", // H2: changed since the snapshot
    "90067, 90067, OUTCOME_UNKNOWN",
    "90098, 90098, OUTCOME_UNKNOWN",
    "90121, 90121, OUTCOME_UNKNOWN",
    "42000, 3960, STOP",
    "LK001, 0, STOP", // the trigger
    "LK002, 0, AGAIN",
    "LK003, 0, STOP"
  })
  void databasesOwnCodesHaveTheirDecision(String state, int code, SqlFailure decision) {
    assertThat(SqlFailure.of(new SQLException("x", state, code))).isEqualTo(decision);
  }

  @Test
  void statementThatTookTooLongSaysAgain() throws Exception {
    try (Session a = new Session(Isolation.READ_COMMITTED)) {
      a.run(c -> Database.ask(c, "SELECT set_config('statement_timeout', '100', false)"));
      LostUpdateTest.assertAgain("57014", () -> a.run(c -> Database.ask(c, "SELECT pg_sleep(60)")));
    }
  }

  @Test
  void waitThatMetALimitOfTheDriversSaysAgain() {
    assertThat(SqlFailure.of(new SQLTimeoutException("x", "HY008"))).isEqualTo(SqlFailure.AGAIN);
    assertThat(SqlFailure.of(new SQLTimeoutException("x"))).isEqualTo(SqlFailure.AGAIN);
    assertThat(SqlFailure.of(new SQLTimeoutException("x", "08S01")))
        .isEqualTo(SqlFailure.OUTCOME_UNKNOWN);
  }

  @Test
  void reasonsAreFoundBehindOthersAndTheMostCarefulDecides() {
    SQLException batch = new BatchUpdateException("batch", "23505", 0, new int[0]);
    assertThat(SqlFailure.of(batch)).isEqualTo(SqlFailure.STOP);
    batch.setNextException(new SQLException("x", "40001"));
    assertThat(SqlFailure.of(batch)).isEqualTo(SqlFailure.AGAIN);
    batch.setNextException(new SQLException("x", "23505"));
    assertThat(SqlFailure.of(batch)).isEqualTo(SqlFailure.AGAIN);
    batch.setNextException(new SQLException("x", "55000", new SQLException("y", "08006")));
    assertThat(SqlFailure.of(batch)).isEqualTo(SqlFailure.OUTCOME_UNKNOWN);
    batch.setNextException(new SQLException("x", "40001"));
    assertThat(SqlFailure.of(batch)).isEqualTo(SqlFailure.OUTCOME_UNKNOWN);

    Exception wrapper = new IllegalStateException(new SQLException("x", "40P01"));
    assertThat(SqlFailure.of(new SQLException("pool", wrapper))).isEqualTo(SqlFailure.AGAIN);
  }

  @Test
  void exceptionsInACircleComeToAnEnd() {
    SQLException one = new SQLException("one", "23505");
    SQLException other = new SQLException("other", "42601", one);
    one.initCause(other);
    assertThat(SqlFailure.of(one)).isEqualTo(SqlFailure.STOP);
  }

  @Test
  void batchThatMeetsANewerWriteSaysAgain() throws Exception {
    String id = POSTGRESQL.newRecord("");
    try (Session a = new Session(Isolation.REPEATABLE_READ);
        Session b = new Session(Isolation.READ_COMMITTED)) {
      a.run(c -> Session.read(c, id)); // takes the snapshot
      b.run(c -> LostUpdateTest.textbookWrite(c, id, 2, "B"));
      b.commit();
      BatchUpdateException refused =
          catchThrowableOfType(
              BatchUpdateException.class,
              () ->
                  a.run(
                      c -> {
                        try (PreparedStatement batch =
                            c.prepareStatement("UPDATE record SET content = ? WHERE id = ?")) {
                          for (String content : new String[] {"1", "2"}) {
                            batch.setString(1, content);
                            batch.setString(2, id);
                            batch.addBatch();
                          }
                          return batch.executeBatch();
                        }
                      }));
      assertThat(SqlFailure.of(refused)).isEqualTo(SqlFailure.AGAIN);
    }
  }

  @Test
  void deadlockSaysAgainToOneOfTwo() throws Exception {
    String one = POSTGRESQL.newRecord("");
    String other = POSTGRESQL.newRecord("");
    try (Session a = new Session(Isolation.READ_COMMITTED);
        Session b = new Session(Isolation.READ_COMMITTED)) {
      a.run(c -> LostUpdateTest.textbookWrite(c, one, 1, "A"));
      b.run(c -> LostUpdateTest.textbookWrite(c, other, 1, "B"));
      Future<Integer> waiting = a.begin(c -> LostUpdateTest.textbookWrite(c, other, 1, "A"));
      assertThat(waiting).isNotDone();
      Future<Integer> crossing = b.begin(c -> LostUpdateTest.textbookWrite(c, one, 1, "B"));
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
  void terminatedSessionLeavesTheOutcomeUnknown() throws Exception {
    try (Session a = new Session(Isolation.READ_COMMITTED)) {
      String backend = a.run(c -> Database.ask(c, "SELECT pg_backend_pid()"));
      POSTGRESQL.ask("SELECT pg_terminate_backend(" + backend + ", 60000)");
      assertThatThrownBy(a::commit)
          .isInstanceOfSatisfying(
              SQLException.class,
              e -> assertThat(SqlFailure.of(e)).isEqualTo(SqlFailure.OUTCOME_UNKNOWN));
    }
  }
}
