package io.holdfast.cli;

import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** What the library and its dependencies log: warnings, one line each, on stderr. */
final class Warnings {
  private static final Logger ROOT = Logger.getLogger("");

  /** Kept, because the log manager would let a logger go, and its level with it. */
  private static final Logger HOLDFAST = Logger.getLogger("io.holdfast");

  private Warnings() {}

  /** Replaces the handlers of java.util.logging, which System.Logger writes to. */
  static void toStderr() {
    LogManager.getLogManager().reset();
    ROOT.setLevel(Level.SEVERE);
    HOLDFAST.setLevel(Level.WARNING);
    ROOT.addHandler(new Lines());
  }

  private static final class Lines extends Handler {
    private static final Formatter FORMATTER = new SimpleFormatter();

    @Override
    public void publish(LogRecord event) {
      System.err.println("holdfast: " + Failures.oneLine(FORMATTER.formatMessage(event)));
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
