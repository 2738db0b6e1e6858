package io.holdfast.specs;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tlc2.TLC;

/**
 * The model checker, each run in a JVM of its own: it keeps what it knows of a model in static
 * fields.
 */
final class Tlc {
  private static final Duration AT_MOST = Duration.ofMinutes(10);

  /** Starts quickly, which is most of the time that a small model takes. */
  private static final List<String> SMALL =
      List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1g");

  private static final List<String> LARGE = List.of("-XX:+UseParallelGC", "-Xmx3g");

  private Tlc() {}

  /**
   * Runs one model.
   *
   * @param workers the number of threads, or {@code auto}; with 1 a counter-example is a shortest
   *     one, the same every time
   * @param scratch an empty folder for all that the checker writes
   */
  static Verdict check(Model model, String workers, Path scratch)
      throws IOException, InterruptedException {
    Path output = scratch.resolve("output.txt");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(model.complete() ? LARGE : SMALL);
    command.add("-Djava.io.tmpdir=" + scratch);
    command.addAll(List.of("-cp", jar().toString(), TLC.class.getName()));
    command.addAll(List.of("-workers", workers, "-fp", "0", "-nowarning"));
    command.addAll(List.of("-metadir", scratch.resolve("states").toString()));
    command.addAll(List.of("-config", model.configuration().toString()));
    command.add(model.protocol().toString());

    long startedAt = System.nanoTime();
    Process process =
        new ProcessBuilder(command)
            .directory(scratch.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      if (!process.waitFor(AT_MOST.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError(model + " takes longer than " + AT_MOST);
      }
    } finally {
      process.destroyForcibly();
    }
    Duration took = Duration.ofNanos(System.nanoTime() - startedAt);
    return new Verdict(process.exitValue(), Files.readString(output), took);
  }

  private static Path jar() {
    try {
      return Path.of(TLC.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
