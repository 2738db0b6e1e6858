package io.holdfast.cli.race;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.cli.UsualSignals;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A race that is ended from outside, at the worst moment: while a worker stands stopped. */
@EnabledOnOs(OS.LINUX) // looks into /proc
@Tag("slow")
class RaceEndTest {

  private static final Duration LONG_ENOUGH = Duration.ofSeconds(60);

  /** Where everything goes that the race makes, and by which its processes are known. */
  @TempDir Path temporary;

  @TempDir Path outputs;

  /** What runs as the command. */
  static final class Main {
    public static void main(String[] args) {
      System.exit(new CommandLine(new RaceCommand()).execute(args));
    }
  }

  @Test
  void ctrlCLeavesNothingBehindAndSaysNothing() throws Exception {
    Process race = start();
    awaitStoppedWorker(race);
    signal("INT", race);

    assertThat(race.waitFor(LONG_ENOUGH.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(race.exitValue()).isEqualTo(130);
    assertThat(Files.readString(outputs.resolve("err"))).isEmpty();
    assertThat(Files.readString(outputs.resolve("out"))).isEmpty();
    awaitNothingLeft();
  }

  @Test
  void evenAKilledRaceLeavesNothingBehind() throws Exception {
    Process race = start();
    awaitStoppedWorker(race);
    race.destroyForcibly().waitFor();

    awaitNothingLeft();
  }

  @Test
  void aWorkerThatDiesUncalledForEndsTheRaceInOneLine() throws Exception {
    Process race = start();
    ProcessHandle worker = awaitStoppedWorker(race);
    worker.destroyForcibly();

    assertThat(race.waitFor(LONG_ENOUGH.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(race.exitValue()).isEqualTo(1);
    assertThat(Files.readString(outputs.resolve("err"))).hasLineCount(1).contains("worker");
    awaitNothingLeft();
  }

  @Test
  void whereNoServerCanBeStartedOneLineSaysWhyAndWhatToDo() throws Exception {
    temporary = temporary.resolve("absent");
    Process race = start();

    assertThat(race.waitFor(LONG_ENOUGH.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(race.exitValue()).isEqualTo(69);
    assertThat(Files.readString(outputs.resolve("err")))
        .hasLineCount(1)
        .contains("absent")
        .contains("--store redis://");
  }

  private Process start() throws IOException {
    List<String> command = new ArrayList<>(UsualSignals.WORDS);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Djava.io.tmpdir=" + temporary,
            "-XX:-UsePerfData",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "--workers=3",
            "--merges=1"));
    return new ProcessBuilder(command)
        .redirectOutput(outputs.resolve("out").toFile())
        .redirectError(outputs.resolve("err").toFile())
        .start();
  }

  private static ProcessHandle awaitStoppedWorker(Process race) {
    return await()
        .atMost(LONG_ENOUGH)
        .pollInterval(Duration.ofMillis(5))
        .until(
            () -> race.children().filter(RaceEndTest::isStopped).findFirst(), Optional::isPresent)
        .orElseThrow();
  }

  private static boolean isStopped(ProcessHandle process) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
      return stat.substring(stat.lastIndexOf(')')).startsWith(") T");
    } catch (IOException ended) {
      return false;
    }
  }

  private static void signal(String name, Process process) throws Exception {
    new ProcessBuilder("sh", "-c", "kill -s " + name + " " + process.pid()).start().waitFor();
  }

  private void awaitNothingLeft() {
    await()
        .atMost(LONG_ENOUGH)
        .untilAsserted(
            () -> {
              assertThat(processes()).isEmpty();
              assertThat(temporary).isEmptyDirectory();
            });
  }

  /** Every process that has to do with the folder. */
  private List<String> processes() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      return all.filter(path -> path.getFileName().toString().matches("[0-9]+"))
          .map(path -> read(path.resolve("cmdline")))
          .filter(line -> line.contains(temporary.toString()))
          .toList();
    }
  }

  private static String read(Path file) {
    try {
      return new String(Files.readAllBytes(file), UTF_8).replace('\0', ' ');
    } catch (IOException | UncheckedIOException ended) {
      return "";
    }
  }
}
