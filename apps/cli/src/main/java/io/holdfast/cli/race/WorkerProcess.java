package io.holdfast.cli.race;

import io.holdfast.embedded.ChildJvm;
import io.holdfast.embedded.EmbeddedServerException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A worker's process as the parent sees it: orders go in, reports come out, and it can be stopped,
 * continued and killed. For one thread.
 */
final class WorkerProcess implements AutoCloseable {

  /** Beyond this the worker or its server hangs. */
  static final Duration SILENCE = Duration.ofSeconds(60);

  /** Small and quickly there; and no file in /tmp that a kill would leave behind. */
  private static final List<String> OPTIONS =
      List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData");

  private final int number;
  private final ChildJvm process;
  private final BlockingQueue<Optional<String>> lines;

  private WorkerProcess(int number, ChildJvm process, BlockingQueue<Optional<String>> lines) {
    this.number = number;
    this.process = process;
    this.lines = lines;
  }

  /**
   * Starts one.
   *
   * @param number its number
   * @param arguments of {@link Worker}
   */
  static WorkerProcess start(int number, List<String> arguments) throws RaceException {
    BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();
    try {
      ChildJvm process = ChildJvm.start(Worker.class, OPTIONS, arguments, Map.of(), lines::add);
      return new WorkerProcess(number, process, lines);
    } catch (EmbeddedServerException e) {
      throw RaceException.broken("a worker cannot be started: " + e.getMessage());
    }
  }

  int number() {
    return number;
  }

  void order(String... words) throws RaceException, InterruptedException {
    try {
      process.send(String.join("\t", words));
    } catch (IOException e) {
      throw whyGone();
    }
  }

  /** Its last report, if it had the time to write one. */
  private RaceException whyGone() throws InterruptedException {
    try {
      while (true) {
        next();
      }
    } catch (RaceException why) {
      return why;
    }
  }

  /** The next report. */
  Report next() throws RaceException, InterruptedException {
    Optional<String> line = lines.poll(SILENCE.toSeconds(), TimeUnit.SECONDS);
    if (line == null) {
      throw RaceException.broken(
          "worker %d has said nothing for %d s%s"
              .formatted(number, SILENCE.toSeconds(), lastWords()));
    }
    String text = line.orElseThrow(this::gone);
    Report report =
        Report.parse(text)
            .orElseThrow(() -> RaceException.broken("worker %d said: %s".formatted(number, text)));
    if (report.kind() == Report.Kind.FAILED) {
      throw RaceException.broken("worker %d: %s".formatted(number, report.about()));
    }
    return report;
  }

  private RaceException gone() {
    return RaceException.broken("worker %d has ended%s".formatted(number, lastWords()));
  }

  private String lastWords() {
    String words = process.lastWords();
    return words.isEmpty() ? "" : ": " + words;
  }

  void stop() throws RaceException {
    mustBeAlive();
    process.stop();
  }

  void goOn() throws RaceException {
    mustBeAlive();
    process.goOn();
  }

  private void mustBeAlive() throws RaceException {
    if (!process.isAlive()) {
      throw gone();
    }
  }

  /** SIGKILL; returns when it is gone. */
  void kill() {
    process.kill();
  }

  @Override
  public void close() {
    process.close();
  }
}
