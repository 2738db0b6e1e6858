package io.holdfast.cmdb.report;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CollectorTest {

  private static final Instant NOW = Instant.parse("2026-11-20T08:00:00Z");

  @TempDir Path folder = Path.of("");

  @Test
  void thisMachineIsReportedAndNothingIsPrinted() throws Exception {
    PrintStream out = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, UTF_8));
    Report report;
    try {
      report = Collector.collect(NOW);
    } finally {
      System.setOut(out);
    }
    assertThat(printed.toString(UTF_8)).isEmpty();
    assertThat(report.source()).isEqualTo("collect");
    assertThat(report.observedAt()).isEqualTo(NOW);
    assertThat(report.attributes()).containsKeys("os.name", "cpu.logical", "memory.bytes");
    assertThat(ReportJson.read(Json.STRICT.readTree(ReportJson.write(report)))).isEqualTo(report);
  }

  @Test
  void machineIdItselfStaysHere() throws Exception {
    String id = "0123456789abcdef0123456789abcdef";
    Path file = Files.writeString(folder.resolve("machine-id"), id + "\n");
    assertThat(Collector.agentId(file))
        .hasValueSatisfying(
            agent -> assertThat(agent).matches("[0-9a-f]{64}").doesNotContain(id.substring(0, 8)))
        .isEqualTo(Collector.agentId(file));
  }

  @Test
  void imageOfContainerHasNoAgentIdYet() throws Exception {
    for (String content : new String[] {"", "uninitialized\n", "0123"}) {
      Path file = Files.writeString(folder.resolve("machine-id"), content);
      assertThat(Collector.agentId(file)).isEmpty();
    }
    assertThat(Collector.agentId(folder.resolve("absent"))).isEmpty();
  }
}
