package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A server's process, the folder it lives in, and the {@link Keeper} that ends the server where no
 * JVM is left to do so.
 *
 * <p>A server is started in two steps so that there is no moment at which it runs unknown to the
 * keeper: first a shell, whose pid the keeper is told, then the server in that shell's place. (The
 * parent-death signal of Linux would not do: it follows the thread that started the process, and
 * removes no folder.)
 *
 * <p>Thread-safe.
 */
final class ServerProcess implements AutoCloseable {

  /** The end of every wait for a server to start. */
  static final Duration START_LIMIT = Duration.ofSeconds(90);

  static final Duration STOP_LIMIT = Duration.ofSeconds(10);
  private static final long POLL_MILLIS = 10;
  private static final int ROOT = 0;
  private static final int OUTPUT_LINES = 8;
  private static final int MOST_ERRORS = 3;
  private static final Pattern ERROR = Pattern.compile("\\b(ERROR|FATAL|PANIC)\\b");
  private static final int OUTPUT_CHARS = 1_000;

  private final Path folder;
  private final Path log;
  private final String stopSignal;
  private final Keeper keeper;
  private volatile @Nullable Process process;

  private ServerProcess(Path folder, String name, String stopSignal, Keeper keeper) {
    this.folder = folder;
    this.log = folder.resolve(name + ".log");
    this.stopSignal = stopSignal;
    this.keeper = keeper;
  }

  /**
   * A new folder with its keeper, and no server yet. {@code stopSignal} ends the server at once.
   */
  static ServerProcess inNewFolder(String prefix, String stopSignal) {
    Path folder = newFolder(prefix);
    try {
      return new ServerProcess(folder, "server", stopSignal, Keeper.ofOwn(folder));
    } catch (IOException e) {
      folder.toFile().delete();
      throw new EmbeddedServerException(
          "embedded servers need a POSIX shell: " + e.getMessage(), e);
    }
  }

  /**
   * One of the servers of a folder that stays, not yet started; its keeper ends it, and {@link
   * #close} is not for it. It gets a new log; the former one stays beside it.
   */
  static ServerProcess inSharedFolder(Path folder, String name, String stopSignal, Keeper keeper)
      throws IOException {
    ServerProcess server = new ServerProcess(folder, name, stopSignal, keeper);
    if (Files.exists(server.log)) {
      Files.move(server.log, folder.resolve(name + ".log.old"), REPLACE_EXISTING);
    }
    return server;
  }

  private static Path newFolder(String prefix) {
    try {
      return Files.createTempDirectory(prefix); // readable by its owner alone
    } catch (IOException e) {
      throw new EmbeddedServerException(
          "no folder for the server in "
              + System.getProperty("java.io.tmpdir")
              + ": "
              + e.getMessage(),
          e);
    }
  }

  Path folder() {
    return folder;
  }

  /** Starts the command in the folder; what it prints is appended to the log there. */
  void start(List<String> command) {
    try {
      List<String> all = Keeper.inOwnSession("sh", "-c", Keeper.script("server.sh"), "server");
      all.addAll(command);
      ProcessBuilder builder =
          new ProcessBuilder(all)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
      builder
          .environment()
          .put("LC_ALL", "C"); // messages in the one language that is looked for here
      Process started = builder.start();
      try (OutputStream go =
          started.getOutputStream()) { // closed without the line, it starts nothing
        process = started;
        keeper.tell("server " + started.pid() + " " + stopSignal);
        CompletableFuture<?> unused = started.onExit().thenAccept(this::ended);
        go.write('\n');
      }
    } catch (IOException e) {
      throw new EmbeddedServerException(
          command.get(0) + " cannot be started: " + e.getMessage(), e);
    }
  }

  /** The number may soon be another process's. */
  private void ended(Process ended) {
    try {
      keeper.tell("ended " + ended.pid());
    } catch (IOException keeperIsGone) {
      // Or this JVM left it; on Linux it looks before it sends a signal.
    }
  }

  /** Whether it was root who made the folder, which is who starts the server. */
  boolean isOfRoot() {
    try {
      @Nullable Object user = Files.getAttribute(folder, "unix:uid");
      return user instanceof Integer id && id == ROOT;
    } catch (IOException e) {
      throw new EmbeddedServerException("the folder's owner cannot be read: " + e.getMessage(), e);
    }
  }

