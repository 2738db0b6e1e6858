package io.holdfast.simulation;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * True time, and what is due in it: the one queue of events that a world is run from. Events of one
 * moment run in the order in which they were added. Used by one thread.
 */
final class Agenda {

  /** An event that is due. */
  static final class Entry {
    private final long at;
    private final long order;
    private final Runnable event;
    private boolean cancelled;

    private Entry(long at, long order, Runnable event) {
      this.at = at;
      this.order = order;
      this.event = event;
    }

    void cancel() {
      cancelled = true;
    }
  }

  private static final long MOST_AT_ONCE = 100_000;
  private static final long MOST = 20_000_000;

  private final PriorityQueue<Entry> due =
      new PriorityQueue<>(
          Comparator.<Entry>comparingLong(entry -> entry.at)
              .thenComparingLong(entry -> entry.order));
  private long now;
  private long added;
  private long run;
  private long runNow;

  /** Nanoseconds since the world began. */
  long now() {
    return now;
  }

  Entry at(long moment, Runnable event) {
    Entry entry = new Entry(Math.max(moment, now), added++, event);
    due.add(entry);
    return entry;
  }

  Entry after(Duration delay, Runnable event) {
    return at(now + delay.toNanos(), event);
  }

  /**
   * Runs what is due until a moment, or until nothing is.
   *
   * @throws IllegalStateException if there is no end of it
   */
  void runUntil(long end) {
    for (Entry next = due.peek(); next != null && next.at <= end; next = due.peek()) {
      due.remove();
      if (!next.cancelled) {
        runNow = next.at == now ? runNow + 1 : 0;
        if (runNow > MOST_AT_ONCE || run > MOST) {
          throw new IllegalStateException("Events go round in circles, at " + now + " ns");
        }
        now = next.at;
        run++;
        next.event.run();
      }
    }
    now = Math.max(now, end);
  }
}
