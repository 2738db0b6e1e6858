package io.holdfast.engine;

import io.holdfast.LockEvent;
import io.holdfast.LockListener;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Tells log and listener what happened, in order and away from the threads that serve locks. Losses
 * are logged whether or not anyone listens, and however slow a listener is. Thread-safe.
 */
final class Announcer {

  private static final Logger LOG = System.getLogger("io.holdfast");
  private static final int MOST_WAITING = 10_000;
  private static final int MOST_WARNINGS = 1_000;

  private final Optional<LockListener> listener;
  private final Mailbox toListener;
  private final Mailbox toLog;
  private final Set<String> warnings = ConcurrentHashMap.newKeySet();
  private final AtomicLong dropped = new AtomicLong();

  Announcer(Optional<LockListener> listener, Executor callbacks) {
    this.listener = listener;
    this.toListener = Mailbox.of(callbacks);
    this.toLog = Mailbox.of(callbacks);
  }

  void announce(LockEvent event) {
    String text = textOf(event);
    if (!text.isEmpty() && toLog.size() < MOST_WAITING) {
      toLog.post(() -> LOG.log(Level.WARNING, text));
    }
    if (listener.isPresent()) {
      if (toListener.size() < MOST_WAITING) {
        toListener.post(() -> tell(listener.get(), event));
      } else {
        dropped.incrementAndGet();
      }
    }
  }

  /** Each text once. */
  void warn(String text) {
    if (warnings.size() < MOST_WARNINGS && warnings.add(text)) {
      announce(new LockEvent.Warning(text));
    }
  }

  private void tell(LockListener told, LockEvent event) {
    long missed = dropped.getAndSet(0);
    if (missed > 0) {
      LOG.log(Level.WARNING, "The lock listener is too slow: " + missed + " events were dropped");
    }
    guarded("a lock listener", () -> told.on(event));
  }

  /** What the log says without being asked to; empty if nothing. */
  private static String textOf(LockEvent event) {
    if (event instanceof LockEvent.Lost lost) {
      return "Lease lost (%s): %s, token %s, after %s"
          .formatted(lost.cause(), lost.name(), lost.token(), lost.held());
    }
    if (event instanceof LockEvent.Leaked leaked) {
      return "Lease never closed, and not renewed any more: %s, token %s"
          .formatted(leaked.name(), leaked.token());
    }
    return event instanceof LockEvent.Warning warning ? warning.text() : "";
  }

  /**
   * Runs code whose failure must not stop its caller, and logs that failure; whether it succeeded.
   */
  static boolean guarded(String what, Runnable code) {
    try {
      code.run();
      return true;
    } catch (RuntimeException | Error e) {
      try {
        LOG.log(Level.ERROR, "Failure in " + what, e);
      } catch (RuntimeException | Error logging) {
        e.addSuppressed(logging); // nothing is left to tell it to
      }
      return false;
    }
  }
}