  /** Waits for the started server; one that is too late is killed. */
  void awaitReady(String server, BooleanSupplier isReady) {
    long end = System.nanoTime() + START_LIMIT.toNanos();
    do {
      if (endsWithin(server, POLL_MILLIS)) {
        throw new EmbeddedServerException(
            server + " ended at once with exit code " + exitCode() + ": " + output());
      }
      if (isReady.getAsBoolean()) {
        return;
      }
    } while (System.nanoTime() - end < 0);
    kill();
    throw tooLate(server);
  }

  /** Waits for a command that ends by itself. */
  void awaitSuccess(String command) {
    if (!endsWithin(command, START_LIMIT.toMillis())) {
      throw tooLate(command);
    }
    if (exitCode() != 0) {
      throw new EmbeddedServerException(
          command + " failed with exit code " + exitCode() + ": " + output());
    }
  }

  private EmbeddedServerException tooLate(String server) {
    return new EmbeddedServerException(
        server + " was not ready after " + START_LIMIT.toSeconds() + " s: " + output());
  }

  private boolean endsWithin(String server, long millis) {
    try {
      return current().waitFor(millis, MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EmbeddedServerException("interrupted while " + server + " was starting", e);
    }
  }

  private int exitCode() {
    return current().exitValue();
  }

  private Process current() {
    Process current = process;
    if (current == null) {
      throw new IllegalStateException("no server was started");
    }
    return current;
  }

  /** The last lines that the server printed, as one line, behind what it called an error before. */
  String output() {
    String errors;
    String all;
    try (Stream<String> lines = Files.lines(log, ISO_8859_1)) {
      List<String> printed =
          lines.map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.toList());
      int from = Math.max(0, printed.size() - OUTPUT_LINES);
      errors =
          printed.subList(0, from).stream()
              .filter(line -> ERROR.matcher(line).find())
              .limit(MOST_ERRORS)
              .map(line -> line + " | ")
              .collect(Collectors.joining());
      all = String.join(" | ", printed.subList(from, printed.size()));
    } catch (IOException | UncheckedIOException e) {
      return "it printed nothing";
    }
    if (all.isEmpty()) {
      return "it printed nothing";
    }
    return errors
        + (all.length() <= OUTPUT_CHARS
            ? all
            : "... " + all.substring(all.length() - OUTPUT_CHARS));
  }

  /** Whether that is why the server ended at once. */
  boolean foundItsPortTaken() {
    return output().contains("ddress already in use");
  }

  /** The last started server's process id; another process's as soon as that server has ended. */
  long pid() {
    return current().pid();
  }

  boolean isRunning() {
    Process current = process;
    return current != null && current.isAlive();
  }

  /** Sends a signal by its short name; to nobody if the server has ended. */
  void signal(String name) {
    if (isRunning()) {
      Signals.send(current(), name);
    }
  }

  /** SIGSTOP; returns when the server stands still, where the system tells (Linux). */
  void pause() {
    if (isRunning()) {
      Signals.stop(current());
    }
  }

  /** SIGKILL to the server and to all processes that it started; returns when they are gone. */
  void kill() {
    Process current = process;
    if (current == null) {
      return;
    }
    List<ProcessHandle> family =
        current.descendants().collect(Collectors.toCollection(ArrayList::new));
    current.destroyForcibly().onExit().join();
    family.forEach(ProcessHandle::destroyForcibly);
    family.forEach(handle -> handle.onExit().join());
  }

  /**
   * Ends the server the quick way that leaves nothing outside its folder, else by SIGKILL after 10
   * s.
   */
  void stop() {
    if (!isRunning()) {
      return;
    }
    signal(stopSignal);
    signal("CONT"); // a paused server acts on no other signal but KILL
    try {
      current().onExit().orTimeout(STOP_LIMIT.toMillis(), MILLISECONDS).join();
    } catch (CompletionException tooLate) {
      kill();
    }
  }

  /** Ends the server, removes the folder and lets the keeper go. A second call does nothing. */
  @Override
  public void close() {
    stop();
    removeFolder();
    keeper.dismiss();
  }

  private void removeFolder() {
    long end = System.nanoTime() + STOP_LIMIT.toNanos();
    while (true) {
      try {
        Folders.remove(folder);
        return;
      } catch (IOException e) { // what still dies may still write
        if (System.nanoTime() - end >= 0) {
          throw new UncheckedIOException("the folder of an embedded server stays: " + folder, e);
        }
        LockSupport.parkNanos(POLL_MILLIS * 1_000_000);
      }
    }
  }
}
