package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Another JVM with this one's class path and, unless its options say otherwise, its {@code
 * TieredStopAtLevel}: lines go in, lines come out, and it can be stopped, continued and killed. It
 * does not outlive this JVM however that ends, even if it stands stopped; a terminal's Ctrl-C does
 * not reach it. It works in a folder of its own, which goes with it.
 *
 * <p>Thread-safe.
 */
public final class ChildJvm implements AutoCloseable {

  private final Path folder;
  private final Path log;
  private final Keeper keeper;
  private final Process process;
  private final ReentrantLock input = new ReentrantLock();

  private ChildJvm(Path folder, Path log, Keeper keeper, Process process) {
    this.folder = folder;
    this.log = log;
    this.keeper = keeper;
    this.process = process;
  }

  /**
   * Starts one.
   *
   * @param main the class whose {@code main} it runs
   * @param options of the JVM
   * @param environment variables beside those of this process
   * @param lines is told each line of its standard output, on a thread of this child's own, and
   *     nothing last, when there are no more
   * @throws EmbeddedServerException if it cannot be started
   */
  public static ChildJvm start(
      Class<?> main,
      List<String> options,
      List<String> arguments,
      Map<String, String> environment,
      Consumer<Optional<String>> lines) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(compilers());
    command.addAll(options);
    command.addAll(List.of("-cp", absoluteClassPath(), main.getName()));
    command.addAll(arguments);
    try {
      Path folder = Files.createTempDirectory("holdfast-child-");
      Path log = folder.resolve("err.log");
      Keeper keeper = Keeper.ofOwn(folder);
      ProcessBuilder builder =
          new ProcessBuilder(Keeper.inOwnSession(command.toArray(String[]::new)))
              .directory(folder.toFile())
              .redirectError(log.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      keeper.tell("server " + process.pid() + " KILL");
      ChildJvm child = new ChildJvm(folder, log, keeper, process);
      child.listen(main.getSimpleName(), lines);
      return child;
    } catch (IOException e) {
      throw new EmbeddedServerException("no other JVM can be started: " + e.getMessage(), e);
    }
  }

  /** Where the quick compiler alone is enough for the parent, it is enough for the child. */
  private static List<String> compilers() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> option.startsWith("-XX:TieredStopAtLevel="))
        .toList();
  }

  /** It works elsewhere. */
  private static String absoluteClassPath() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  private void listen(String name, Consumer<Optional<String>> lines) {
    Thread reader =
        new Thread(
            () -> {
              try (BufferedReader out = process.inputReader(UTF_8)) {
                for (String line; (line = out.readLine()) != null; ) {
                  lines.accept(Optional.of(line));
                }
              } catch (IOException | UncheckedIOException ended) {
                // As good as an end.
              } finally {
                lines.accept(Optional.empty());
              }
            },
            "child-" + name + "-" + process.pid());
    reader.setDaemon(true);
    reader.start();
  }

  /**
   * Writes a line to its standard input.
   *
   * @throws IOException if it is gone
   */
  public void send(String line) throws IOException {
    byte[] bytes = (line + "\n").getBytes(UTF_8);
    input.lock();
    try {
      OutputStream in = process.getOutputStream();
      in.write(bytes);
      in.flush();
    } finally {
      input.unlock();
    }
  }

  /** Its process id; another's as soon as it has ended. */
  public long pid() {
    return process.pid();
  }

  /** Whether it has not ended; a stopped one has not. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** SIGSTOP; returns when it stands still, where the system tells (Linux). */
  public void stop() {
    Signals.stop(process);
  }

  /** SIGCONT. */
  public void goOn() {
    Signals.send(process, "CONT");
  }

  /** SIGKILL; returns when it is gone. */
  public void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** The last line that it printed on its standard error, unless it is about where; else empty. */
  public String lastWords() {
    try (Stream<String> lines = Files.lines(log)) {
      return lines
          .filter(line -> !line.isBlank() && !line.startsWith("\t"))
          .reduce((earlier, later) -> later)
          .orElse("");
    } catch (IOException | UncheckedIOException none) {
      return "";
    }
  }

  /** Kills it if it still runs, and removes its folder. A second call does nothing. */
  @Override
  public void close() {
    kill();
    keeper.dismiss();
    try {
      if (Files.exists(folder)) {
        Folders.remove(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the folder of a child stays: " + folder, e);
    }
  }
}
