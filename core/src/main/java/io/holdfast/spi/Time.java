package io.holdfast.spi;

import java.time.Duration;

/**
 * The passing of time, so that tests and the simulator can be in charge of it. Thread-safe.
 *
 * <p>It says nothing about the time of day, and the numbers may be negative or overflow: compare
 * them only by subtraction, {@code now - end >= 0}.
 */
public interface Time {

  /** Nanoseconds since an arbitrary moment, as {@link System#nanoTime()}. */
  long nanoTime();

  /** Runs a task once, not before the delay is over. The task is short and never blocks. */
  Timer schedule(Duration delay, Runnable task);

  /** A task that is due later. */
  @FunctionalInterface
  interface Timer {
    /** Prevents the task from running, if it does not run already. */
    void cancel();
  }
}
