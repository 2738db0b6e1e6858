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
  private final String thread = Thread.currentThread().getName();
  private final long since;
  private final CompletableFuture<Optional<HeldLease>> result = new CompletableFuture<>();
  private Time.@Nullable Timer deadline;
  private boolean hasAnswer;
  private boolean overdue;

  Waiter(Parts parts, LocalQueue queue, LockOptions options) {
    this.parts = parts;
    this.queue = queue;
    this.options = options;
    this.since = parts.now();
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

  String label() {
    return options.label().orElseGet(() -> HostLabel.of(thread));
  }

  /**
   * The lease; empty if someone else has the lock; or the failure. Completed on the store's or the
   * scheduler's thread, so nothing of a user's may hang on it directly.
   */
  CompletableFuture<Optional<HeldLease>> result() {
    return result;
  }

  Duration waited() {
    return Duration.ofNanos(parts.now() - since);
  }

  void startWaiting() {
    overdue = options.waitAtMost().isZero();
    if (!overdue) {
      deadline = after(options.waitAtMost().minus(waited()), () -> queue.deadlineOf(this));
    }
  }

  /** From here on it waits for one answer more, and that for a request timeout at the most. */
  void becomeOverdue() {
    overdue = true;
    deadline = after(parts.requestTimeout(), () -> queue.lastDeadlineOf(this));
  }

  private Time.Timer after(Duration span, Runnable event) {
    return parts.time().schedule(span, () -> queue.mailbox().post(event));
  }

  boolean isOverdue() {
    return overdue;
  }

  void hearsAnswer() {
    hasAnswer = true;
  }

  /** Whether the store, or this process as the holder, has said anything since this caller came. */
  boolean hasAnswer() {
    return hasAnswer;
  }

  boolean isDone() {
    return result.isDone();
  }

  void granted(HeldLease lease) {
    end();
    result.complete(Optional.of(lease));
    parts.announcer().announce(new LockEvent.Acquired(name(), lease.token(), waited()));
  }

  void busy() {
    end();
    result.complete(Optional.empty());
    var reason = new LockTimeoutException(name(), waited());
    parts.announcer().announce(new LockEvent.NotAcquired(name(), waited(), reason));
  }

  void failed(Throwable reason) {
    end();
    result.completeExceptionally(reason);
    parts.announcer().announce(new LockEvent.NotAcquired(name(), waited(), reason));
  }

  private void end() {
    if (deadline != null) {
      deadline.cancel();
    }
  }
}
