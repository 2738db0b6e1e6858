package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.Guarantees;
import io.holdfast.Lease;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * In a store with a line a refusal is a place. One that is heard of after the claim was withdrawn
 * would stand in everybody's way: nobody asks for it any more, and its session lives on.
 */
class LateRefusalTest {

  private static final Duration REQUEST = Duration.ofSeconds(3);
  private static final Attempt REFUSED = new Attempt.Refused(Duration.ZERO, OptionalInt.of(1));

  private final ManualTime time = new ManualTime();
  private final Line line = new Line();
  private final Locks locks =
      LockEngine.on(line)
          .config(LocksConfig.DEFAULTS.requestTimeout(REQUEST))
          .time(time)
          .callbacks(Runnable::run)
          .build();

  /** Answers asks when the test says so, and releases at once. */
  private static final class Line implements LockBackend {
    private final List<CompletableFuture<Attempt>> asks = new ArrayList<>();
    private final List<Claim> released = new ArrayList<>();

    @Override
    public CompletionStage<Attempt> ask(Ask ask) {
      CompletableFuture<Attempt> answer = new CompletableFuture<>();
      asks.add(answer);
      return answer;
    }

    @Override
    public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
      return CompletableFuture.completedFuture(new Renewal.Renewed(leaseFor));
    }

    @Override
    public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
      released.add(claim);
      return CompletableFuture.completedFuture(Release.GONE);
    }

    @Override
    public Guarantees guarantees() {
      return new Guarantees(
          "a line",
          true,
          Guarantees.TokenSource.REVISION,
          false,
          true,
          false,
          Duration.ZERO,
          true,
          Optional.empty(),
          true);
    }

    @Override
    public void close() {}
  }

  @Test
  void whoIsToldOfItsTurnAsksNoSoonerThanTheStoreSays() {
    var waiting = locks.acquireAsync("machine:42");
    line.asks.get(0).complete(new Attempt.Refused(Duration.ofSeconds(15), OptionalInt.of(1)));
    time.pass(Duration.ofMillis(14_999));
    assertThat(line.asks).hasSize(1);
    time.pass(Duration.ofSeconds(2));
    assertThat(line.asks).hasSize(2);
    waiting.cancel(true);
  }

  @AfterEach
  void close() {
    time.pass(REQUEST.multipliedBy(3));
    locks.close();
  }

  @Test
  void placeThatIsHeardOfAfterItsWithdrawalIsGivenUpAgain() {
    assertThat(locks.acquireAsync("x").cancel(true)).isTrue();
    time.pass(REQUEST.multipliedBy(2)); // both farewells, before there was a place
    assertThat(line.released).hasSize(2);
    line.asks.get(0).complete(REFUSED);
    assertThat(line.released).hasSize(3);
    assertThat(line.released.get(2)).isEqualTo(line.released.get(0));
  }

  @Test
  void oldRefusalDoesNotEndTheGrantThatCameAfterIt() {
    CompletableFuture<Lease> acquiring = locks.acquireAsync("x");
    time.pass(REQUEST.plusSeconds(2)); // the first question has no answer, and is put again
    assertThat(line.asks).hasSizeGreaterThan(1);
    line.asks.get(1).complete(new Attempt.Granted(7, 1, Duration.ofSeconds(30)));
    line.asks.get(0).complete(REFUSED);
    assertThat(line.released).isEmpty();
    assertThat(acquiring.join().isHeld()).isTrue();
    acquiring.cancel(true);
  }
}
