package io.holdfast.engine;

import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Real time: the monotonic clock, and one daemon thread that knows what is due. */
final class SystemTime implements Time, AutoCloseable {

  private final ScheduledThreadPoolExecutor due =
      new ScheduledThreadPoolExecutor(1, task -> daemon(task, "holdfast-time"));

  SystemTime() {
    due.setRemoveOnCancelPolicy(true);
    due.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    try {
      var later = due.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
      return () -> later.cancel(false);
    } catch (RejectedExecutionException closed) {
      return () -> {}; // the locks are closed: nothing is due any more
    }
  }

  @Override
  public void close() {
    due.shutdownNow();
  }
}
