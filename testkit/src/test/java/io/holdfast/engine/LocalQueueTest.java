package io.holdfast.engine;

import static io.holdfast.testkit.UnreliableBackend.Fate.FAILED;
import static io.holdfast.testkit.UnreliableBackend.Fate.HELD;
import static io.holdfast.testkit.UnreliableBackend.Fate.LOST;
import static io.holdfast.testkit.UnreliableBackend.Kind.ASK;
import static io.holdfast.testkit.UnreliableBackend.Kind.RELEASE;
import static io.holdfast.testkit.UnreliableBackend.Kind.RENEW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.BackendException;
import io.holdfast.Lease;
import io.holdfast.LeaseState;
import io.holdfast.LockOptions;
import io.holdfast.LockTimeoutException;
import io.holdfast.spi.Ask;
import io.holdfast.testkit.UnreliableBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Many callers of one process that want one name. */
class LocalQueueTest extends EngineTest {

  private List<CompletableFuture<Lease>> waiters(int count) {
    List<CompletableFuture<Lease>> waiting = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      waiting.add(locks.acquireAsync(NAME));
    }
    return waiting;
  }

  private int names() {
    return ((LockEngine) locks).names();
  }

  @Test
  void nobodyAsksTheStoreWhileThisProcessHasTheLock() {
    acquired();
    waiters(10);
    assertThat(sent(ASK)).isEqualTo(1);
  }

  @Test
  void callersAreServedInTheOrderInWhichTheyCame() {
    Lease first = acquired();
    List<CompletableFuture<Lease>> waiting = waiters(5);
    long token = first.token();
    first.close();
    for (int i = 0; i < 5; i++) {
      Lease lease = leaseOf(waiting.get(i));
      assertThat(lease.token()).isGreaterThan(token);
      token = lease.token();
      assertThat(waiting.subList(i + 1, 5)).noneMatch(CompletableFuture::isDone);
      lease.close();
    }
    assertThat(names()).isZero();
  }

  @Test
  void waitersOfOneProcessCostOneQuestionForASpanOfGrants() {
    Lease first = acquired();
    List<CompletableFuture<Lease>> waiting = waiters(Ask.MAX_SPAN);
    first.close();
    assertThat(sent(ASK)).isEqualTo(2);
    for (CompletableFuture<Lease> waiter : waiting) {
      leaseOf(waiter).close();
    }
    assertThat(sent(ASK)).isEqualTo(2);
    assertThat(sent(RELEASE)).isEqualTo(2);
  }

  @Test
  void tokensOfAHandOverAreConsecutiveAndTheNextGrantIsAboveThem() {
    Lease first = acquired();
    List<CompletableFuture<Lease>> waiting = waiters(3);
    first.close();
    long token = leaseOf(waiting.get(0)).token();
    leaseOf(waiting.get(0)).close();
    assertThat(leaseOf(waiting.get(1)).token()).isEqualTo(token + 1);
    waiting.get(2).cancel(false);
    leaseOf(waiting.get(1)).close();
    assertThat(acquiredByOthers().token()).isGreaterThan(token + 1);
  }

  @Test
  void otherProcessesAreNotKeptOutByHandOvers() {
    Lease first = acquired();
    CompletableFuture<Lease> theirs = others.acquireAsync(NAME);
    first.close();
    assertThat(theirs).isCompleted();
    List<CompletableFuture<Lease>> waiting = waiters(20);
    leaseOf(theirs).close();
    theirs = others.acquireAsync(NAME);
    int served = 0;
    while (!theirs.isDone()) {
      Lease lease = leaseOf(waiting.get(served++));
      time.pass(Duration.ofSeconds(2));
      lease.close();
    }
    assertThat(served).as("holds of 2 s within a third of 30 s and one more").isBetween(2, 6);
  }

  @Test
  void handedOverLeaseEndsWhenTheStoreEndsIt() {
    Lease first = acquired();
    List<CompletableFuture<Lease>> waiting = waiters(2);
    first.close();
    time.pass(Duration.ofSeconds(9));
    leaseOf(waiting.get(0)).close();
    Lease second = leaseOf(waiting.get(1));
    assertThat(second.remaining()).isEqualTo(Duration.ofMillis(30_000 - 302 - 9_000));
    time.pass(Duration.ofSeconds(60));
    assertThat(second.isHeld()).isTrue();
    assertThat(sent(RENEW)).isPositive();
    second.close();
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
  }

  @Test
  void holderWhoHandedOverCannotReleaseTheNextOnesLease() {
    Lease first = acquired();
    List<CompletableFuture<Lease>> waiting = waiters(2);
    first.close();
    Lease second = leaseOf(waiting.get(0));
    second.close();
    second.close();
    first.close();
    assertThat(leaseOf(waiting.get(1)).isHeld()).isTrue();
    assertThat(second.state()).isEqualTo(LeaseState.RELEASED);
    assertThat(others.acquireAsync(NAME, NO_WAIT)).isCompletedExceptionally();
  }

  @Test
  void lossIsTheCurrentHoldersAlone() {
    Lease first = acquired();
    List<CompletableFuture<Lease>> waiting = waiters(2);
    first.close();
    Lease second = leaseOf(waiting.get(0));
    second.close();
    store.flush();
    time.pass(LEASE);
    assertThat(second.state()).isEqualTo(LeaseState.RELEASED);
    assertThat(leaseOf(waiting.get(1)).state()).isEqualTo(LeaseState.LOST);
  }

  @Test
  void lostLeaseDoesNotBlockTheQueue() {
    Lease hung = acquired();
    CompletableFuture<Lease> next = locks.acquireAsync(NAME);
    store.flush();
    time.pass(LEASE.dividedBy(3).plusSeconds(1));
    assertThat(hung.state()).isEqualTo(LeaseState.LOST);
    assertThat(leaseOf(next).isHeld()).isTrue();
    assertThatThrownBy(hung::close).isInstanceOf(io.holdfast.LeaseLostException.class);
    assertThat(leaseOf(next).isHeld()).isTrue();
  }

  @Test
  void waitersOutliveTheFirstWhoGivesUp() {
    Lease theirs = acquiredByOthers();
    LockOptions impatient = LockOptions.DEFAULTS.waitAtMost(Duration.ofSeconds(1));
    CompletableFuture<Lease> first = locks.acquireAsync(NAME, impatient);
    List<CompletableFuture<Lease>> waiting = waiters(63);
    time.pass(Duration.ofSeconds(1));
    assertThatThrownBy(first::join).hasCauseInstanceOf(LockTimeoutException.class);
    assertThat(sent(RELEASE)).as("the claim stands for the queue").isZero();
    theirs.close();
    for (CompletableFuture<Lease> waiter : waiting) {
      leaseOf(waiter).close();
    }
    assertThat(messages.sent(ASK))
        .extracting(UnreliableBackend.Message::claim)
        .doesNotContainNull();
    assertThat(names()).isZero();
    assertThat(time.tasks()).isZero();
  }

  @Test
  void lastWhoGivesUpWithdrawsTheClaim() {
    acquiredByOthers();
    List<CompletableFuture<Lease>> waiting = waiters(3);
    waiting.forEach(waiter -> waiter.cancel(false));
    assertThat(sent(RELEASE)).isEqualTo(1);
    assertThat(names()).isZero();
  }

  @Test
  void callersWithOtherOptionsHaveAClaimOfTheirOwn() {
    Lease theirs = acquiredByOthers();
    CompletableFuture<Lease> first = locks.acquireAsync(NAME);
    LockOptions brief = LockOptions.DEFAULTS.leaseFor(Duration.ofSeconds(6));
    CompletableFuture<Lease> second = locks.acquireAsync(NAME, brief);
    first.cancel(false);
    theirs.close();
    assertThat(leaseOf(second).remaining()).isLessThan(Duration.ofSeconds(6));
    assertThat(messages.sent(ASK).get(0).claim())
        .isNotEqualTo(messages.sent(ASK).get(sent(ASK) - 1).claim());
  }

  @Test
  void callerThatDoesNotWaitIsToldAtOnceThatThisProcessHasTheLock() throws Exception {
    acquired();
    assertThat(locks.tryAcquire(NAME)).isEmpty();
    assertThat(sent(ASK)).isEqualTo(1);
  }

  @Test
  void callerThatDoesNotWaitHearsTheAnswerToAQuestionThatIsUnderWay() {
    messages.next(ASK, HELD);
    CompletableFuture<Lease> first = locks.acquireAsync(NAME);
    CompletableFuture<Lease> second = locks.acquireAsync(NAME, NO_WAIT);
    assertThat(second).isNotDone();
    UnreliableBackend.Message asked = messages.sent(ASK).get(0);
    asked.arrive();
    asked.answer();
    assertThat(first).isCompleted();
    assertThatThrownBy(second::join).hasCauseInstanceOf(LockTimeoutException.class);
  }

  @Test
  void callerThatDoesNotWaitIsNotToldBusyByAStoreThatIsSilent() {
    messages.always(LOST);
    CompletableFuture<Lease> first = locks.acquireAsync(NAME);
    time.pass(Duration.ofSeconds(1));
    CompletableFuture<Lease> second = locks.acquireAsync(NAME, NO_WAIT);
    time.pass(REQUEST);
    assertThatThrownBy(second::join).hasCauseInstanceOf(BackendException.class);
    assertThat(first).isNotDone();
  }

  @Test
  void callerThatDoesNotWaitDoesNotWaitForAPause() {
    acquiredByOthers();
    messages.hints(false);
    var unused = locks.acquireAsync(NAME);
    CompletableFuture<Lease> second = locks.acquireAsync(NAME, NO_WAIT);
    assertThatThrownBy(second::join).hasCauseInstanceOf(LockTimeoutException.class);
  }

  @Test
  void silentReleaseHoldsUpTheNextCallerForOneRequestTimeoutAtMost() {
    Lease first = acquired();
    LockOptions other = LockOptions.DEFAULTS.label("not alike");
    CompletableFuture<Lease> next = locks.acquireAsync(NAME, other);
    messages.next(RELEASE, FAILED, LOST);
    var unused = first.closeAsync();
    time.pass(REQUEST.plusSeconds(1));
    assertThat(sent(ASK)).isGreaterThan(1);
    time.pass(LEASE);
    assertThat(leaseOf(next).isHeld()).isTrue();
  }

  @Test
  void keptLockIsNotHandedOver() {
    LockOptions once = LockOptions.DEFAULTS.keepFor(Duration.ofMinutes(1));
    Lease first = leaseOf(locks.acquireAsync(NAME, once));
    CompletableFuture<Lease> second =
        locks.acquireAsync(NAME, once.waitAtMost(Duration.ofMinutes(2)));
    first.close();
    assertThat(second).isNotDone();
    time.pass(Duration.ofMinutes(1).plusSeconds(1));
    assertThat(second).isCompleted();
  }

  @Test
  void namesDoNotWaitForEachOther() {
    acquired();
    assertThat(locks.acquireAsync("another")).isCompleted();
    assertThat(names()).isEqualTo(2);
  }
}
