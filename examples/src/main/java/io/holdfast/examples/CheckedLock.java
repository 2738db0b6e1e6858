package io.holdfast.examples;

import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.Locks;
import io.holdfast.testkit.history.Event;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.Expectations;
import io.holdfast.testkit.history.History;
import io.holdfast.testkit.history.HistoryChecker;
import io.holdfast.testkit.history.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A check of any lock: threads merge into one record under it, what they did is recorded, and the
 * history is checked. Used once.
 */
public final class CheckedLock {

  private static final String PROCESS = "this";
  private static final String LOCK = "lock";
  private static final String RECORD = "record";

  /** The lock that is to be checked. */
  public interface Candidate {
    /** Waits until it has the lock. */
    Held acquire() throws InterruptedException;
  }

  /** A lock that is held. */
  public interface Held {
    /** Its fencing token. */
    long token();

    /** How long it is held without a renewal. */
    Duration remaining();

    /** Has an action run once if it is lost. */
    void onLost(Runnable action);

    /** Gives it back; false if it had been lost before. */
    boolean release();
  }

  /** What a thread does while it has the lock, besides its merge. */
  public interface WhileHeld {
    /** Does it. */
    void run() throws Exception;
  }

  /** A record that refuses who is stale, and tells the history what it decided. */
  private final class FencedRecord {
    private final ReentrantLock lock = new ReentrantLock();
    private final List<String> ids = new ArrayList<>();
    private long fence;
    private long version;

    long version() {
      lock.lock();
      try {
        return version;
      } finally {
        lock.unlock();
      }
    }

    boolean write(long hold, long token, long versionRead, String id) {
      lock.lock();
      try {
        boolean accepted = fence <= token && version == versionRead;
        long at = System.nanoTime(); // while nothing else can be decided
        history.add(new Event.Write(RECORD, PROCESS, hold, token, id, versionRead, at, accepted));
        if (accepted) {
          fence = token;
          version++;
          ids.add(id);
        }
        return accepted;
      } finally {
        lock.unlock();
      }
    }
  }

  private final History history = new History();
  private final FencedRecord guarded = new FencedRecord();
  private final Candidate candidate;

  /** The check of a lock. */
  public CheckedLock(Candidate candidate) {
    this.candidate = candidate;
  }

  /** One of Holdfast's locks. */
  public static Candidate holdfast(Locks locks) {
    return () -> held(locks.acquire(LOCK));
  }

  private static Held held(Lease lease) {
    return new Held() {
      @Override
      public long token() {
        return lease.token();
      }

      @Override
      public Duration remaining() {
        return lease.remaining();
      }

      @Override
      public void onLost(Runnable action) {
        lease.onLost(action);
      }

      @Override
      public boolean release() {
        try {
          lease.close();
          return true;
        } catch (LeaseLostException e) {
          return false;
        }
      }
    };
  }

  /** Has each of some threads merge some times, and says what came of it. */
  public Verdict run(int threads, int merges, WhileHeld step) throws Exception {
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      List<Future<Void>> working = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        String worker = "worker-" + i;
        Callable<Void> work =
            () -> {
              for (int merge = 0; merge < merges; merge++) {
                merge(worker + "/" + merge, step);
              }
              return null;
            };
        working.add(workers.submit(work));
      }
      for (Future<Void> one : working) {
        one.get();
      }
    } finally {
      workers.shutdownNow();
    }
    history.add(new Event.Content(RECORD, guarded.ids, System.nanoTime()));
    return new HistoryChecker(Expectations.DEFAULTS).check(history.events());
  }

  private void merge(String id, WhileHeld step) throws Exception {
    long hold = history.nextHold();
    long invokedAt = System.nanoTime(); // before the call
    Held held = candidate.acquire();
    long returnedAt = System.nanoTime(); // after it, and before the look
    long token = held.token();
    long validUntil = returnedAt + held.remaining().toNanos();
    history.add(
        new Event.Acquire(
            PROCESS, LOCK, hold, invokedAt, returnedAt, Outcome.OK, token, validUntil, -1));
    held.onLost(() -> history.add(new Event.Lost(PROCESS, hold, System.nanoTime())));
    try {
      step.run();
      long read = guarded.version();
      if (guarded.write(hold, token, read, id)) {
        history.add(new Event.Acknowledged(RECORD, id, System.nanoTime()));
      } // else somebody newer has written: a real worker would acquire and merge again
    } finally {
      release(held, hold, token);
    }
  }

  private void release(Held held, long hold, long token) {
    long looked = System.nanoTime();
    long validUntil = looked + held.remaining().toNanos();
    history.add(new Event.Look(PROCESS, hold, looked, token, validUntil));
    long invokedAt = System.nanoTime();
    Outcome outcome = held.release() ? Outcome.OK : Outcome.FAILED;
    history.add(new Event.Release(PROCESS, hold, invokedAt, System.nanoTime(), outcome));
  }
}
