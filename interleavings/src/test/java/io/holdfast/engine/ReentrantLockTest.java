package io.holdfast.engine;

import static io.holdfast.engine.Interleavings.caught;
import static io.holdfast.engine.Interleavings.generated;
import static io.holdfast.engine.Interleavings.must;
import static io.holdfast.engine.Interleavings.onAnEngine;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.LinearizabilityVerifier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The lease as a JDK lock is a mutex that its thread enters again. */
class ReentrantLockTest {

  @Test
  @Tag("slow")
  void tryLockAndUnlockAreAtomicStepsOfAReentrantMutex() {
    onAnEngine(generated("ReentrantLeaseLock against its specification", 6, 25))
        .actorsAfter(0)
        .verifier(LinearizabilityVerifier.class)
        .sequentialSpecification(Mutex.class)
        .check(RealLock.class);
  }

  @Test
  @Tag("slow")
  void waitersExcludeEachOther() {
    onAnEngine(generated("ReentrantLeaseLock, waiting", 3, 20))
        .actorsPerThread(1)
        .actorsAfter(0)
        .check(RealWaiting.class);
  }

  @Test
  @Tag("slow")
  void threeWaitersExcludeEachOther() {
    onAnEngine(generated("ReentrantLeaseLock, three waiting", 1, 20))
        .threads(3)
        .actorsPerThread(1)
        .actorsAfter(0)
        .check(RealWaiting.class);
  }

  @Test
  @Tag("slow")
  void aLockThatForgetsWhoseItIsIsCaught() {
    caught(
        "Invalid execution results",
        () ->
            generated("a lock that forgets whose it is", 10, 60)
                .actorsAfter(0)
                .sequentialSpecification(Mutex.class)
                .check(AnybodysLock.class));
  }

  @Test
  @Tag("slow")
  void aLockThatLetsTwoInIsCaught() {
    caught(
        "one at a time",
        () ->
            onAnEngine(generated("a lock that lets two in", 4, 60))
                .actorsPerThread(1)
                .actorsAfter(0)
                .check(AnybodysWaiting.class));
  }

  /** What does not wait. */
  @Param(name = "thread", gen = ThreadIdGen.class)
  public abstract static class Trying {
    abstract Lock lock();

    /** The specification has to be told who calls. */
    @Operation(params = "thread")
    public boolean tryLock(int thread) {
      return lock().tryLock();
    }

    /** Also without the lock: an IllegalMonitorStateException. */
    @Operation(params = "thread")
    public void unlock(int thread) {
      lock().unlock();
    }
  }

  /** The rules, for one thread that says for whom it calls. */
  public static final class Mutex {
    private int owner;
    private int count;

    /** Enters, or not. */
    public boolean tryLock(int thread) {
      if (count > 0 && owner != thread) {
        return false;
      }
      owner = thread;
      count++;
      return true;
    }

    /** Leaves, if it is its owner. */
    public void unlock(int thread) {
      if (count == 0 || owner != thread) {
        throw new IllegalMonitorStateException();
      }
      count--;
    }
  }

  /** What waits, in pairs, so that everybody gets in. */
  public abstract static class Waiting {
    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicInteger entered = new AtomicInteger();
    private final AtomicInteger calls = new AtomicInteger();
    private volatile boolean twoAtOnce;

    abstract Lock lock();

    abstract void atRest();

    /** Uninterruptibly, and once more inside. */
    @Operation
    public void lockTwice() {
      calls.incrementAndGet();
      lock().lock();
      try {
        enterAndLeave();
        lockAgain();
      } finally {
        lock().unlock();
      }
    }

    private void lockAgain() {
      lock().lock();
      try {
        enterAndLeave();
      } finally {
        lock().unlock();
      }
    }

    /** Interruptibly. */
    @Operation
    public void lockInterruptibly() throws InterruptedException {
      calls.incrementAndGet();
      lock().lockInterruptibly();
      enterAndLeave();
      lock().unlock();
    }

    /** For a while that does not end here. */
    @Operation
    public void tryLockForAWhile() throws InterruptedException {
      calls.incrementAndGet();
      if (lock().tryLock(1, TimeUnit.HOURS)) {
        enterAndLeave();
        lock().unlock();
      }
    }

    private void enterAndLeave() {
      entered.incrementAndGet();
      twoAtOnce |= inside.incrementAndGet() != 1;
      inside.decrementAndGet();
    }

    /** All came in, one after the other. */
    @Validate
    public void allWereInside() {
      must(!twoAtOnce, "one at a time");
      must(entered.get() >= calls.get(), "everybody comes in");
      atRest();
    }
  }

  /** The engine's, with what does not wait. */
  public static final class RealLock extends Trying {
    private final Rig rig = new Rig();
    private final Lock lock = rig.locks.reentrant(Rig.NAME);

    @Override
    Lock lock() {
      return lock;
    }
  }

  /** The engine's, with what waits. */
  public static final class RealWaiting extends Waiting {
    private final Rig rig = new Rig();
    private final Lock lock = rig.locks.reentrant(Rig.NAME);

    @Override
    Lock lock() {
      return lock;
    }

    @Override
    void atRest() {
      rig.comesToRest();
    }
  }

  /** A broken twin. */
  public static final class AnybodysLock extends Trying {
    private final Lock lock = new Anybodys();

    @Override
    Lock lock() {
      return lock;
    }
  }

  /** A broken twin. */
  public static final class AnybodysWaiting extends Waiting {
    private final Lock lock = new Anybodys();

    @Override
    Lock lock() {
      return lock;
    }

    @Override
    void atRest() {}
  }

  /** Counts how often it was entered, but not by whom. */
  private static final class Anybodys implements Lock {
    private final AtomicInteger count = new AtomicInteger();

    @Override
    public void lock() {
      count.incrementAndGet();
    }

    @Override
    public void lockInterruptibly() {
      lock();
    }

    @Override
    public boolean tryLock() {
      lock();
      return true;
    }

    @Override
    public boolean tryLock(long time, TimeUnit unit) {
      return tryLock();
    }

    @Override
    public void unlock() {
      if (count.getAndUpdate(entered -> Math.max(0, entered - 1)) == 0) {
        throw new IllegalMonitorStateException();
      }
    }

    @Override
    public Condition newCondition() {
      throw new UnsupportedOperationException();
    }
  }
}
