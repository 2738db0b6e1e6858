package io.holdfast;

import java.time.Duration;

/**
 * What happened to a lock of this process. Durations are by the monotonic clock.
 *
 * <p>Immutable, apart from the exceptions that some carry. Further kinds may come, and further
 * components: test with {@code instanceof} what you know, and let the rest pass.
 */
public sealed interface LockEvent {

  /** A lock was acquired after a wait, which includes the time of the store's answer. */
  record Acquired(LockName name, long token, Duration waited) implements LockEvent {}

  /**
   * A caller stopped waiting. The reason is what it was told: {@link LockTimeoutException}, {@link
   * BackendException} or {@link StoreRefusedException}; {@link IllegalStateException} if the locks
   * were closed; {@link java.util.concurrent.CancellationException} if the caller went away, by an
   * interrupt or the end of its future.
   */
  record NotAcquired(LockName name, Duration waited, Throwable reason) implements LockEvent {}

  /** A lease was renewed; {@code took} is from question to answer. */
  record Renewed(LockName name, long token, Duration took) implements LockEvent {}

  /** A renewal failed; it is tried again while anything remains. */
  record RenewalFailed(LockName name, long token, LockException reason, Duration remaining)
      implements LockEvent {}

  /** A lease was released, or handed over to another caller here, after it was held for a time. */
  record Released(LockName name, long token, Duration held) implements LockEvent {}

  /**
   * The store has not answered a release. It is repeated until the lease would have ended; where
   * locks end only with their process or session, until it is heard or the locks are closed.
   */
  record ReleaseUnanswered(LockName name, long token, LockException reason) implements LockEvent {}

  /** A lease ended before it was released. Also logged as a warning. */
  record Lost(LockName name, long token, Duration held, LossCause cause) implements LockEvent {}

  /**
   * Nobody can reach the lease any more, so nobody will close it: it is not renewed again, and lost
   * when its time is over. Also logged as a warning.
   */
  record Leaked(LockName name, long token) implements LockEvent {}

  /** Something about the store that its operator should change. Also logged as a warning. */
  record Warning(String text) implements LockEvent {}

  /** Why a lease was lost. */
  enum LossCause {
    /** No renewal was answered in time. */
    EXPIRED,
    /** The store says that the lock is no longer ours: failover, flush, deletion by hand. */
    ENDED_BY_STORE,
    /** The holder kept it longer than {@code holdAtMost}. */
    HELD_TOO_LONG,
    /** {@link Locks#close()} released it under its holder. */
    LOCKS_CLOSED
  }
}
