package io.holdfast.benchmarks;

import io.holdfast.Lease;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Ours, on any store. */
final class OurLocks implements Locker {

  private static final LockOptions OPTIONS =
      LockOptions.DEFAULTS.waitAtMost(Duration.ofSeconds(Caller.LONGEST_WAIT_SECONDS));

  private final Locks locks;

  OurLocks(Locks locks) {
    this.locks = locks;
  }

  @Override
  public Caller caller() {
    return new Caller() {
      private @Nullable Lease lease;

      @Override
      public void acquire(String name) throws InterruptedException {
        lease = locks.acquire(name, OPTIONS);
      }

      @Override
      public void release() {
        Objects.requireNonNull(lease).close();
      }
    };
  }

  @Override
  public void close() {
    locks.close();
  }
}
