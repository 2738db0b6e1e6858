package io.holdfast.jdbc;

import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** A process that has a lock until it is ended. */
final class SessionHolder {

  private SessionHolder() {}

  /**
   * Arguments: the store, the lease in ms, the lock. Prints {@code has} and the token; then for
   * each line that it reads, {@code held} or {@code lost}.
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    Duration leaseFor = Duration.ofMillis(Long.parseLong(args[1]));
    LocksConfig config =
        LocksConfig.DEFAULTS
            .options(LockOptions.DEFAULTS.leaseFor(leaseFor))
            .requestTimeout(Duration.ofSeconds(60));
    Locks locks = Locks.connect(args[0], config);
    Lease lease = locks.acquire(args[2]);
    System.out.println("has " + lease.token());
    BufferedReader questions =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    while (questions.readLine() != null) {
      try {
        lease.ensureHeld();
        System.out.println("held");
      } catch (LeaseLostException e) {
        System.out.println("lost");
      }
    }
  }
}
