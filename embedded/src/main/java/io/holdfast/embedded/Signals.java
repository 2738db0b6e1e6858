package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Signals to processes of ours, by the shell, of which {@code kill} is a part. */
final class Signals {

  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);

  private Signals() {}

  /** Sends a signal by its short name; to nobody if the process has ended. */
  static void send(Process process, String name) {
    if (!process.isAlive()) {
      return;
    }
    try {
      Process kill =
          new ProcessBuilder(
                  "sh", "-c", "kill -\"$1\" \"$2\"", "kill", name, Long.toString(process.pid()))
              .start();
      kill.onExit().join();
    } catch (IOException e) {
      throw new EmbeddedServerException("signal " + name + " cannot be sent: " + e.getMessage(), e);
    }
  }

  /** SIGSTOP; returns when the process stands still, where the system tells (Linux). */
  static void stop(Process process) {
    send(process, "STOP");
    Path state = Path.of("/proc", Long.toString(process.pid()), "stat");
    Polling.until(() -> !process.isAlive() || isStopped(state), STOP_LIMIT);
  }

  private static boolean isStopped(Path state) {
    if (!Files.exists(state)) {
      return true;
    }
    try {
      String line = Files.readString(state, ISO_8859_1);
      return line.startsWith(
          " T", line.lastIndexOf(')') + 1); // the name before it may hold anything
    } catch (IOException ended) {
      return true;
    }
  }
}
