package io.holdfast.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A shell beside this process that sends signals for it: the JDK knows neither INT nor process
 * groups. It waits ready, so that the last signal before a lease ends needs no fork (half a
 * millisecond; a fork takes 2 ms, on a busy machine 20), and it outlives us: when this process
 * dies, however it dies, the shell reads the end of its input and kills what ran under the lock,
 * children's children too.
 */
final class Keeper implements AutoCloseable {
  private final Process shell;
  private final OutputStream orders;

  private Keeper(Process shell) {
    this.shell = shell;
    this.orders = shell.getOutputStream();
  }

  /** Starts the shell, out of reach of the terminal's signals where there are sessions. */
  static Keeper start(Session session) throws IOException {
    List<String> command =
        new ArrayList<>(session.hasOwnGroup() ? Session.OWN.prefix() : List.of());
    command.addAll(List.of("sh", "-c", script()));
    return new Keeper(
        new ProcessBuilder(command)
            .redirectOutput(Redirect.DISCARD)
            .redirectError(Redirect.DISCARD)
            .start());
  }

  ProcessHandle process() {
    return shell.toHandle();
  }

  private static String script() throws IOException {
    try (InputStream text = Keeper.class.getResourceAsStream("keeper.sh")) {
      return new String(
          Objects.requireNonNull(text, "keeper.sh").readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** From now on kills these, processes by id or a group by its negative id, if we die. */
  void watch(String targets) throws IOException {
    signal("0", targets);
  }

  /** Sends a signal, and watches these targets from now on. */
  void signal(String name, String targets) throws IOException {
    order(name + " " + targets);
  }

  /** Ends the shell, which leaves alone what it watched. */
  @Override
  public void close() {
    try {
      order("leave");
    } catch (IOException e) {
      // It is gone already, and there is nothing left to do for it.
      shell.destroy();
    }
  }

  /** The shell obeys whole lines only, should we die in the middle of one. */
  private void order(String line) throws IOException {
    orders.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
    orders.flush();
  }
}
