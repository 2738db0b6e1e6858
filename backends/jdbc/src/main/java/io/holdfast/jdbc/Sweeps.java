package io.holdfast.jdbc;

import io.holdfast.spi.StoreContext;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * When rows of names that are used no more are deleted: with the first question and, as only
 * questions make rows, with one an hour later. Thread-safe.
 */
final class Sweeps {

  private static final Duration PAUSE = Duration.ofHours(1);

  private final StoreContext context;
  private final AtomicLong due;
  private volatile boolean isOver;

  Sweeps(StoreContext context) {
    this.context = context;
    this.due = new AtomicLong(context.time().nanoTime());
  }

  /** Runs it if it is time. Its failure is a warning, and it is tried again in an hour. */
  CompletableFuture<Integer> ifDue(Supplier<CompletableFuture<Integer>> sweep) {
    long now = context.time().nanoTime();
    long at = due.get();
    if (now - at < 0 || !due.compareAndSet(at, now + PAUSE.toNanos())) {
      return CompletableFuture.completedFuture(0);
    }
    return sweep.get().exceptionally(this::warn);
  }

  private int warn(Throwable failure) {
    if (!isOver) {
      context.warnings().accept("Rows idle for a day were not deleted: " + failure.getMessage());
    }
    return 0;
  }

  /** What fails from now on fails because we close. */
  void end() {
    isOver = true;
  }
}
