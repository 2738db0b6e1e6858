package io.holdfast;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * A lock you hold. Close it to give the lock back.
 *
 * <p>The lease is renewed in the background until it is closed. If it cannot be renewed in time it
 * is <em>lost</em>: another process may hold the lock, and nothing done from then on is protected
 * by it. A block that ends normally was protected from start to end, as far as is known:
 *
 * <pre>{@code
 * try (Lease lease = locks.acquire("machine:42")) {
 *   machines.merge(report, lease.token());
 * } // LeaseLostException here if the protection had ended before the block did
 * }</pre>
 *
 * <p>It is not known that the store ended the lease early (a failover, a flush, a deletion by hand)
 * if no renewal was due since and the release has no answer, or one that comes when the lease would
 * be over anyway; or if another caller of this process took the lock over, for which the store is
 * not asked. The token is for these cases, too.
 *
 * <p>No lock can stop a holder that was paused past the end of its lease and then writes. Give
 * {@link #token()} to the resource and let it refuse a smaller one.
 *
 * <p>All times are counted by this process's own monotonic clock from before the question was sent
 * that the store answered, less a hundredth of the lease and 2 ms, so that this process gives up no
 * later than the store does.
 *
 * <p>Thread-safe. A lease belongs to whoever has the reference, not to a thread. A lease whose
 * reference is gone is no longer renewed, and the listener is told.
 */
public interface Lease extends AutoCloseable {

  /** What is locked. */
  LockName name();

  /**
   * The fencing token of this grant: greater than that of every earlier grant of the name, as long
   * as the store keeps its data. After a loss of data (a flush, a failover to a replica that lags,
   * an old snapshot) it is greater under a condition of time that docs/guarantees.md states for
   * each store. Never changes, not even when the lease is over. Not below the store's clock in
   * microseconds since 1970, and below 2^53.
   */
  long token();

  /** Where this lease stands at this moment. */
  LeaseState state();

  /**
   * Whether the lock is ours at this moment, from the clock as read by this call: false from the
   * end of the lease on, whether or not any callback has run.
   */
  default boolean isHeld() {
    LeaseState now = state();
    return now == LeaseState.HELD || now == LeaseState.AT_RISK;
  }

  /** How long the lock is ours without another renewal; zero once it is not. */
  Duration remaining();

  /**
   * Asks for certainty before a step that should not be done unprotected.
   *
   * @throws LeaseLostException if the lock is not ours at this moment
   */
  default void ensureHeld() {
    if (!isHeld()) {
      throw new LeaseLostException(name(), token());
    }
  }

  /**
   * Has an action run once if this lease is lost: when its time is over, or within a third of the
   * lease after the store ended it early; at once if it is lost already; never if it is released.
   * Needs no reference to the lease to be kept; an action that refers to the lease itself keeps it
   * alive. Runs on a thread for callbacks, never on one that serves other locks. What it throws is
   * logged.
   */
  void onLost(Runnable action);

  /**
   * Gives the lock back and waits for the answer, at most one request timeout. Without an answer it
   * returns normally, because the lease had not ended by the clock; the release is repeated in the
   * background until the lease would have ended. It returns normally, too, when the store answers
   * that the lock is no longer ours but the lease is over by then: that may be its natural end. A
   * second call does nothing. An interrupted thread releases, too, and stays interrupted.
   *
   * @throws LeaseLostException if the lease had ended before this call, or the store answers in
   *     time that the lock was no longer ours
   */
  @Override
  void close();

  /**
   * {@link #close()} without a thread that waits. Completes normally, or with {@link
   * LeaseLostException}, on a thread for callbacks.
   */
  CompletableFuture<Void> closeAsync();
}
