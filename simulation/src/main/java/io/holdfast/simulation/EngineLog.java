package io.holdfast.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * What the engine logs while a world runs in this thread. Losses are expected there, by the
 * million, and dropped; an exception inside of the engine is a bug, and kept. Thread-safe.
 */
final class EngineLog extends Handler {

  /** Kept, because the log manager would let a logger go, and its handler with it. */
  private static final Logger ENGINE = Logger.getLogger("io.holdfast");

  private static final ThreadLocal<List<String>> BUGS = ThreadLocal.withInitial(ArrayList::new);

  static {
    ENGINE.setLevel(Level.SEVERE);
    ENGINE.setUseParentHandlers(false);
    ENGINE.addHandler(new EngineLog());
  }

  private EngineLog() {}

  /** Forgets what was logged in this thread before. */
  static void begin() {
    BUGS.get().clear();
  }

  /** What was logged in this thread since then. */
  static List<String> bugs() {
    return List.copyOf(BUGS.get());
  }

  @Override
  public void publish(LogRecord event) {
    if (event.getLevel().intValue() >= Level.SEVERE.intValue()) {
      BUGS.get().add(event.getMessage() + ": " + event.getThrown());
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
