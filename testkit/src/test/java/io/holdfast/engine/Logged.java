package io.holdfast.engine;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** What Holdfast logs while this is open, kept here and printed nowhere. Thread-safe. */
final class Logged implements AutoCloseable {

  private final Logger log = Logger.getLogger("io.holdfast");
  private final List<LogRecord> records = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord entry) {
          records.add(entry);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  Logged() {
    log.addHandler(handler);
    log.setUseParentHandlers(false);
  }

  /** The texts of a level, in order. */
  List<String> texts(Level level) {
    SimpleFormatter formatter = new SimpleFormatter();
    return records(level).stream().map(formatter::formatMessage).toList();
  }

  /** What was logged of a level, in order. */
  List<LogRecord> records(Level level) {
    return records.stream().filter(entry -> entry.getLevel().equals(level)).toList();
  }

  @Override
  public void close() {
    log.removeHandler(handler);
    log.setUseParentHandlers(true);
  }
}
