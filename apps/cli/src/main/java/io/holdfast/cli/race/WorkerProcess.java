package io.holdfast.cli.race;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A worker's process as the parent sees it: orders go in, reports come out, and it can be stopped,
 * continued and killed.
 *
 * <p>A worker ends when its stdin ends, so it does not outlive this JVM however that ends; the
 * {@link Caretaker} sees to one that stands stopped. For one thread.
 */
final class WorkerProcess {

  /** Beyond this the worker or its server hangs. */
  static final Duration SILENCE = Duration.ofSeconds(60);

  private final int number;
  private final Process process;
  private final Path log;
  private final Caretaker caretaker;
  private final BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();

  private WorkerProcess(int number, Process process, Path log, Caretaker caretaker) {
    this.number = number;
    this.process = process;
    this.log = log;
    this.caretaker = caretaker;
  }

  /**
   * Starts one.
   *
   * @param number its number
   * @param caretaker sees to its end
   * @param arguments of {@link Worker}
   */
  static WorkerProcess start(int number, Caretaker caretaker, List<String> arguments)
      throws RaceException {
    List<String> command = Caretaker.apartFromTerminal();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            // Small and quickly there; and no file in /tmp that a kill would leave behind.
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-cp",
            System.getProperty("java.class.path"),
            Worker.class.getName()));
    command.addAll(arguments);
    Path log = caretaker.folder().resolve("worker-" + number + ".log");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      caretaker.hasStarted(process.pid());
      WorkerProcess worker = new WorkerProcess(number, process, log, caretaker);
      worker.listen();
      return worker;
    } catch (IOException e) {
      throw RaceException.broken("a worker cannot be started: " + e.getMessage());
    }
  }

  private void listen() {
    Thread reader =
        new Thread(
            () -> {
              try (BufferedReader reports = process.inputReader(UTF_8)) {
                reports.lines().forEach(line -> lines.add(Optional.of(line)));
              } catch (IOException | UncheckedIOException ended) {
                // As good as an end.
              }
              lines.add(Optional.empty());
            },
            "race-worker-" + number);
    reader.setDaemon(true);
    reader.start();
  }

  int number() {
    return number;
  }

  void order(String... words) throws RaceException, InterruptedException {
    try {
      OutputStream in = process.getOutputStream();
      in.write((String.join("\t", words) + "\n").getBytes(UTF_8));
      in.flush();
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
    try {
      return Files.readAllLines(log, UTF_8).stream()
          .filter(line -> !line.startsWith("\t")) // where in the code
          .reduce((earlier, later) -> later)
          .map(line -> ": " + line)
          .orElse("");
    } catch (IOException none) {
      return "";
    }
  }

  void stop() throws RaceException, InterruptedException {
    signal("STOP");
  }

  void goOn() throws RaceException, InterruptedException {
    signal("CONT");
  }

  /** By the shell, of which {@code kill} is a part, so that no further program has to be there. */
  private void signal(String name) throws RaceException, InterruptedException {
    if (!process.isAlive()) {
      throw gone();
    }
    try {
      Process shell =
          new ProcessBuilder(
                  "sh", "-c", "kill -s \"$0\" \"$1\"", name, Long.toString(process.pid()))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (shell.waitFor() != 0) {
        throw RaceException.broken("worker %d does not take SIG%s".formatted(number, name));
      }
    } catch (IOException e) {
      throw RaceException.broken("a POSIX shell is needed to pause workers: " + e.getMessage());
    }
  }

  /** SIGKILL; returns when it is gone. */
  void kill() throws RaceException {
    process.destroyForcibly().onExit().join();
    caretaker.hasEnded(process.pid());
  }
}
