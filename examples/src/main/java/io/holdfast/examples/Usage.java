package io.holdfast.examples;

import io.holdfast.Lease;
import io.holdfast.LockEvent;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Lock;

/** Ways of using locks, as the README shows them. */
public final class Usage {

  private Usage() {}

  /** Everything, once, on locks that are free. */
  public static void everything(Locks locks) throws InterruptedException {
    locks.withLease("machine:42", lease -> merge(lease.token()));

    Optional<Lease> free = locks.tryAcquire("report"); // empty: someone else has it
    free.ifPresent(Lease::close);

    LockOptions once =
        LockOptions.DEFAULTS
            .waitAtMost(Duration.ZERO) // do not wait
            .keepFor(Duration.ofMinutes(10)); // and nobody else runs it in the next ten minutes
    locks.tryAcquire("nightly", once).ifPresent(lease -> runNightly(lease)); // which closes it

    CompletableFuture<Lease> later = locks.acquireAsync("machine:7");
    later.thenCompose(lease -> work(lease).thenCompose(done -> lease.closeAsync())).join();

    try (Lease lease = locks.acquire("leader")) {
      lease.onLost(() -> stop()); // when its time is over, not when somebody asks
      lease.ensureHeld(); // LeaseLostException if it is not ours at this moment
    }

    Lock lock = locks.reentrant("inventory"); // a java.util.concurrent.locks.Lock
    lock.lock();
    try {
      merge(0);
    } finally {
      lock.unlock();
    }
  }

  /** Locks with settings of their own. */
  public static Locks configured(String url, LongAdder lost) {
    return Locks.connect(
        url,
        LocksConfig.DEFAULTS
            .options(LockOptions.DEFAULTS.leaseFor(Duration.ofSeconds(10)))
            .requestTimeout(Duration.ofSeconds(1))
            .listener(
                event -> {
                  if (event instanceof LockEvent.Lost) {
                    lost.increment();
                  }
                }));
  }

  private static void merge(long token) {
    System.Logger log = System.getLogger("example");
    log.log(System.Logger.Level.DEBUG, "merging under token {0}", token);
  }

  private static CompletableFuture<Void> work(Lease lease) {
    return CompletableFuture.runAsync(() -> merge(lease.token()));
  }

  private static void runNightly(Lease lease) {
    try (lease) {
      merge(lease.token());
    }
  }

  private static void stop() {
    merge(0);
  }
}
