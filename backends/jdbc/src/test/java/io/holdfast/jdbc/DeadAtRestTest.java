package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.LONG;
import static io.holdfast.jdbc.TestDatabase.answer;
import static io.holdfast.jdbc.TestDatabase.asking;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Renewal;
import io.holdfast.testkit.RealTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Connections that died without a word while they were at rest: their processes stand still. */
class DeadAtRestTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final RealTime time = new RealTime();

  /**
   * With the request timeout for a limit the trial would outlast the question. Renewals have one
   * connection, which has nothing to do any more: what it did after the time has passed would have
   * it trusted.
   */
  @Test
  void renewalGoesOverANewConnectionInTime() throws Exception {
    try (TestDatabase database = TestDatabase.postgreSql()) {
      database.run(new JdbcBackendProvider().schema(database.url()).orElseThrow());
      String url = database.url("holdfast.connections=2");
      try (LockBackend backend = database.open(url, database.context(time, TIMEOUT, LONG))) {
        Claim claim = newClaim();
        answer(backend.ask(asking(claim)));
        answer(backend.renew(claim, LONG)); // overtakes what connecting has put
        Claim other = newClaim();
        answer(backend.ask(asking(other)));
        answer(backend.release(other, 0, Duration.ZERO)); // does not, so the connection is at rest
        time.pass(Duration.ofSeconds(11));
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
