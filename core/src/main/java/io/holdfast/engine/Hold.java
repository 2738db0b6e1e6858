package io.holdfast.engine;

import io.holdfast.LeaseState;
import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

/**
 * Where one holder stands, each change an atomic step: whoever first sees the end of the lease
 * makes the loss final, so that no answer that comes later can make {@code isHeld} true again.
 * Thread-safe.
 */
final class Hold {

  /** A state and the end that belongs to it. */
  record Standing(LeaseState state, long validUntil) {
    boolean isLive() {
      return state == LeaseState.HELD || state == LeaseState.AT_RISK;
    }

    private Standing as(LeaseState next) {
      return new Standing(next, validUntil);
    }
  }

  private static final Duration UNTIL_A_THREAD_IS_FREE = Duration.ofSeconds(1);

  private final AtomicReference<Standing> standing;
  private final Queue<Runnable> onLost = new ConcurrentLinkedQueue<>();
  private final CompletableFuture<Boolean> outcome = new CompletableFuture<>();
  private volatile boolean unseen;
  private final long token;
  private final long since;

  Hold(long token, long since, long validUntil) {
    this.token = token;
    this.since = since;
    standing = new AtomicReference<>(new Standing(LeaseState.HELD, validUntil));
  }

  long token() {
    return token;
  }

  /** How long it has been held. */
  Duration heldAt(long now) {
    return Duration.ofNanos(now - since);
  }

  /** Whether the lock was ours until it was given back; completes once that is known. */
  CompletableFuture<Boolean> outcome() {
    return outcome;
  }

  /** The standing at a time, which is LOST from the end of the lease on. */
  Standing at(long now) {
    return whileLive(now, live -> live);
  }

  /** Its caller never had it in hand. Said before it is released. */
  void neverSeen() {
    unseen = true;
  }

  boolean wasNeverSeen() {
    return unseen;
  }

  /** Releases it, unless it is lost; the standing then. */
  Standing release(long now) {
    return whileLive(now, live -> live.as(LeaseState.RELEASED));
  }

  /** A renewal was answered: never shortens, and never brings back what has ended. */
  Standing renewed(long validUntil, long now) {
    return whileLive(
        now,
        live ->
            validUntil - live.validUntil() >= 0 ? new Standing(LeaseState.HELD, validUntil) : live);
  }

  /** A renewal has failed. */
  Standing atRisk(long now) {
    return whileLive(now, live -> live.as(LeaseState.AT_RISK));
  }

  /** It ended before it was released, or before its release was heard. */
  void lose() {
    standing.updateAndGet(seen -> seen.as(LeaseState.LOST));
  }

  private Standing whileLive(long now, UnaryOperator<Standing> change) {
    return standing.updateAndGet(
        seen -> {
          if (!seen.isLive()) {
            return seen;
          }
          return now - seen.validUntil() >= 0 ? seen.as(LeaseState.LOST) : change.apply(seen);
        });
  }

  void onLost(Runnable action) {
    onLost.add(action);
  }

  /** Has what waits for the loss run, each action once; where there is no thread for it, later. */
  void tellLost(Executor callbacks, Time time) {
    for (Runnable action = onLost.poll(); action != null; action = onLost.poll()) {
      Runnable next = action;
      boolean started =
          Announcer.guarded(
              "starting an onLost action",
              () -> callbacks.execute(() -> Announcer.guarded("an onLost action", next)));
      if (!started) {
        onLost.add(next);
        time.schedule(UNTIL_A_THREAD_IS_FREE, () -> tellLost(callbacks, time));
        return;
      }
    }
  }
}
