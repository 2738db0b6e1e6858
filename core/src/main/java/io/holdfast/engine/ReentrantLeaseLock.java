package io.holdfast.engine;

import io.holdfast.Lease;
import io.holdfast.LockOptions;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.Nullable;

/**
 * A lease as the JDK's {@link Lock}, re-entrant in the thread that holds it. The count is kept here
 * and never in the store, and the token stays the same in every re-entry. Thread-safe.
 */
final class ReentrantLeaseLock implements Lock {

  private static final class Held {
    private final Lease lease;
    private int count = 1;

    private Held(Lease lease) {
      this.lease = lease;
    }
  }

  private final LockEngine engine;
  private final String name;
  private final LockOptions options;

  @SuppressWarnings("ThreadLocalUsage") // one for each view, because views are independent
  private final ThreadLocal<@Nullable Held> held = new ThreadLocal<>();

  ReentrantLeaseLock(LockEngine engine, String name, LockOptions options) {
    this.engine = engine;
    this.name = name;
    this.options = options;
  }

  @Override
  public void lock() {
    boolean taken = reenter();
    while (!taken) {
      taken = entered(engine.tryAcquireUninterruptibly(name, waiting(LockOptions.LONGEST)));
    }
  }

  @Override
  public void lockInterruptibly() throws InterruptedException {
    boolean taken = false;
    while (!taken) {
      taken = tryLock(LockOptions.LONGEST);
    }
  }

  @Override
  public boolean tryLock() {
    return reenter() || entered(engine.tryAcquireUninterruptibly(name, waiting(Duration.ZERO)));
  }

  @Override
  public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
    long nanos = Math.max(0, unit.toNanos(time));
    return tryLock(Term.shorter(Duration.ofNanos(nanos), LockOptions.LONGEST));
  }

  private boolean tryLock(Duration waitAtMost) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    return reenter() || entered(engine.tryAcquire(name, waiting(waitAtMost)));
  }

  private LockOptions waiting(Duration atMost) {
    return options.waitAtMost(atMost);
  }

  /** A lost lease is not re-entered: LeaseLostException, until it is unlocked. */
  private boolean reenter() {
    Held mine = held.get();
    if (mine == null) {
      return false;
    }
    mine.lease.ensureHeld();
    mine.count++;
    return true;
  }

  private boolean entered(Optional<Lease> lease) {
    lease.ifPresent(granted -> held.set(new Held(granted)));
    return lease.isPresent();
  }

  @Override
  public void unlock() {
    Held mine = held.get();
    if (mine == null) {
      throw new IllegalMonitorStateException("This thread does not hold the lock: " + name);
    }
    mine.count--;
    if (mine.count == 0) {
      held.remove();
      mine.lease.close();
    }
  }

  @Override
  public Condition newCondition() {
    throw new UnsupportedOperationException("A lock of a store has no conditions");
  }

  @Override
  public String toString() {
    return "ReentrantLeaseLock[" + name + "]";
  }
}
