package io.holdfast.engine;

import io.holdfast.LockEvent;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.LockTimeoutException;
import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One caller who wants a lock. Apart from {@link #result()}, used by its queue alone, in the
 * mailbox.
 */
final class Waiter {

  private final Parts parts;
  private final LocalQueue queue;
  private final LockOptions options;
  private final long since;
  private final CompletableFuture<Optional<HeldLease>> result = new CompletableFuture<>();
  private Time.@Nullable Timer deadline;
  private long answersBefore;
  private boolean overdue;

  Waiter(Parts parts, LocalQueue queue, LockOptions options) {
    this.parts = parts;
    this.queue = queue;
    this.options = options;
    this.since = parts.time().nanoTime();
  }

  LockName name() {
    return queue.name();
  }

  LockOptions options() {
    return options;
  }

  LocalQueue queue() {
    return queue;
  }

  /**
   * The lease; empty if someone else has the lock; or the failure. Completed on the store's or the
   * scheduler's thread, so nothing of a user's may hang on it directly.
   */
  CompletableFuture<Optional<HeldLease>> result() {
    return result;
  }

  Duration waited() {
    return Duration.ofNanos(parts.time().nanoTime() - since);
  }

  void startWaiting(long answersSoFar) {
    answersBefore = answersSoFar;
    Duration left = options.waitAtMost().minus(waited());
    if (left.isNegative() || left.isZero()) {
      overdue = true;
    } else {
      deadline =
          parts.time().schedule(left, () -> queue.mailbox().post(() -> queue.deadlineOf(this)));
    }
  }

  boolean isOverdue() {
    return overdue;
  }

  void becomeOverdue() {
    overdue = true;
  }

  /** Whether the store, or this process as the holder, has said anything since this caller came. */
  boolean hasAnswer(long answersSoFar) {
    return answersSoFar != answersBefore;
  }

  boolean isDone() {
    return result.isDone();
  }

  void granted(HeldLease lease) {
    end();
    parts.announcer().announce(new LockEvent.Acquired(name(), lease.token(), waited()));
    result.complete(Optional.of(lease));
  }

  void busy() {
    end();
    var reason = new LockTimeoutException(name(), waited());
    parts.announcer().announce(new LockEvent.NotAcquired(name(), waited(), reason));
    result.complete(Optional.empty());
  }

  void failed(Throwable reason) {
    end();
    parts.announcer().announce(new LockEvent.NotAcquired(name(), waited(), reason));
    result.completeExceptionally(reason);
  }

  private void end() {
    if (deadline != null) {
      deadline.cancel();
    }
  }
}
