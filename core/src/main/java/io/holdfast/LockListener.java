package io.holdfast;

/**
 * Is told what happens to locks: for metrics, logs and tests.
 *
 * <p>Called on a thread for callbacks, one event after the other for each {@link Locks}, in the
 * order in which they happened to a lock. It may block without harm to any lease; when more than
 * 10,000 events wait for it, further ones are dropped and their number is logged. What it throws is
 * logged.
 */
@FunctionalInterface
public interface LockListener {
  /** Something happened. */
  void on(LockEvent event);
}
