package io.holdfast.benchmarks;

import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The JDK's lock, one for each name. */
final class ThreadLocks implements Locker {

  private final Map<String, ReentrantLock> locks = new ConcurrentHashMap<>();

  @Override
  public Caller caller() {
    return new Caller() {
      private @Nullable ReentrantLock held;

      @Override
      public void acquire(String name) {
        ReentrantLock lock = locks.computeIfAbsent(name, n -> new ReentrantLock());
        lock.lock();
        held = lock;
      }

      @Override
      public void release() {
        Objects.requireNonNull(held).unlock();
      }
    };
  }
}
