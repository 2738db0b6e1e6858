package io.holdfast.zookeeper;

import io.holdfast.Lease;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import java.time.Duration;

/** A process that holds a lock and says what becomes of it. */
final class HolderProcess {

  private HolderProcess() {}

  /** Store, name and the lease in milliseconds. */
  public static void main(String[] args) throws Exception {
    Duration leaseFor = Duration.ofMillis(Long.parseLong(args[2]));
    LocksConfig config = LocksConfig.DEFAULTS.options(LockOptions.DEFAULTS.leaseFor(leaseFor));
    try (Locks locks = Locks.connect(args[0], config)) {
      Lease lease = locks.acquire(args[1]);
      lease.onLost(() -> System.out.println("lost"));
      System.out.println("token " + lease.token());
      while (System.in.read() >= 0) {
        System.out.println("held " + lease.isHeld());
      }
    }
  }
}
