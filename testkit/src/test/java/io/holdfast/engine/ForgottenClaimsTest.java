package io.holdfast.engine;

import static io.holdfast.testkit.UnreliableBackend.Fate.LOST;
import static io.holdfast.testkit.UnreliableBackend.Kind.ASK;
import static io.holdfast.testkit.UnreliableBackend.Kind.RELEASE;
import static io.holdfast.testkit.UnreliableBackend.Kind.RENEW;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.Guarantees;
import io.holdfast.Lease;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.testkit.UnreliableBackend;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A store whose locks end with their process only, as those of a session that the rest of the
 * process keeps alive: what is forgotten there is locked for good. Seen with Curator (CURATOR-315,
 * CURATOR-678) and by the simulator with ourselves.
 */
class ForgottenClaimsTest extends EngineTest {

  private static final Duration FOR_GOOD = Duration.ofHours(24);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(40);

  private final Locks sessions =
      LockEngine.on(new Session(messages))
          .config(
              LocksConfig.DEFAULTS
                  .requestTimeout(REQUEST)
                  .options(LockOptions.DEFAULTS.leaseFor(LEASE)))
          .time(time)
          .callbacks(Runnable::run)
          .random(new Random(44))
          .build();

  /** Nothing in it ends by itself. */
  private record Session(UnreliableBackend store) implements LockBackend {
    @Override
    public CompletionStage<Attempt> ask(Ask ask) {
      return store
          .ask(new Ask(ask.claim(), FOR_GOOD, ask.mayWait(), ask.span(), ask.tokenAbove()))
          .thenApply(
              answer ->
                  answer instanceof Attempt.Granted granted
                      ? new Attempt.Granted(granted.firstToken(), granted.span(), ask.leaseFor())
                      : answer);
    }

    @Override
    public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
      return store.renew(claim, FOR_GOOD).thenApply(answer -> new Renewal.Renewed(leaseFor));
    }

    @Override
    public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
      return store.release(claim, lastTokenUsed, keepFor);
    }

    @Override
    public Guarantees guarantees() {
      Guarantees all = store.guarantees();
      return new Guarantees(
          all.store(),
          all.fair(),
          all.tokenSource(),
          all.raisesTokens(),
          all.survivesFailover(),
          false,
          all.granularity(),
          all.tellsOfRelease(),
          Optional.empty(),
          true);
    }

    @Override
    public void close() {}
  }

  @AfterEach
  void closeSessions() {
    messages.heal();
    time.pass(REQUEST.multipliedBy(3));
    sessions.close();
  }

  private boolean isFree() {
    CompletableFuture<Lease> other = others.acquireAsync(NAME, NO_WAIT);
    boolean free = !other.isCompletedExceptionally();
    if (free) {
      other.join().close();
    }
    return free;
  }

  @Test
  void aLostLeaseIsGivenBackAlthoughNoRenewalWasAnswered() {
    Lease lease = leaseOf(sessions.acquireAsync(NAME));
    messages.always(RENEW, LOST);
    time.pass(LEASE.multipliedBy(2));
    assertThat(lease.isHeld()).isFalse();
    assertThat(isFree()).isTrue();
  }

  @Test
  void aReleaseIsRepeatedUntilItIsHeard() {
    Lease lease = leaseOf(sessions.acquireAsync(NAME));
    messages.always(RELEASE, LOST);
    var unused = lease.closeAsync();
    time.pass(LEASE.multipliedBy(4));
    assertThat(isFree()).isFalse();
    messages.heal();
    time.pass(LONGEST_PAUSE);
    assertThat(isFree()).isTrue();
  }

  @Test
  void aWithdrawalIsRepeatedUntilItIsHeard() {
    messages.always(ASK, UnreliableBackend.Fate.ANSWER_LOST);
    messages.always(RELEASE, LOST);
    CompletableFuture<Lease> future = sessions.acquireAsync(NAME);
    future.cancel(false);
    time.pass(LEASE.multipliedBy(4));
    assertThat(isFree()).isFalse();
    messages.heal();
    time.pass(LONGEST_PAUSE);
    assertThat(isFree()).isTrue();
  }

  @Test
  void whatIsRepeatedEndsWithTheLocks() {
    Lease lease = leaseOf(sessions.acquireAsync(NAME));
    messages.always(RELEASE, LOST);
    var unused = lease.closeAsync();
    time.pass(LEASE);
    messages.always(RELEASE, UnreliableBackend.Fate.FAILED);
    time.pass(REQUEST.multipliedBy(2));
    sessions.close();
    time.pass(REQUEST.multipliedBy(4));
    assertThat(time.tasks()).isZero();
  }
}
