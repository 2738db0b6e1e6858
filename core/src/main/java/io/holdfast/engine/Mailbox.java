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
 * <p>Nobody runs others' events for ever: whoever has run {@link #MOST} leaves the rest to another
 * thread. Otherwise callers that come and go would keep the first one of them from its own answer,
 * or the thread that knows what is due from what other locks have due.
 *
 * <p>Thread-safe; what one event wrote, the next one sees.
 */
final class Mailbox {

  /** How many events one thread runs for others. */
  static final int MOST = 100;

  private final Queue<Runnable> events = new ConcurrentLinkedQueue<>();
  private final AtomicInteger pending = new AtomicInteger();
  private final Executor runner;
  private final Executor relief;

  private Mailbox(Executor runner, Executor relief) {
    this.runner = runner;
    this.relief = relief;
  }

  /**
   * A mailbox whose events run in the thread that posts.
   *
   * @param relief has threads of its own for the rest; if it fails, the poster goes on
   */
  static Mailbox ofPosters(Executor relief) {
    return new Mailbox(Runnable::run, relief);
  }

  /** A mailbox whose events run in the threads of an executor; if it fails, they are dropped. */
  static Mailbox of(Executor runner) {
    return new Mailbox(runner, runner);
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
    int run = 0;
    do {
      if (run > 0
          && run % MOST == 0
          && Announcer.guarded("relieving", () -> relief.execute(this::drain))) {
        return;
      }
      run++;
      Runnable event = events.poll();
      if (event != null) {
        Announcer.guarded("an event of the engine", event);
      }
    } while (pending.decrementAndGet() != 0);
  }
}
