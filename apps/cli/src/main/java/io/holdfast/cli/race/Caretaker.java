package io.holdfast.cli.race;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * A shell beside this process that ends the workers and removes the race's folder, as soon as its
 * stdin ends: when it is closed, and also when this process is killed. A worker that stands stopped
 * could not see the latter itself.
 *
 * <p>Thread-safe.
 */
final class Caretaker implements AutoCloseable {

  private final Path folder;
  private final Process shell;
  private final ReentrantLock line = new ReentrantLock();

  private Caretaker(Path folder, Process shell) {
    this.folder = folder;
    this.shell = shell;
  }

  static Caretaker start() throws RaceException {
    try {
      Path folder = Files.createTempDirectory("holdfast-race-");
      List<String> command = apartFromTerminal();
      command.addAll(
          List.of("sh", "-c", Resource.text("caretaker.sh"), "caretaker", folder.toString()));
      Process shell =
          new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      return new Caretaker(folder, shell);
    } catch (IOException e) {
      throw RaceException.broken("the race needs a folder and a POSIX shell: " + e.getMessage());
    }
  }

  /** The beginning of a command that Ctrl-C in the terminal is not to reach: it is for us. */
  static List<String> apartFromTerminal() {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    boolean canBe =
        Stream.of(path.split(File.pathSeparator))
            .anyMatch(place -> Files.isExecutable(Path.of(place, "setsid")));
    return canBe ? new ArrayList<>(List.of("setsid")) : new ArrayList<>();
  }

  /** Where the race keeps its files. */
  Path folder() {
    return folder;
  }

  void hasStarted(long worker) throws RaceException {
    tell("+ " + worker);
  }

  /** The number may soon be another process's. */
  void hasEnded(long worker) throws RaceException {
    tell("- " + worker);
  }

  private void tell(String text) throws RaceException {
    line.lock();
    try {
      OutputStream in = shell.getOutputStream();
      in.write((text + "\n").getBytes(UTF_8));
      in.flush();
    } catch (IOException e) {
      throw RaceException.broken("the shell that looks after the workers is gone");
    } finally {
      line.unlock();
    }
  }

  /** Returns when no worker and no folder is left. */
  @Override
  public void close() throws IOException {
    line.lock();
    try {
      shell.getOutputStream().close();
    } finally {
      line.unlock();
    }
    shell.onExit().orTimeout(10, TimeUnit.SECONDS).join();
  }
}
