package io.holdfast.testkit;

import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Real time, for tests of a backend on its real server, and ahead of it by what a test lets pass.
 * What is scheduled is due no sooner for that: only who reads the time sees it. Thread-safe.
 */
public final class RealTime implements Time {

  private final AtomicLong ahead = new AtomicLong();

  /** Real time, ahead by nothing so far. */
  public RealTime() {}

  /** Lets time pass for all who read it. */
  public void pass(Duration span) {
    ahead.addAndGet(span.toNanos());
  }

  @Override
  public long nanoTime() {
    return System.nanoTime() + ahead.get();
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    CompletableFuture<Void> due =
        CompletableFuture.runAsync(
            task, CompletableFuture.delayedExecutor(delay.toNanos(), TimeUnit.NANOSECONDS));
    return () -> due.cancel(false);
  }
}
