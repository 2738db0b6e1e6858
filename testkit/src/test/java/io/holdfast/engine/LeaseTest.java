package io.holdfast.engine;

import static io.holdfast.engine.Caller.eventually;
import static io.holdfast.testkit.UnreliableBackend.Fate.ANSWER_FAILED;
import static io.holdfast.testkit.UnreliableBackend.Fate.ANSWER_LOST;
import static io.holdfast.testkit.UnreliableBackend.Fate.FAILED;
import static io.holdfast.testkit.UnreliableBackend.Fate.HELD;
import static io.holdfast.testkit.UnreliableBackend.Fate.LOST;
import static io.holdfast.testkit.UnreliableBackend.Kind.ASK;
import static io.holdfast.testkit.UnreliableBackend.Kind.RELEASE;
import static io.holdfast.testkit.UnreliableBackend.Kind.RENEW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LeaseState;
import io.holdfast.LockEvent;
import io.holdfast.LockEvent.LossCause;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.testkit.UnreliableBackend;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Keeping a lease alive, losing it, and giving it back. */
class LeaseTest extends EngineTest {

  /** A hundredth of the lease and 2 ms. */
  private static final Duration MARGIN = Duration.ofMillis(302);

  private static final Duration VALID = LEASE.minus(MARGIN);

  private final AtomicInteger losses = new AtomicInteger();

  private Lease watched() {
    Lease lease = acquired();
    lease.onLost(losses::incrementAndGet);
    return lease;
  }

  private static void isLost(Lease lease) {
    assertThat(lease.state()).isEqualTo(LeaseState.LOST);
    assertThat(lease.isHeld()).isFalse();
    assertThat(lease.remaining()).isZero();
    assertThatThrownBy(lease::ensureHeld).isInstanceOf(LeaseLostException.class);
  }

  @Test
  void leaseIsHeldForAsLongAsItIsOpen() {
    Lease lease = watched();
    for (int i = 0; i < 60; i++) {
      time.pass(Duration.ofMinutes(1));
      assertThat(lease.isHeld()).isTrue();
      lease.ensureHeld();
    }
    lease.close();
    assertThat(losses).hasValue(0);
  }

  @Test
  void renewalIsSentOncePerThirdOfTheLease() {
    Lease lease = acquired();
    time.pass(LEASE.multipliedBy(10));
    assertThat(sent(RENEW)).isEqualTo(30);
    lease.close();
  }

  @Test
  void holdShorterThanAThirdCostsNoRenewal() {
    Lease lease = acquired();
    time.pass(LEASE.dividedBy(3).minusMillis(1));
    lease.close();
    assertThat(sent(RENEW)).isZero();
  }

  @Test
  void nothingIsSentAfterTheRelease() {
    acquired().close();
    int before = messages.sent().size();
    time.pass(LEASE.multipliedBy(3));
    assertThat(messages.sent()).hasSize(before);
    assertThat(time.tasks()).isZero();
  }

