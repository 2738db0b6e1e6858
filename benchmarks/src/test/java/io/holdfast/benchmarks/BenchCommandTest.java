package io.holdfast.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class BenchCommandTest {

  private final StringWriter out = new StringWriter();

  @TempDir Path folder;

  @Test
  @Tag("slow")
  void everyMethodHasItsRowInTableAndJson() throws Exception {
    Path json = folder.resolve("figures.json");

    int exitCode =
        run(
            "--quick",
            "--only=C1,C2,C3,C4",
            "--machines=30",
            "--single=30",
            "--batched=60",
            "--rounds=1",
            "--mix-millis=200",
            "--json",
            json.toString());

    assertThat(exitCode).isZero();
    assertThat(out.toString())
        .contains("fsync on", "full_page_writes on", "synchronous_commit on")
        .contains("C1 single", "C1 batched", "C2 ", "C3 ", "C4 first sweep", "C4 second sweep")
        .contains("no lock", "SELECT ... FOR UPDATE", "versions, retried", "(ours)");
    JsonNode rows = new ObjectMapper().readTree(json.toFile());
    List<String> tables = new ArrayList<>();
    for (JsonNode row : rows) {
      tables.add(row.path("table").textValue().substring(0, 2));
      assertThat(row.path("perSecond").doubleValue()).isPositive();
      assertThat(row.path("p99Millis").doubleValue())
          .isGreaterThanOrEqualTo(row.path("p50Millis").doubleValue());
      if (!row.path("method").textValue().equals("no lock")) {
        assertThat(row.path("lost").longValue()).isZero();
      }
    }
    assertThat(tables)
        .containsExactly(
            "C1", "C1", "C1", "C1", "C1", "C1", "C1", "C1", "C2", "C2", "C2", "C2", "C3", "C3",
            "C3", "C3", "C4", "C4");
  }

  @Test
  void onlyTheWantedStoresAreMeasured() throws Exception {
    Path json = folder.resolve("locks.json");

    int exitCode =
        run(
            "--only=S9",
            "--store=memory,redis",
            "--rounds=1",
            "--lock-millis=2",
            "--json",
            json.toString());

    assertThat(exitCode).isZero();
    assertThat(new ObjectMapper().readTree(json.toFile()))
        .extracting(row -> row.path("method").textValue())
        .containsOnly("thread: ReentrantLock", "memory (ours)", "Redis (ours)");
  }

  @Test
  @Tag("slow")
  void everyStoreHasItsRowsAndNoneOfTheirLocksLosesAnUpdate() throws Exception {
    Path json = folder.resolve("locks.json");

    int exitCode = run("--only=S9", "--rounds=1", "--lock-millis=2", "--json", json.toString());

    assertThat(exitCode).isZero();
    List<String> methods = new ArrayList<>();
    for (JsonNode row : new ObjectMapper().readTree(json.toFile())) {
      methods.add(row.path("method").textValue());
      assertThat(row.path("lost").longValue()).as(row.toString()).isZero();
      assertThat(row.path("p99Millis").doubleValue()).isPositive();
    }
    List<String> stores =
        List.of("thread", "memory", "file", "Redis", "PostgreSQL", "ZooKeeper", "etcd");
    for (String store : stores) {
      boolean leftOut = out.toString().contains(store + ": left out");
      assertThat(methods.stream().anyMatch(method -> method.startsWith(store)))
          .as(store)
          .isEqualTo(!leftOut);
    }
    assertThat(out.toString()).contains("S9 free: 1 thread", "S9 free: 16", "S9 hot: 16");
    assertThat(out.toString().lines().dropWhile(line -> !line.startsWith("S9")))
        .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
  }

  @Test
  void aWorkloadThatIsNoneIsWrongUsage() {
    assertThat(run("--only", "C9")).isEqualTo(64);
  }

  private int run(String... args) {
    return new CommandLine(new BenchCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(new StringWriter()))
        .execute(args);
  }
}
