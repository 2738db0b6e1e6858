package io.holdfast.zookeeper;

import io.holdfast.Lease;
import io.holdfast.Locks;
import java.time.Duration;

/** A process that holds a lock and says what becomes of it. */
final class HolderProcess {

  private HolderProcess() {}

  /** Store, name and the lease in milliseconds. */
  public static void main(String[] args) throws Exception {
    Duration leaseFor = Duration.ofMillis(Long.parseLong(args[2]));
    try (Locks locks = Locks.connect(args[0], TestZookeeper.config(leaseFor))) {
      Lease lease = locks.acquire(args[1]);
      System.out.println("token " + lease.token()); // first, as a short lease may be over by now
      lease.onLost(() -> System.out.println("lost"));
      while (System.in.read() >= 0) {
        System.out.println("held " + lease.isHeld());
      }
    }
  }
}
