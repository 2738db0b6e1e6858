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
 * Tells listener and log what happened, in order and away from the threads that serve locks. Losses
 * are logged whether or not anyone listens. Thread-safe.
 */
final class Announcer {

  private static final Logger LOG = System.getLogger("io.holdfast");
  private static final int MOST_WAITING = 10_000;
  private static final int MOST_WARNINGS = 1_000;

  private final Optional<LockListener> listener;
  private final Mailbox mailbox;
  private final Set<String> warnings = ConcurrentHashMap.newKeySet();
  private final AtomicLong dropped = new AtomicLong();

  Announcer(Optional<LockListener> listener, Executor callbacks) {
    this.listener = listener;
    this.mailbox = new Mailbox(callbacks);
  }

  void announce(LockEvent event) {
    if (listener.isEmpty() && !isLogged(event)) {
      return;
    }
    if (mailbox.size() >= MOST_WAITING) {
      dropped.incrementAndGet();
      return;
    }
    mailbox.post(() -> tell(event));
  }

  /** Each text once. */
  void warn(String text) {
    if (warnings.size() < MOST_WARNINGS && warnings.add(text)) {
      announce(new LockEvent.Warning(text));
    }
  }

  private void tell(LockEvent event) {
    long missed = dropped.getAndSet(0);
    if (missed > 0) {
      LOG.log(Level.WARNING, "The lock listener is too slow: {0} events were dropped", missed);
    }
    if (event instanceof LockEvent.Lost lost) {
      LOG.log(
          Level.WARNING,
          "Lease lost ({0}): {1}, token {2,number,#}, after {3}",
          lost.cause(),
          lost.name(),
          lost.token(),
          lost.held());
    } else if (event instanceof LockEvent.Leaked leaked) {
      LOG.log(
          Level.WARNING,
          "Lease never closed, and not renewed any more: {0}, token {1,number,#}",
          leaked.name(),
          leaked.token());
    } else if (event instanceof LockEvent.Warning warning) {
      LOG.log(Level.WARNING, () -> warning.text());
    }
    listener.ifPresent(told -> guarded("a lock listener", () -> told.on(event)));
  }

  private static boolean isLogged(LockEvent event) {
    return event instanceof LockEvent.Lost
        || event instanceof LockEvent.Leaked
        || event instanceof LockEvent.Warning;
  }

  /** Runs something whose failure must not stop its caller, and logs that failure. */
  static void guarded(String what, Runnable code) {
    try {
      code.run();
    } catch (RuntimeException | Error e) {
      LOG.log(Level.ERROR, "Failure in " + what, e);
    }
  }
}
