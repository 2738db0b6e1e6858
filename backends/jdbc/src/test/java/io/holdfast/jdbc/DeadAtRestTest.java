package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.LONG;
import static io.holdfast.jdbc.TestDatabase.answer;
import static io.holdfast.jdbc.TestDatabase.asking;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Connections that died without a word while they were at rest: their processes stand still. */
class DeadAtRestTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final AtomicLong passed = new AtomicLong();

  private final Time time =
      new Time() {
        @Override
        public long nanoTime() {
          return System.nanoTime() + passed.get();
        }

        @Override
        public Timer schedule(Duration delay, Runnable task) {
          return TestDatabase.REAL.schedule(delay, task);
        }
      };

  /** With the request timeout for a limit the trial would outlast the question. */
  @Test
  void renewalGoesOverANewConnectionInTime() throws Exception {
    try (TestDatabase database = TestDatabase.postgreSql()) {
      database.run(new JdbcBackendProvider().schema(database.url()).orElseThrow());
      StoreContext context = new StoreContext(time, TIMEOUT, LONG, database.warnings()::add);
      try (LockBackend backend = new JdbcBackendProvider().connect(database.url(), context)) {
        Claim claim = newClaim();
        answer(backend.ask(asking(claim)));
        answer(backend.renew(claim, LONG));
        passed.addAndGet(Duration.ofSeconds(11).toNanos());
        List<String> processes =
            database.rows(
                "select pid from pg_stat_activity"
                    + " where application_name = 'Holdfast' and datname = current_database()");
        assertThat(processes).hasSizeGreaterThanOrEqualTo(2);
        try {
          signal("STOP", processes);
          assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Renewed.class);
        } finally {
          signal("CONT", processes);
        }
      }
    }
  }

  private static void signal(String name, List<String> processes) throws Exception {
    List<String> command = new ArrayList<>(List.of("kill", "-" + name));
    command.addAll(processes);
    assertThat(new ProcessBuilder(command).start().waitFor()).isZero();
  }
}
