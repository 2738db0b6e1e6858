package io.holdfast.testkit;

import io.holdfast.spi.Time;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Time that passes when the test says so, and runs what is due in the thread of the test. Starts
 * one second before the clock's number overflows, so that every test is also a test of that.
 *
 * <p>Thread-safe; one thread at a time lets time pass.
 */
public final class ManualTime implements Time {

  private record Due(long at, long order, Runnable task) {}

  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

  private final ReentrantLock lock = new ReentrantLock();
  private final AtomicLong passed = new AtomicLong();
  private final PriorityQueue<Due> due =
      new PriorityQueue<>(Comparator.comparingLong(Due::at).thenComparingLong(Due::order));
  private long scheduled;

  /** Time that stands still until it is told to pass. */
  public ManualTime() {}

  @Override
  public long nanoTime() {
    return Long.MAX_VALUE - 1_000_000_000L + passed.get();
  }

  /** A clock of the day that goes with this time; it starts in 2026. */
  public Clock clock() {
    return new Clock() {
      @Override
      public ZoneId getZone() {
        return ZoneOffset.UTC;
      }

      @Override
      public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException("Only UTC");
      }

      @Override
      public Instant instant() {
        return BEGIN.plusNanos(passed.get());
      }
    };
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    lock.lock();
    try {
      Due entry = new Due(passed.get() + Math.max(0, delay.toNanos()), scheduled++, task);
      due.add(entry);
      return () -> cancel(entry);
    } finally {
      lock.unlock();
    }
  }

  private void cancel(Due entry) {
    lock.lock();
    try {
      due.remove(entry);
    } finally {
      lock.unlock();
    }
  }

  /** Lets time pass, and runs each task at the moment it is due. */
  public void pass(Duration span) {
    long end = passed.get() + span.toNanos();
    for (Due next = next(end); next != null; next = next(end)) {
      next.task().run();
    }
    passed.accumulateAndGet(end, Math::max);
  }

  /**
   * Lets time pass while nothing of this process runs, as in a pause of the JVM: what became due in
   * the meantime is run by the next {@link #pass}.
   */
  public void pauseProcess(Duration span) {
    passed.addAndGet(span.toNanos());
  }

  /** How many tasks are scheduled and not cancelled: what an engine at rest has none of. */
  public int tasks() {
    lock.lock();
    try {
      return due.size();
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Due next(long end) {
    lock.lock();
    try {
      Due first = due.peek();
      if (first == null || first.at() > end) {
        return null;
      }
      passed.accumulateAndGet(first.at(), Math::max);
      return due.poll();
    } finally {
      lock.unlock();
    }
  }
}
