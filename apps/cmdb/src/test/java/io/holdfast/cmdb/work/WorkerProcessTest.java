package io.holdfast.cmdb.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.cmdb.ingest.Settings;
import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.report.Value;
import io.holdfast.cmdb.store.Database;
import io.holdfast.cmdb.work.WorkerProcess.Word;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.embedded.EmbeddedRedis;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class WorkerProcessTest {

  private static final Duration LIMIT = Duration.ofMinutes(2);

  private final Queue<Word> words = new ConcurrentLinkedQueue<>();

  private static Report report(String serial) throws Exception {
    return Report.of(
        "a-test",
        Instant.now(),
        List.of(Key.of(Key.Kind.SERIAL, serial).orElseThrow()),
        Map.of("note", Value.of("x")));
  }

  private boolean heard(Class<? extends Word> word) {
    return words.stream().anyMatch(word::isInstance);
  }

  /** From now on, on connections that are open, too. */
  private static void refuseAll(EmbeddedRedis redis) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), redis.port())) {
      socket
          .getOutputStream()
          .write("ACL SETUSER default -@all\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(socket.getInputStream().readNBytes(3), StandardCharsets.US_ASCII))
          .isEqualTo("+OK");
    }
  }

  @Test
  @Tag("slow")
  void whatItCannotGoOnForIsSaidThoughNoOrderFollows() throws Exception {
    try (EmbeddedPostgreSql postgres = EmbeddedPostgreSql.start();
        EmbeddedRedis redis = EmbeddedRedis.start();
        Database database = Database.openToMerge(postgres.jdbcUrl(), 2)) {
      assertThat(database).as("its tables are there").isNotNull();
      try (WorkerProcess worker =
          WorkerProcess.start(
              postgres.jdbcUrl(), redis.url(), Settings.DEFAULTS.workers(1), true, words::add)) {
        worker.give(report("first"), 1);
        await().atMost(LIMIT).until(() -> heard(Word.Acknowledged.class));
        refuseAll(redis);
        worker.give(report("second"), 2);
        await().atMost(LIMIT).until(() -> heard(Word.Ended.class));
        assertThat(words)
            .anySatisfy(
                word ->
                    assertThat(word)
                        .isInstanceOfSatisfying(
                            Word.Failed.class,
                            failed -> assertThat(failed.why()).contains("the lock store refuses")));
      }
    }
  }

  /** Its orders come one after the other: it hears the last if all reports before have room. */
  @Test
  @Tag("slow")
  void howMuchItTakesAheadIsWhatItWasToldToTake() throws Exception {
    Settings much = Settings.DEFAULTS.workers(1).batch(10).ahead(64);
    int reports = 500;
    assertThat(much.inFlight()).isGreaterThan(reports);
    assertThat(much.ahead(Settings.DEFAULTS.ahead()).inFlight()).isLessThan(reports);
    try (EmbeddedPostgreSql postgres = EmbeddedPostgreSql.start();
        EmbeddedRedis redis = EmbeddedRedis.start();
        Database database = Database.openToMerge(postgres.jdbcUrl(), 2)) {
      assertThat(database).as("its tables are there").isNotNull();
      try (WorkerProcess worker =
          WorkerProcess.start(postgres.jdbcUrl(), redis.url(), much, true, words::add)) {
        worker.holdNext();
        for (int i = 0; i < reports; i++) {
          worker.give(report("s" + i), i);
        }
        worker.askCounts();
        await().atMost(LIMIT).until(() -> heard(Word.Standing.class) && heard(Word.Counted.class));
        assertThat(heard(Word.Acknowledged.class)).isFalse();
      }
    }
  }
}
