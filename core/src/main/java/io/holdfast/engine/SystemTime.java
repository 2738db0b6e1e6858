package io.holdfast.engine;

import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Real time: the monotonic clock, and one daemon thread that knows what is due.
 *
 * <p>Almost every timer is cancelled long before it is due: it ends a question that is answered.
 * But each that is due before all others would wake the thread to wait for it, twice for every
 * lock. So there is a beat in front of them while there are any: what is due after it wakes nobody.
 */
final class SystemTime implements Time, AutoCloseable {

  private static final Duration BEAT = Duration.ofMillis(100);

  private final ScheduledThreadPoolExecutor due =
      new ScheduledThreadPoolExecutor(1, task -> daemon(task, "holdfast-time"));

  private final AtomicBoolean beating = new AtomicBoolean();

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
      if (delay.compareTo(BEAT) > 0 && beating.compareAndSet(false, true)) {
        beat();
      }
      var later = due.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
      return () -> later.cancel(false);
    } catch (RejectedExecutionException closed) {
      return () -> {}; // the locks are closed: nothing is due any more
    }
  }

  private void beat() {
    var unused =
        due.schedule(
            () -> {
              if (due.getQueue().isEmpty()) {
                beating.set(false); // who comes now begins anew, or wakes the thread once
              } else {
                beat();
              }
            },
            BEAT.toNanos(),
            TimeUnit.NANOSECONDS);
  }

  @Override
  public void close() {
    due.shutdownNow();
  }
}
