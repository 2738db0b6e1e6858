package io.holdfast.engine;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The events of one state machine, run one after the other and never two at once, without a thread
 * or a lock of its own: whoever posts into an empty mailbox runs what is in it. An event that is
 * posted by an event runs after it, so that a backend may answer before its method returns.
 *
 * <p>Thread-safe; what one event wrote, the next one sees.
 */
final class Mailbox {

  private final Queue<Runnable> events = new ConcurrentLinkedQueue<>();
  private final AtomicInteger pending = new AtomicInteger();
  private final Executor runner;

  /** A mailbox whose events run in the thread that posts. */
  Mailbox() {
    this(Runnable::run);
  }

  /** A mailbox whose events run in the threads of an executor; if it fails, they are dropped. */
  Mailbox(Executor runner) {
    this.runner = runner;
  }

  void post(Runnable event) {
    events.add(event);
    if (pending.getAndIncrement() == 0
        && !Announcer.guarded("starting a thread", () -> runner.execute(this::drain))) {
      do {
        events.poll();
      } while (pending.decrementAndGet() != 0);
    }
  }

  /** How many events wait or run. */
  int size() {
    return pending.get();
  }

  private void drain() {
    do {
      Runnable event = events.poll();
      if (event != null) {
        Announcer.guarded("an event of the engine", event);
      }
    } while (pending.decrementAndGet() != 0);
  }
}
