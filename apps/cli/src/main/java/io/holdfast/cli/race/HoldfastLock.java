package io.holdfast.cli.race;

import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import java.time.Duration;
import java.util.Optional;

/**
 * The correct lock: {@code SET NX PX} with an owner, compare-and-delete, renewed while held, lost
 * in time. Holdfast's own, with or without its token: what the record does with it is another
 * matter.
 */
record HoldfastLock(Locks locks, String name, LockOptions options) implements Exclusion {

  @Override
  public Optional<Exclusion.Turn> enter(Gate checked, Duration atMost) throws InterruptedException {
    return locks.tryAcquire(name, options.waitAtMost(atMost)).map(Held::new);
  }

  private record Held(Lease lease) implements Exclusion.Turn {
    @Override
    public long token() {
      return lease.token();
    }

    @Override
    public boolean lasts() {
      try {
        lease.ensureHeld();
        return true;
      } catch (LeaseLostException e) {
        return false;
      }
    }

    @Override
    public Exclusion.Left leave() {
      try {
        lease.close();
        return Exclusion.Left.IN_TIME;
      } catch (LeaseLostException e) {
        return Exclusion.Left.TOO_LATE;
      }
    }
  }
}
