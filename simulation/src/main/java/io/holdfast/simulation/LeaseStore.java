package io.holdfast.simulation;

import io.holdfast.Guarantees;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * A store whose locks have leases of their own. Each question is one atomic step at the moment of
 * the call, which throws what the backend would make of the server's error.
 */
interface LeaseStore extends SimulatedStore {

  /**
   * May the claim have the lock?
   *
   * @param process who asks, in case not all processes reach the same server
   */
  Attempt ask(String process, Ask ask);

  Renewal renew(String process, Claim claim, Duration leaseFor);

  Release release(String process, Claim claim, long lastTokenUsed, Duration keepFor);

  @Override
  default LockBackend backend(Way way) {
    return new Backend(this, way, way.process().name());
  }

  /** One message there and one back; they travel each for themselves. */
  record Backend(LeaseStore store, Way way, String process) implements LockBackend {
    @Override
    public CompletionStage<Attempt> ask(Ask ask) {
      return way.put(() -> store.ask(process, ask));
    }

    @Override
    public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
      return way.put(() -> store.renew(process, claim, leaseFor));
    }

    @Override
    public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
      return way.put(() -> store.release(process, claim, lastTokenUsed, keepFor));
    }

    @Override
    public Watch watch(Claim claim, Runnable mayBeFree) {
      return way.watch(claim, mayBeFree);
    }

    @Override
    public Guarantees guarantees() {
      return new Guarantees(
          "leases",
          false,
          Guarantees.TokenSource.STORE_CLOCK,
          true,
          false,
          true,
          GRANULARITY,
          true,
          Optional.empty(),
          true);
    }

    @Override
    public void close() {}
  }
}
