package io.holdfast.zookeeper;

import java.util.concurrent.CompletableFuture;

/**
 * A session, and when it may be used: it is connected, and the base is not behind the clock.
 *
 * @param ready may stay open for as long as the ensemble is silent, so nothing that comes and goes
 *     hangs itself on it before it {@link #isSettled}
 */
record Opening(Session session, CompletableFuture<Session> ready) {

  static Opening of(Session session, Base base) {
    return new Opening(
        session, session.connected().thenCompose(connected -> base.prepare(connected)));
  }

  /** Whether it may be used, or never will be. */
  boolean isSettled() {
    return ready.isDone();
  }

  /** Whether nothing was ever granted in it, nor will be. */
  boolean wasNeverOfUse() {
    return ready.isCompletedExceptionally();
  }

  /** Whether a question may be put to it now or later. */
  boolean isOfUse() {
    return !session.isOver() && !wasNeverOfUse();
  }
}
