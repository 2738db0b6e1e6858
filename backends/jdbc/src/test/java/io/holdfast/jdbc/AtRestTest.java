package io.holdfast.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.Lease;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code Locks.close()} leaves, with the engine and its threads. */
class AtRestTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("holdfast"))
        .collect(Collectors.toSet());
  }

  /** All but the one that asks. */
  private static List<String> sessions(TestDatabase database, String product) {
    return database.rows(
        product.equals("PostgreSQL")
            ? "select pid from pg_stat_activity where datname = current_database()"
                + " and pid <> pg_backend_pid()"
            : "select id from information_schema.processlist"
                + " where db = database() and id <> connection_id()");
  }

  @ParameterizedTest
  @CsvSource({"PostgreSQL, table", "PostgreSQL, session", "MariaDB, table", "MariaDB, session"})
  void closingLeavesNeitherThreadsNorSessionsThoughALockIsHeldAndWaitedFor(
      String product, String form) throws Exception {
    try (TestDatabase database =
        product.equals("PostgreSQL") ? TestDatabase.postgreSql() : TestDatabase.mariaDb()) {
      database.open().close();
      await().atMost(LIMIT).until(() -> sessions(database, product).isEmpty());
      Set<Thread> before = threads();
      CompletableFuture<Lease> waiting;
      try (Locks locks =
          Locks.connect(
              database.url("holdfast=" + form), LocksConfig.DEFAULTS.requestTimeout(LIMIT))) {
        Lease held = locks.acquire("machine:42");
        waiting = locks.acquireAsync("machine:42");
        assertThat(held.isHeld()).isTrue();
        assertThat(threads()).isNotEqualTo(before);
        assertThat(sessions(database, product)).isNotEmpty();
      }
      await().atMost(LIMIT).until(waiting::isCompletedExceptionally); // told by a thread of its own
      await().atMost(LIMIT).until(() -> sessions(database, product).isEmpty());
      await()
          .atMost(LIMIT)
          .until(
              () -> {
                Set<Thread> left = new HashSet<>(threads());
                left.removeAll(before);
                return left.isEmpty();
              });
    }
  }
}
