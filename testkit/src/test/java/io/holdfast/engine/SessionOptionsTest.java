package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.Guarantees;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.local.MemoryBackend;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A store whose session is the lease cannot do all that callers may ask for, and says so at once.
 */
class SessionOptionsTest extends EngineTest {

  private final Locks sessions =
      LockEngine.on(new SessionBackend(new MemoryBackend(store), LEASE))
          .config(LocksConfig.DEFAULTS.options(LockOptions.DEFAULTS.leaseFor(LEASE)))
          .time(time)
          .callbacks(Runnable::run)
          .build();

  /** Says that its locks live as long as its session, and keeps none. */
  private record SessionBackend(LockBackend store, Duration session) implements LockBackend {
    @Override
    public CompletionStage<Attempt> ask(Ask ask) {
      return store.ask(ask);
    }

    @Override
    public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
      return store.renew(claim, leaseFor);
    }

    @Override
    public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
      return store.release(claim, lastTokenUsed, keepFor);
    }

    @Override
    public Guarantees guarantees() {
      Guarantees all = store.guarantees();
      return new Guarantees(
          "sessions",
          all.fair(),
          all.tokenSource(),
          all.raisesTokens(),
          all.survivesFailover(),
          false,
          all.granularity(),
          all.tellsOfRelease(),
          Optional.of(session),
          false);
    }

    @Override
    public void close() {}
  }

  @AfterEach
  void closeSessions() {
    sessions.close();
  }

  @Test
  void anotherLeaseThanTheSessionsIsRefusedBeforeAnythingIsSent() {
    LockOptions other = LockOptions.DEFAULTS.leaseFor(LEASE.plusSeconds(1));
    assertThatThrownBy(() -> sessions.acquireAsync(NAME, other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("leaseFor")
        .hasMessageContaining(LEASE.toString());
    assertThat(acquiredByOthers().isHeld()).isTrue();
  }

  @Test
  void lockThatCannotBeKeptIsRefusedBeforeAnythingIsSent() {
    LockOptions keeping = LockOptions.DEFAULTS.leaseFor(LEASE).keepFor(Duration.ofMinutes(1));
    assertThatThrownBy(() -> sessions.acquire(NAME, keeping))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("keepFor");
    assertThat(acquiredByOthers().isHeld()).isTrue();
  }

  @Test
  void sessionsOwnLeaseAndLeasesThatEndEarlierAreGranted() {
    leaseOf(sessions.acquireAsync(NAME)).close();
    leaseOf(
            sessions.acquireAsync(
                NAME, LockOptions.DEFAULTS.leaseFor(LEASE).holdAtMost(Duration.ofSeconds(1))))
        .close();
  }
}
