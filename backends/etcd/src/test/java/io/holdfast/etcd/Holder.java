package io.holdfast.etcd;

import io.holdfast.Lease;
import io.holdfast.Locks;
import java.io.IOException;
import java.time.Duration;

/** A process that takes a lock, says its token, and later whether it was lost; for faults. */
final class Holder {

  private Holder() {}

  /** Arguments: the store's URL, the name, the lease in seconds. Ends when its input does. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Duration leaseFor = Duration.ofSeconds(Long.parseLong(args[2]));
    try (Locks locks = Locks.connect(args[0], TestEtcd.config(leaseFor))) {
      Lease lease = locks.acquire(args[1]);
      System.out.println(lease.token()); // first, as a short lease may be over by now
      lease.onLost(() -> System.out.println("lost"));
      while (System.in.read() >= 0) {
        System.out.println(lease.isHeld() ? "held" : "not held");
      }
    }
  }
}
