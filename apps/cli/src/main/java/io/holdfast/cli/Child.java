package io.holdfast.cli;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The user's command, and what it starts in its process group. Not thread-safe. */
final class Child implements AutoCloseable {
  private final Process process;
  private final Session session;
  private final Keeper keeper;

  /** Where there is no group: all descendants that were seen. */
  private final Set<ProcessHandle> seen = new LinkedHashSet<>();

  private Child(Process process, Session session, Keeper keeper) {
    this.process = process;
    this.session = session;
    this.keeper = keeper;
  }

  /** Starts the command with our stdin, stdout and stderr. The calling thread must outlive it. */
  static Child start(
      List<String> command, Map<String, String> variables, Session session, Keeper keeper)
      throws IOException {
    List<String> words = new ArrayList<>(session.prefix());
    words.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(words).inheritIO();
    builder.environment().putAll(variables);
    Child child = new Child(builder.start(), session, keeper);
    child.beWatched();
    return child;
  }

  private void beWatched() {
    try {
      keeper.watch(targets());
    } catch (IOException e) {
      // Somebody has killed the keeper. A moment later we would not hear of it before a signal is
      // due, and signals then go another way; the command runs, and here must not be lost sight of.
    }
  }

  /** Runs the action once the command has ended, on another thread. */
  void onEnd(Runnable action) {
    var unused = process.onExit().thenRun(action);
  }

  /** The command's exit code, 128 and the number if a signal ended it. It has to have ended. */
  int exitCode() {
    return process.exitValue();
  }

  /** Sends a signal to the command and all of its group. */
  void signal(String name) {
    try {
      keeper.signal(name, targets());
    } catch (IOException e) {
      signalWithoutKeeper(name);
    }
  }

  /**
   * Somebody has killed the keeper. KILL may not wait for a fork, which reaches those of the group
   * whose parent has ended; of the other signals the JDK knows only TERM.
   */
  private void signalWithoutKeeper(String name) {
    if (name.equals("KILL")) {
      handles().forEach(ProcessHandle::destroyForcibly);
    }
    try {
      kill(name);
    } catch (IOException e) {
      handles().forEach(ProcessHandle::destroy);
    }
  }

  /** Whether the command itself has not ended. */
  boolean isRunning() {
    return process.isAlive();
  }

  /** Whether anything may be left of the group. Forks: not for moments that count. */
  boolean mayHaveSurvivors() throws InterruptedException {
    if (!session.hasOwnGroup()) {
      return handles().findAny().isPresent();
    }
    try {
      return kill("0").waitFor() == 0;
    } catch (IOException e) {
      return true;
    }
  }

  /** A fork, to which signal 0 is a question. The targets are several words without a group. */
  private Process kill(String name) throws IOException {
    return new ProcessBuilder("sh", "-c", "kill -s " + name + " -- " + targets())
        .redirectError(Redirect.DISCARD)
        .start();
  }

  /** Makes sure that the command has ended: kills it if it has not. */
  @Override
  public void close() throws InterruptedException {
    if (process.isAlive()) {
      signal("KILL");
      // What waits for a dead disk dies only when its wait ends, which may be never.
      process.waitFor(10, TimeUnit.SECONDS);
    }
  }

  private String targets() {
    return session.hasOwnGroup()
        ? "-" + process.pid()
        : handles().map(handle -> Long.toString(handle.pid())).collect(Collectors.joining(" "));
  }

  private Stream<ProcessHandle> handles() {
    seen.add(process.toHandle());
    process.descendants().forEach(seen::add);
    return seen.stream().filter(ProcessHandle::isAlive);
  }
}
