package io.holdfast.testkit.history;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The events of a run, in the order in which they were added. Thread-safe; to add costs no lock.
 */
public final class History {

  private final Queue<Event> events = new ConcurrentLinkedQueue<>();
  private final AtomicLong holds = new AtomicLong();

  /** A history without events. */
  public History() {}

  /** A number for the next call of acquire, never given twice by this history. */
  public long nextHold() {
    return holds.incrementAndGet();
  }

  /** Adds an event. Events may be added out of the order of their times. */
  public void add(Event event) {
    events.add(event);
  }

  /** What was added so far. */
  public List<Event> events() {
    return List.copyOf(events);
  }
}
