package io.holdfast.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.Finding;
import io.holdfast.StoreRefusedException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What locks of a session refuse of a database, in words that connecting and doctor share. */
class SessionCheckTest {

  private static final Duration LIMIT = TestDatabase.PATIENT;

  private static List<Finding> examine(TestDatabase database, String url) {
    return new JdbcBackendProvider().examine(url, database.context(LIMIT));
  }

  private static void assertRefused(
      TestDatabase database, String url, String subject, String cure) {
    assertThat(examine(database, url))
        .filteredOn(finding -> finding.level() == Finding.Level.REFUSED)
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.subject()).isEqualTo(subject);
              assertThat(finding.cure()).contains(cure);
              assertThatThrownBy(
                      () -> new JdbcBackendProvider().connect(url, database.context(LIMIT)))
                  .isInstanceOf(StoreRefusedException.class)
                  .hasMessageContaining(finding.found());
            });
  }

  private static TestDatabase withTable(TestDatabase database) {
    database.open().close();
    return database;
  }

  @Test
  void postgreSqlIsAsItShouldBe() {
    try (TestDatabase database = withTable(TestDatabase.postgreSql())) {
      assertThat(examine(database, database.url("holdfast=session")))
          .allMatch(finding -> finding.level() == Finding.Level.OK)
          .extracting(Finding::subject)
          .contains("pooler", "idle_session_timeout");
    }
  }

  @Test
  void mariaDbIsAsItShouldBe() {
    try (TestDatabase database = withTable(TestDatabase.mariaDb())) {
      assertThat(examine(database, database.url("holdfast=session")))
          .allMatch(finding -> finding.level() == Finding.Level.OK)
          .extracting(Finding::subject)
          .contains("pooler", "wait_timeout", "one server");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void poolerOfStatementsIsRefusedOnPostgreSql(int realConnections) throws Exception {
    try (TestDatabase database = withTable(TestDatabase.postgreSql());
        SharedSessionDriver pooler = new SharedSessionDriver(realConnections)) {
      assertRefused(
          database,
          SharedSessionDriver.through(database.url("holdfast=session")),
          "pooler",
          "session mode");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void poolerOfStatementsIsRefusedOnMariaDb(int realConnections) throws Exception {
    try (TestDatabase database = withTable(TestDatabase.mariaDb());
        SharedSessionDriver pooler = new SharedSessionDriver(realConnections)) {
      assertRefused(
          database,
          SharedSessionDriver.through(database.url("holdfast=session")),
          "pooler",
          "session mode");
    }
  }

  @Test
  void databaseWithoutSessionLocksIsRefused() {
    try (TestDatabase database = withTable(TestDatabase.h2())) {
      assertRefused(database, database.url("holdfast=session"), "H2", "holdfast=table");
    }
  }

  @Test
  void missingTableIsRefusedBecauseTokensComeFromIt() {
    try (TestDatabase database = TestDatabase.postgreSql()) {
      assertRefused(
          database,
          database.url("holdfast=session"),
          "table holdfast_lock",
          "change what it names");
    }
  }

  @Test
  void timeLimitThatTheServerDoesNotKeepIsRefused() {
    Duration livesFor = Duration.ofSeconds(30);
    assertThat(SessionSql.silence("wait_timeout", 30_000, livesFor).level())
        .isEqualTo(Finding.Level.OK);
    for (long other : new long[] {0, 29_999, 28_800_000}) {
      assertThat(SessionSql.silence("wait_timeout", other, livesFor).level())
          .isEqualTo(Finding.Level.REFUSED);
    }
  }
}
