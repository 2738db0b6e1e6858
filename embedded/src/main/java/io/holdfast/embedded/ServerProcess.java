package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.io.IOException;
import java.io.InputStream;
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
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A server's process, the folder it lives in, and the keeper: a shell that waits for the end of its
 * standard input, which comes with the end of this JVM however it ends, and then ends the server
 * and removes the folder.
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

  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);
  private static final long POLL_MILLIS = 10;
  private static final int OUTPUT_LINES = 8;
  private static final int OUTPUT_CHARS = 1_000;

  private final Path folder;
  private final Path log;
  private final String stopSignal;
  private final Process keeper;
  private final ReentrantLock keeperLine = new ReentrantLock();
  private volatile @Nullable Process process;

  private ServerProcess(Path folder, String stopSignal, Process keeper) {
    this.folder = folder;
    this.log = folder.resolve("server.log");
    this.stopSignal = stopSignal;
    this.keeper = keeper;
  }

  /**
   * A new folder with its keeper, and no server yet. {@code stopSignal} ends the server at once.
   */
  static ServerProcess inNewFolder(String prefix, String stopSignal) {
    Path folder = newFolder(prefix);
    try {
      List<String> command =
          inOwnSession("sh", "-c", script("keeper.sh"), "keeper", folder.toString(), stopSignal);
      Process keeper =
          new ProcessBuilder(command)
              .directory(folder.getRoot().toFile())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      return new ServerProcess(folder, stopSignal, keeper);
    } catch (IOException e) {
      folder.toFile().delete();
      throw new EmbeddedServerException(
          "embedded servers need a POSIX shell: " + e.getMessage(), e);
    }
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

  /**
   * So that Ctrl-C in a terminal reaches the JVM alone, and its shutdown hooks still find the
   * server.
   */
  private static List<String> inOwnSession(String... command) {
    List<String> all = new ArrayList<>();
    OnPath.find("setsid").ifPresent(setsid -> all.add(setsid.toString()));
    all.addAll(List.of(command));
    return all;
  }

  private static String script(String name) throws IOException {
    try (InputStream in = ServerProcess.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException(name + " is missing beside the class files");
      }
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  Path folder() {
    return folder;
  }

  /** Starts the command in the folder; what it prints is appended to the log there. */
  void start(List<String> command) {
    try {
      List<String> all = inOwnSession("sh", "-c", script("server.sh"), "server");
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
        tellKeeper("pid " + started.pid());
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
    if (ended == process) {
      try {
        tellKeeper("pid");
      } catch (IOException keeperIsGone) {
        // Then nobody is left to misuse the number.
      }
    }
  }

  private void tellKeeper(String line) throws IOException {
    keeperLine.lock();
    try {
      OutputStream out = keeper.getOutputStream();
      out.write((line + "\n").getBytes(UTF_8));
      out.flush();
    } finally {
      keeperLine.unlock();
    }
  }

  /**
   * Waits the moment between two looks at a starting server; throws if the server ended meanwhile.
   */
  void pollUnlessEnded(String server) {
    if (endsWithin(server, POLL_MILLIS)) {
      throw new EmbeddedServerException(
          server + " ended at once with exit code " + exitCode() + ": " + output());
    }
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

  EmbeddedServerException tooLate(String server) {
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

  /** The last lines that the server printed, as one line. */
  String output() {
    String all;
    try (Stream<String> lines = Files.lines(log, ISO_8859_1)) {
      List<String> printed =
          lines.map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.toList());
      int from = Math.max(0, printed.size() - OUTPUT_LINES);
      all = String.join(" | ", printed.subList(from, printed.size()));
    } catch (IOException | UncheckedIOException e) {
      return "it printed nothing";
    }
    if (all.isEmpty()) {
      return "it printed nothing";
    }
    return all.length() <= OUTPUT_CHARS ? all : "... " + all.substring(all.length() - OUTPUT_CHARS);
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
    if (!isRunning()) {
      return;
    }
    try {
      Process kill =
          new ProcessBuilder("sh", "-c", "kill -\"$1\" \"$2\"", "kill", name, Long.toString(pid()))
              .start();
      kill.onExit().join();
    } catch (IOException e) {
      throw new EmbeddedServerException("signal " + name + " cannot be sent: " + e.getMessage(), e);
    }
  }

  /** SIGSTOP; returns when the server stands still, where the system tells (Linux). */
  void pause() {
    signal("STOP");
    Path state = Path.of("/proc", Long.toString(pid()), "stat");
    long end = System.nanoTime() + STOP_LIMIT.toNanos();
    while (isRunning() && Files.exists(state) && !isStopped(state) && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static boolean isStopped(Path state) {
    try {
      String line = Files.readString(state, ISO_8859_1);
      return line.startsWith(
          " T", line.lastIndexOf(')') + 1); // the name before it may hold anything
    } catch (IOException ended) {
      return true;
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
    try (OutputStream out = keeper.getOutputStream()) {
      tellKeeper("done");
    } catch (IOException keeperIsGone) {
      // Gone or going: what it would have done is done.
    }
    keeper.onExit().join();
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
