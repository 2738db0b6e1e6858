package io.holdfast.cmdb.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cmdb.ingest.Settings;
import io.holdfast.cmdb.report.Input;
import io.holdfast.cmdb.report.Origin;
import io.holdfast.cmdb.report.Payloads;
import io.holdfast.cmdb.store.Database;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.embedded.EmbeddedRedis;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo in small: three processes, two pauses, one kill. */
class DemoTest {

  private static final int MACHINES = 30;
  private static final Settings SETTINGS =
      Settings.DEFAULTS.workers(2).batch(20).oneOf(Demo.PROCESSES).leaseFor(Duration.ofSeconds(1));

  @TempDir private Path folder;

  private Result play(boolean guarded, String... files) throws Exception {
    List<String> progress = new ArrayList<>();
    try (EmbeddedPostgreSql postgres = EmbeddedPostgreSql.start();
        EmbeddedRedis redis = EmbeddedRedis.start();
        Database database = Database.open(postgres.jdbcUrl(), 3);
        Demo demo =
            new Demo(
                database,
                postgres.jdbcUrl(),
                redis.url(),
                SETTINGS,
                folder,
                guarded,
                progress::add)) {
      return demo.play(new Fleet(7, MACHINES), List.of(files));
    }
  }

  @Test
  void nothingIsLostAndTheWorstHasHappened() throws Exception {
    Path own = folder.resolve("own.jsonl");
    Files.writeString(
        own,
        "{\"source\":\"own\",\"observedAt\":\"2026-11-20T08:00:00Z\",\"keys\":{\"serial\":\"own1\"},"
            + "\"attributes\":{}}\nbroken\n");

    Result result = play(true, own.toString());

    assertThat(result.audit().findings()).isEmpty();
    assertThat(result.audit().lost()).isEmpty();
    assertThat(result.counts().leasesLost()).isGreaterThanOrEqualTo(2);
    assertThat(result.counts().staleWritesRefused()).isGreaterThanOrEqualTo(2);
    assertThat(result.deadLetters()).isEqualTo(result.broken());
    assertThat(result.audit().machines())
        .as("and this host, and those of the scenes")
        .isGreaterThan(MACHINES);
    assertThat(result.isGood()).isTrue();
  }

  @Test
  @Tag("slow")
  void withoutTheGuardTheAuditFindsWhatWasLost() throws Exception {
    Result result = play(false);

    assertThat(result.audit().lost()).hasSizeGreaterThanOrEqualTo(1);
    assertThat(result.counts().staleWritesRefused()).isZero();
    assertThat(result.isGood()).isFalse();
  }

  @Test
  void theFleetIsWhatItSays() {
    Fleet fleet = new Fleet(1, 100);
    int dead = 0;
    int reports = 0;
    for (Fleet.Payload payload : fleet.payloads()) {
      for (Input input :
          Payloads.line(payload.text().getBytes(UTF_8), new Origin("-", 1), payload.observedAt())) {
        if (input instanceof Input.Dead) {
          dead++;
        } else {
          reports++;
        }
      }
    }
    assertThat(dead).isEqualTo(fleet.broken()).isPositive();
    assertThat(reports).isEqualTo(fleet.payloads().size() - dead);
    assertThat(new Fleet(1, 100).payloads()).as("the seed decides").isEqualTo(fleet.payloads());
    assertThat(new Fleet(2, 100).payloads()).isNotEqualTo(fleet.payloads());
  }
}
