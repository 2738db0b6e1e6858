package io.holdfast.jdbc;

import io.holdfast.spi.StoreContext;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * When rows of names that are used no more are deleted: when connecting and, as only questions make
 * rows, with one an hour later. A batch at a time, so that what waits comes in between. No renewal
 * or release waits for it; an ask waits for one batch at most, where no further connection is to be
 * had. Thread-safe.
 */
final class Sweeps {

  private static final Duration PAUSE = Duration.ofHours(1);

  private final StoreContext context;
  private final Supplier<CompletableFuture<Integer>> batch;
  private final AtomicLong due;
  private volatile boolean isOver;

  /**
   * Not yet begun.
   *
   * @param batch deletes {@link LeaseTable#BATCH} rows at most, and tells how many
   */
  Sweeps(StoreContext context, Supplier<CompletableFuture<Integer>> batch) {
    this.context = context;
    this.batch = batch;
    this.due = new AtomicLong(context.time().nanoTime());
  }

  /** Begins if it is time. A failure is a warning, and it is tried again in an hour. */
  void ifDue() {
    long now = context.time().nanoTime();
    long at = due.get();
    if (now - at >= 0 && due.compareAndSet(at, now + PAUSE.toNanos())) {
      next();
    }
  }

  private void next() {
    var unused =
        batch
            .get()
            .whenComplete(
                (deleted, failure) -> {
                  if (isOver) {
                    return; // what fails from now on fails because we close
                  }
                  if (failure != null) {
                    context
                        .warnings()
                        .accept("Rows idle for a day were not deleted: " + failure.getMessage());
                  } else if (deleted == LeaseTable.BATCH) {
                    next();
                  }
                });
  }

  /** Ends after the batch that is under way. */
  void end() {
    isOver = true;
  }
}