  @Test
  void remainingIsCountedFromBeforeTheQuestion() {
    messages.next(ASK, HELD);
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME);
    time.pass(Duration.ofSeconds(1));
    UnreliableBackend.Message asked = messages.sent(ASK).get(0);
    asked.arrive();
    asked.answer();
    assertThat(leaseOf(ours).remaining()).isEqualTo(VALID.minusSeconds(1));
  }

  @Test
  void renewalIsCountedFromBeforeItsQuestion() {
    Lease lease = acquired();
    messages.next(RENEW, HELD);
    time.pass(LEASE.dividedBy(3).plusSeconds(1));
    UnreliableBackend.Message asked = messages.sent(RENEW).get(0);
    asked.arrive();
    asked.answer();
    assertThat(lease.remaining()).isEqualTo(VALID.minusSeconds(1));
  }

  @Test
  void silentStoreMakesTheLeaseAtRiskAndThenLost() {
    Lease lease = watched();
    messages.always(LOST);
    time.pass(LEASE.dividedBy(3).plus(REQUEST));
    assertThat(lease.state()).isEqualTo(LeaseState.AT_RISK);
    assertThat(lease.isHeld()).isTrue();
    time.pass(VALID.minus(LEASE.dividedBy(3)).minus(REQUEST).minusNanos(1));
    assertThat(lease.isHeld()).isTrue();
    assertThat(losses).hasValue(0);
    time.pass(Duration.ofNanos(1));
    isLost(lease);
    assertThat(losses).hasValue(1);
    assertThat(events(LockEvent.Lost.class))
        .containsExactly(
            new LockEvent.Lost(new LockName(NAME), lease.token(), VALID, LossCause.EXPIRED));
  }

  @Test
  void failedRenewalIsTriedAgainUntilItIsAnswered() {
    Lease lease = watched();
    messages.next(RENEW, FAILED, LOST, ANSWER_LOST, ANSWER_FAILED, FAILED);
    time.pass(LEASE.multipliedBy(4));
    assertThat(lease.state()).isEqualTo(LeaseState.HELD);
    assertThat(losses).hasValue(0);
    assertThat(events(LockEvent.RenewalFailed.class)).hasSize(5);
  }

  @Test
  void failingRenewalIsNotAMillionQuestions() {
    acquired();
    messages.always(FAILED);
    time.pass(LEASE);
    assertThat(sent(RENEW)).isBetween(10, 200);
  }

  @Test
  void leaseIsOverByTheClockBeforeAnyCallbackHasRun() {
    Lease lease = watched();
    time.pauseProcess(VALID);
    isLost(lease);
    assertThat(losses).hasValue(0);
    time.pass(Duration.ZERO);
    assertThat(losses).hasValue(1);
  }

  @Test
  void lossThatWasSeenByTheClockIsNotUndoneByALateRenewal() {
    Lease lease = watched();
    messages.next(RENEW, HELD);
    time.pass(LEASE.dividedBy(3));
    UnreliableBackend.Message renewal = messages.sent(RENEW).get(0);
    renewal.arrive();
    time.pauseProcess(VALID.minus(LEASE.dividedBy(3)));
    isLost(lease);
    renewal.answer();
    isLost(lease);
    time.pass(Duration.ofMinutes(5));
    isLost(lease);
    assertThat(losses).hasValue(1);
  }

  @Test
  void answerAfterTheEndIsALossAlthoughNobodyLooked() {
    Lease lease = watched();
    messages.next(RENEW, HELD);
    time.pass(LEASE.dividedBy(3));
    UnreliableBackend.Message renewal = messages.sent(RENEW).get(0);
    renewal.arrive();
    time.pauseProcess(VALID.minus(LEASE.dividedBy(3)));
    renewal.answer();
    isLost(lease);
    assertThat(losses).hasValue(1);
  }

  @Test
  void renewalThatWasAnsweredTooLateIsGivenBackAndNotBeforeTheMargin() {
    watched();
    messages.next(RENEW, HELD);
    time.pass(LEASE.dividedBy(3));
    UnreliableBackend.Message renewal = messages.sent(RENEW).get(0);
    time.pauseProcess(VALID.minus(LEASE.dividedBy(3)));
    renewal.arrive();
    renewal.answer();
    assertThat(sent(RELEASE)).isZero();
    time.pass(MARGIN);
    assertThat(sent(RELEASE)).isEqualTo(1);
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
  }

  @Test
  void lateAnswerThatIsInTimeCounts() {
    Lease lease = watched();
    messages.next(RENEW, HELD);
    messages.always(RENEW, LOST);
    time.pass(LEASE.dividedBy(3));
    UnreliableBackend.Message renewal = messages.sent(RENEW).get(0);
    renewal.arrive();
    time.pass(Duration.ofSeconds(10));
    assertThat(lease.state()).isEqualTo(LeaseState.AT_RISK);
    renewal.answer();
    assertThat(lease.state()).isEqualTo(LeaseState.HELD);
    assertThat(lease.remaining()).isEqualTo(VALID.minusSeconds(10));
  }

  @Test
  void failureOfAnEarlierRenewalThatComesAfterALaterOnesAnswerIsNoRisk() {
    Lease lease = watched();
    messages.next(RENEW, HELD);
    time.pass(LEASE.dividedBy(3).plus(REQUEST));
    assertThat(lease.state()).as("given up for unanswered").isEqualTo(LeaseState.AT_RISK);
    time.pass(REQUEST);
    assertThat(sent(RENEW)).isEqualTo(2);
    assertThat(lease.state()).isEqualTo(LeaseState.HELD);
    messages.sent(RENEW).get(0).fail();
    assertThat(lease.state()).isEqualTo(LeaseState.HELD);
    assertThat(events(LockEvent.RenewalFailed.class)).hasSize(1);
  }

  @Test
  void holderHearsWithinAThirdThatTheStoreEndedTheLease() {
    Lease lease = watched();
    time.pass(Duration.ofSeconds(1));
    store.flush();
    time.pass(LEASE.dividedBy(3));
    isLost(lease);
    assertThat(losses).hasValue(1);
    assertThat(events(LockEvent.Lost.class))
        .extracting(LockEvent.Lost::cause)
        .containsExactly(LossCause.ENDED_BY_STORE);
    assertThatThrownBy(lease::close).isInstanceOf(LeaseLostException.class);
  }

  @Test
  void lossIsToldOnceAndToWhoeverAsksLater() {
    Lease lease = watched();
    store.flush();
    time.pass(LEASE);
    lease.onLost(losses::incrementAndGet);
    assertThat(losses).hasValue(2);
    time.pass(LEASE);
    assertThat(losses).hasValue(2);
  }

  @Test
  void actionThatThrowsDoesNotKeepTheOthersFromRunning() {
    Lease lease = acquired();
    lease.onLost(
        () -> {
          throw new IllegalStateException("in a test");
        });
    lease.onLost(losses::incrementAndGet);
    store.flush();
    time.pass(LEASE);
    assertThat(losses).hasValue(1);
  }

  @Test
  void releaseThatFindsNothingIsALoss() {
    Lease lease = watched();
    store.flush();
    assertThatThrownBy(lease::close).isInstanceOf(LeaseLostException.class);
    assertThat(lease.state()).isEqualTo(LeaseState.LOST);
    assertThat(events(LockEvent.Lost.class)).hasSize(1);
    assertThat(events(LockEvent.Released.class)).isEmpty();
  }

  @Test
  void closeOfALostLeaseFailsWithoutAnyQuestion() {
    Lease lease = watched();
    time.pauseProcess(VALID);
    assertThatThrownBy(lease::close).isInstanceOf(LeaseLostException.class);
    assertThat(sent(RELEASE)).isZero();
  }

  @Test
  void secondCloseDoesNothing() {
    Lease lease = watched();
    lease.close();
    lease.close();
    assertThat(sent(RELEASE)).isEqualTo(1);
    Lease lost = acquired();
    store.flush();
    assertThatThrownBy(lost::close).isInstanceOf(LeaseLostException.class);
    assertThatCode(lost::close).doesNotThrowAnyException();
  }

  @Test
  void closedLeaseIsReleasedAndNeverLost() {
    Lease lease = watched();
    lease.close();
    assertThat(lease.state()).isEqualTo(LeaseState.RELEASED);
    time.pass(LEASE.multipliedBy(2));
    assertThat(lease.state()).isEqualTo(LeaseState.RELEASED);
    assertThat(losses).hasValue(0);
    assertThatThrownBy(lease::ensureHeld).isInstanceOf(LeaseLostException.class);
  }

  @Test
  void unansweredReleaseReturnsAfterOneRequestTimeoutAndGoesOnInTheBackground() {
    Lease lease = watched();
    messages.next(RELEASE, LOST, FAILED, LOST);
    CompletableFuture<Void> closed = lease.closeAsync();
    assertThat(closed).isNotDone();
    time.pass(REQUEST);
    assertThat(closed).isCompleted();
    assertThat(events(LockEvent.ReleaseUnanswered.class)).hasSize(1);
    time.pass(LEASE.minus(REQUEST));
    assertThat(sent(RELEASE)).isEqualTo(4);
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
  }

  @Test
  void releaseIsNotRepeatedPastTheEndOfTheLease() {
    Lease lease = acquired();
    messages.always(LOST);
    var unused = lease.closeAsync();
    time.pass(LEASE.multipliedBy(3));
    assertThat(sent(RELEASE)).isBetween(5, 12);
    assertThat(time.tasks()).isZero();
  }

  @Test
  void goneToARepeatedReleaseIsNoLoss() {
    Lease lease = watched();
    messages.next(RELEASE, ANSWER_LOST);
    CompletableFuture<Void> closed = lease.closeAsync();
    time.pass(LEASE);
    assertThat(closed).isCompleted();
    assertThat(events(LockEvent.Lost.class)).isEmpty();
    assertThat(losses).hasValue(0);
  }

  @Test
  void renewalAnsweredAfterTheReleaseChangesNothing() {
    Lease lease = watched();
    messages.next(RENEW, HELD);
    time.pass(LEASE.dividedBy(3));
    UnreliableBackend.Message renewal = messages.sent(RENEW).get(0);
    lease.close();
    int before = messages.sent().size();
    renewal.arrive();
    renewal.answer();
    time.pass(LEASE.multipliedBy(2));
    assertThat(lease.state()).isEqualTo(LeaseState.RELEASED);
    assertThat(messages.sent()).hasSize(before);
    assertThat(losses).hasValue(0);
  }

  @Test
  void renewalsOfOneLeaseDoNotWaitForThoseOfAnother() {
    Lease silent = acquired();
    messages.next(RENEW, LOST);
    Lease other = leaseOf(locks.acquireAsync("another"));
    time.pass(LEASE.dividedBy(3));
    assertThat(sent(RENEW)).isEqualTo(2);
    assertThat(other.remaining()).isEqualTo(VALID);
    assertThat(silent.isHeld()).isTrue();
  }

  @Test
  void hungHolderLosesItsLeaseAtItsMost() {
    LockOptions most = LockOptions.DEFAULTS.holdAtMost(Duration.ofSeconds(100));
    Lease lease = leaseOf(locks.acquireAsync(NAME, most));
    lease.onLost(losses::incrementAndGet);
    time.pass(Duration.ofSeconds(100).minusNanos(1));
    assertThat(lease.isHeld()).isTrue();
    time.pass(Duration.ofNanos(1));
    isLost(lease);
    assertThat(losses).hasValue(1);
    assertThat(events(LockEvent.Lost.class))
        .extracting(LockEvent.Lost::cause)
        .containsExactly(LossCause.HELD_TOO_LONG);
    time.pass(Duration.ofSeconds(2));
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
    assertThat(sent(RENEW)).isLessThan(12);
  }

  @Test
  void mostThatIsShorterThanTheLeaseIsKept() {
    LockOptions most = LockOptions.DEFAULTS.holdAtMost(Duration.ofSeconds(5));
    Lease lease = leaseOf(locks.acquireAsync(NAME, most));
    time.pass(Duration.ofSeconds(5).minusNanos(1));
    assertThat(lease.isHeld()).isTrue();
    time.pass(Duration.ofNanos(1));
    isLost(lease);
    time.pass(Duration.ofMillis(100));
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
    assertThat(sent(RENEW)).as("one for each third, to hear of a loss").isEqualTo(2);
  }

  @Test
  void holderWithAMostHearsWithinAThirdThatTheStoreEndedItsLease() {
    LockOptions most = LockOptions.DEFAULTS.holdAtMost(Duration.ofSeconds(6));
    Lease lease = leaseOf(locks.acquireAsync(NAME, most));
    time.pass(Duration.ofSeconds(2));
    store.flush();
    time.pass(Duration.ofSeconds(2).minusNanos(1));
    assertThat(lease.isHeld()).isTrue();
    time.pass(Duration.ofNanos(1));
    isLost(lease);
    assertThat(events(LockEvent.Lost.class))
        .extracting(LockEvent.Lost::cause)
        .containsExactly(LossCause.ENDED_BY_STORE);
  }

  @Test
  void tokenStaysTheSameForEver() {
    Lease lease = acquired();
    long token = lease.token();
    time.pass(LEASE.multipliedBy(3));
    assertThat(lease.token()).isEqualTo(token);
    store.flush();
    time.pass(LEASE);
    Lease theirs = acquiredByOthers();
    assertThat(lease.token()).isEqualTo(token).isLessThan(theirs.token());
  }

  @Test
  void interruptedThreadStillReleasesAndStaysInterrupted() throws Exception {
    Lease lease = acquired();
    messages.next(RELEASE, HELD);
    var stillInterrupted = new CompletableFuture<Boolean>();
    Thread closer =
        new Thread(
            () -> {
              Thread.currentThread().interrupt();
              lease.close();
              stillInterrupted.complete(Thread.currentThread().isInterrupted());
            });
    closer.start();
    eventually().until(() -> sent(RELEASE) == 1);
    messages.sent(RELEASE).get(0).arrive();
    messages.sent(RELEASE).get(0).answer();
    closer.join();
    assertThat(stillInterrupted).isCompletedWithValue(true);
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
  }

  @Test
  void blockThatEndsNormallyWasProtected() {
    assertThatThrownBy(() -> locks.withLease(NAME, lease -> store.flush()))
        .isInstanceOf(LeaseLostException.class);
  }

  @Test
  void failureOfTheBlockIsNotHiddenByTheLoss() {
    assertThatThrownBy(
            () ->
                locks.withLease(
                    NAME,
                    lease -> {
                      store.flush();
                      throw new IllegalStateException("the block's");
                    }))
        .hasMessage("the block's")
        .satisfies(
            e -> assertThat(e.getSuppressed()).hasOnlyElementsOfType(LeaseLostException.class));
  }
}
