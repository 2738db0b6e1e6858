package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.LONG;
import static io.holdfast.jdbc.TestDatabase.PATIENT;
import static io.holdfast.jdbc.TestDatabase.answer;
import static io.holdfast.jdbc.TestDatabase.asking;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.BackendException;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.testkit.RealTime;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class PostgreSqlSessionTest extends SessionTest {

  PostgreSqlSessionTest() {
    super(
        SessionServer.of(
            EmbeddedPostgreSql.builder()
                .setting("shared_preload_libraries", "pg_stat_statements")
                .start()),
        1);
    server().database().run("create extension pg_stat_statements");
  }

  @Override
  long statements() {
    return Long.parseLong(
        server()
            .database()
            .rows(
                "select coalesce(sum(calls), 0) from pg_stat_statements"
                    + " where query like '%holdfast_lock%' and query not like '%pg_stat_statements%'"
                    + " or query like '%pg_advisory_unlock%' or query like '%objsubid%pg_backend_pid%'")
            .get(0));
  }

  @Test
  void stuckSessionKeepsItsLocksAndHoldsUpNobodyElse() throws Exception {
    RealTime time = new RealTime();
    try (LockBackend backend = server().open(LONG, time)) {
      Claim held = newClaim();
      granted(backend, held);
      String process = server().holders(held.name()).get(0);
      signal("STOP", process);
      Claim wanted = newClaim();
      CompletableFuture<Attempt> stuck = backend.ask(asking(wanted)).toCompletableFuture();
      awaitPut();
      time.pass(PATIENT.plusNanos(1));
      assertThat(answer(backend.ask(asking(wanted)))).isInstanceOf(Attempt.Granted.class);
      assertThat(stuck).isNotDone();
      assertThat(server().holders(wanted.name())).doesNotContain(process);
      signal("CONT", process);
      assertThat(renew(backend, held)).isInstanceOf(Renewal.Renewed.class);
      assertThat(renew(backend, wanted)).isInstanceOf(Renewal.Renewed.class);
      assertThatThrownBy(() -> answer(stuck)).hasCauseInstanceOf(BackendException.class);
      assertThat(server().holders(wanted.name())).hasSize(1).doesNotContain(process);
      assertThat(release(backend, held)).isEqualTo(Release.RELEASED);
      await().atMost(LIMIT).until(() -> !server().sessions().contains(process)); // it is retired
    }
  }

  private static void signal(String name, String process) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, process).start();
    assertThat(kill.waitFor()).isZero();
  }

  @Override
  SessionServer start() {
    return SessionServer.of(EmbeddedPostgreSql.builder().setting("scram_iterations", "1").start());
  }
}
