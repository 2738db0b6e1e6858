package io.holdfast.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What is the memory's own: its clock is read while its questions are answered. */
class MemoryStoreTest {

  private static final LockName NAME = new LockName("machine:42");
  private static final Duration LEASE = Duration.ofNanos(100);

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 50);
  private long step;
  private final MemoryStore store = new MemoryStore(() -> now.getAndAdd(step), Clock.systemUTC());

  @Test
  void aLeaseThatEndsWhileAnotherAsksIsNoFailure() {
    store.ask(new Ask(Claim.on(NAME, "holder"), LEASE, false, 1, 0));
    now.addAndGet(LEASE.toNanos() - 1);
    step = 2; // so it has ended when the clock is read a second time

    Attempt answer = store.ask(new Ask(Claim.on(NAME, "other"), LEASE, false, 1, 0));

    assertThat(answer).isInstanceOf(Attempt.Refused.class);
    assertThat(((Attempt.Refused) answer).askAgainIn()).isPositive();
  }

  @Test
  void aLeaseThatEndsWhileSomebodyLooksHasSomethingLeft() {
    store.ask(new Ask(Claim.on(NAME, "holder"), LEASE, false, 1, 0));
    now.addAndGet(LEASE.toNanos() - 1);
    step = 2;

    assertThat(store.inspect(NAME).holder().orElseThrow().remaining().orElseThrow()).isPositive();
  }
}
