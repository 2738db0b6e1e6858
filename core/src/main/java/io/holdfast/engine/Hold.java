package io.holdfast.engine;

import io.holdfast.LeaseState;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

/**
 * Where one holder stands, as an atomic step: whoever first sees the end of the lease makes the
 * loss final, so that no answer that comes later can make {@code isHeld} true again. Thread-safe.
 */
final class Hold {

  /** A state and the end that belongs to it. */
  record Standing(LeaseState state, long validUntil) {
    boolean isLive() {
      return state == LeaseState.HELD || state == LeaseState.AT_RISK;
    }
  }

  private final AtomicReference<Standing> standing;
  private final CompletableFuture<Boolean> outcome = new CompletableFuture<>();
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
    return standing.updateAndGet(seen -> expired(seen, now));
  }

  /** Ends it as released or lost, unless it has ended already; the standing then. */
  Standing end(LeaseState as, long now) {
    return change(now, live -> new Standing(as, live.validUntil()));
  }

  /** The store says that it had ended before it was released. */
  void endedBeforeRelease() {
    standing.updateAndGet(seen -> new Standing(LeaseState.LOST, seen.validUntil()));
  }

  /** A renewal was answered: never shortens, and never brings back what has ended. */
  boolean renewed(long validUntil, long now) {
    return change(
            now,
            live ->
                new Standing(
                    LeaseState.HELD,
                    validUntil - live.validUntil() > 0 ? validUntil : live.validUntil()))
        .isLive();
  }

  /** A renewal has failed. */
  boolean atRisk(long now) {
    return change(now, live -> new Standing(LeaseState.AT_RISK, live.validUntil())).isLive();
  }

  private Standing change(long now, UnaryOperator<Standing> ofLive) {
    return standing.updateAndGet(
        seen -> {
          Standing current = expired(seen, now);
          return current.isLive() ? ofLive.apply(current) : current;
        });
  }

  private static Standing expired(Standing seen, long now) {
    return seen.isLive() && now - seen.validUntil() >= 0
        ? new Standing(LeaseState.LOST, seen.validUntil())
        : seen;
  }
}
