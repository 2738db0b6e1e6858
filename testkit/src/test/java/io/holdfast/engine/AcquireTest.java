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
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.BackendException;
import io.holdfast.Lease;
import io.holdfast.LockEvent;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.LockTimeoutException;
import io.holdfast.StoreRefusedException;
import io.holdfast.testkit.UnreliableBackend;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** Asking, waiting and giving up, while messages are lost, late and failing. */
class AcquireTest extends EngineTest {

  private static final LockName LOCK = new LockName(NAME);

  private CompletableFuture<Lease> acquiring() {
    return locks.acquireAsync(NAME);
  }

  private void passUntilDone(CompletableFuture<?> future) {
    for (int i = 0; i < 100_000 && !future.isDone(); i++) {
      time.pass(Duration.ofMillis(10));
    }
    assertThat(future).isDone();
  }

  private void isFree() {
    leaseOf(others.acquireAsync(NAME, NO_WAIT)).close();
  }

  @Test
  void freeLockCostsOneQuestionAndItsReleaseAnother() {
    acquired().close();
    assertThat(messages.sent())
        .extracting(UnreliableBackend.Message::kind)
        .containsExactly(ASK, RELEASE);
    isFree();
  }

  @Test
  void engineAtRestHasNoTimerAndNoEntry() {
    acquired().close();
    assertThat(time.tasks()).isZero();
    assertThat(((LockEngine) locks).names()).isZero();
  }

  @Test
  void releaseByAnotherProcessIsFollowedAtOnce() {
    Lease theirs = acquiredByOthers();
    CompletableFuture<Lease> ours = acquiring();
    assertThat(ours).isNotDone();
    theirs.close();
    assertThat(leaseOf(ours).token()).isGreaterThan(theirs.token());
  }

  @Test
  void lostHintCostsOnlyAPause() {
    messages.hints(false);
    Lease theirs = acquiredByOthers();
    CompletableFuture<Lease> ours = acquiring();
    theirs.close();
    assertThat(ours).isNotDone();
    time.pass(Duration.ofSeconds(1));
    assertThat(ours).isCompleted();
  }

  @Test
  void hintDuringAQuestionIsNotForgotten() {
    Lease theirs = acquiredByOthers();
    CompletableFuture<Lease> ours = acquiring();
    messages.next(ASK, HELD);
    time.pass(Duration.ofMillis(100));
    UnreliableBackend.Message held = messages.sent(ASK).get(sent(ASK) - 1);
    held.arrive();
    theirs.close();
    assertThat(ours).isNotDone();
    held.answer();
    assertThat(ours).isCompleted();
  }

  @Test
  void lockOfASilentHolderIsHadWithinThreeTenthsOfASecondOfItsEnd() {
    messages.hints(false);
    LockOptions once = NO_WAIT.leaseFor(Duration.ofSeconds(20)).holdAtMost(Duration.ofSeconds(20));
    leaseOf(others.acquireAsync(NAME, once));
    CompletableFuture<Lease> ours = acquiring();
    time.pass(Duration.ofSeconds(20));
    assertThat(ours).isNotDone();
    time.pass(Term.lasting(Duration.ofSeconds(20)).minusSeconds(20).plusMillis(300));
    assertThat(ours).isCompleted();
  }

  @Test
  void waitingIsPolite() {
    messages.hints(false);
    acquiredByOthers();
    CompletableFuture<Lease> ours = acquiring();
    passUntilDone(ours);
    assertThatThrownBy(ours::join).hasCauseInstanceOf(LockTimeoutException.class);
    assertThat(sent(ASK)).isLessThan(100);
  }

  @Test
  void busyLockIsATimeoutAfterExactlyTheTimeGiven() {
    acquiredByOthers();
    CompletableFuture<Lease> ours =
        locks.acquireAsync(NAME, LockOptions.DEFAULTS.waitAtMost(Duration.ofSeconds(5)));
    time.pass(Duration.ofMillis(4_999));
    assertThat(ours).isNotDone();
    time.pass(Duration.ofMillis(1));
    assertThatThrownBy(ours::join).hasCauseInstanceOf(LockTimeoutException.class);
    assertThat(time.tasks()).as("only the other holder's").isEqualTo(1);
  }

  @Test
  void callerThatDoesNotWaitAsksOnceAndLeavesNothingToWithdraw() throws Exception {
    acquiredByOthers();
    assertThat(locks.tryAcquire(NAME)).isEmpty();
    assertThat(messages.sent()).extracting(UnreliableBackend.Message::kind).containsExactly(ASK);
  }

  @Test
  void waitIsNotStretchedByAnAnswerThatDoesNotCome() {
    acquiredByOthers();
    CompletableFuture<Lease> ours =
        locks.acquireAsync(NAME, LockOptions.DEFAULTS.waitAtMost(Duration.ofSeconds(5)));
    messages.always(LOST);
    time.pass(Duration.ofSeconds(5));
    assertThat(ours).isDone();
  }

  @Test
  void silentStoreIsNeverTakenForABusyLock() {
    messages.always(LOST);
    CompletableFuture<Lease> ours =
        locks.acquireAsync(NAME, LockOptions.DEFAULTS.waitAtMost(Duration.ofSeconds(10)));
    time.pass(Duration.ofSeconds(10).plus(REQUEST));
    assertThatThrownBy(ours::join).hasCauseInstanceOf(BackendException.class);
  }

  @Test
  void callerThatDoesNotWaitHearsOfASilentStoreAfterOneRequestTimeout() {
    messages.always(LOST);
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME, NO_WAIT);
    time.pass(REQUEST.minusMillis(1));
    assertThat(ours).isNotDone();
    time.pass(Duration.ofMillis(1));
    assertThatThrownBy(ours::join).hasCauseInstanceOf(BackendException.class);
    assertThat(sent(ASK)).isEqualTo(1);
  }

  @Test
  void storeThatFallsSilentDuringTheWaitIsReportedAsThat() {
    acquiredByOthers();
    CompletableFuture<Lease> ours = acquiring();
    messages.always(FAILED);
    passUntilDone(ours);
    assertThatThrownBy(ours::join).hasCauseInstanceOf(BackendException.class);
  }

  @Test
  void failingStoreIsAskedAgainWithPauses() {
    messages.always(FAILED);
    CompletableFuture<Lease> ours = acquiring();
    passUntilDone(ours);
    assertThatThrownBy(ours::join).hasCauseInstanceOf(BackendException.class);
    assertThat(sent(ASK)).isBetween(20, 200);
  }

  @Test
  void storeThatRecoversInTimeIsNoFailure() {
    messages.next(ASK, FAILED, LOST, ANSWER_FAILED, ANSWER_LOST);
    CompletableFuture<Lease> ours = acquiring();
    passUntilDone(ours);
    assertThat(leaseOf(ours).isHeld()).isTrue();
  }

  @Test
  void lostAnswerDoesNotLoseTheLock() {
    messages.next(ASK, ANSWER_LOST);
    CompletableFuture<Lease> ours = acquiring();
    time.pass(REQUEST.plusSeconds(1));
    Lease lease = leaseOf(ours);
    assertThat(messages.sent(ASK))
        .extracting(UnreliableBackend.Message::claim)
        .hasSize(2)
        .containsOnly(messages.sent(ASK).get(0).claim());
    assertThat(lease.isHeld()).isTrue();
  }

  @Test
  void lateAnswerToAnEarlierQuestionIsAGrantCountedFromThatQuestion() {
    messages.next(ASK, HELD, LOST);
    CompletableFuture<Lease> ours = acquiring();
    UnreliableBackend.Message early = messages.sent(ASK).get(0);
    early.arrive();
    time.pass(REQUEST.plusSeconds(1));
    assertThat(sent(ASK)).isEqualTo(2);
    early.answer();
    Duration margin = Duration.ofMillis(302);
    assertThat(leaseOf(ours).remaining())
        .isEqualTo(LEASE.minus(margin).minus(REQUEST.plusSeconds(1)));
  }

  @Test
  void grantWhoseAnswerTookLongerThanTheLeaseIsNotALease() {
    messages.next(ASK, HELD);
    LockOptions brief =
        LockOptions.DEFAULTS.leaseFor(Duration.ofSeconds(1)).waitAtMost(Duration.ofSeconds(60));
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME, brief);
    UnreliableBackend.Message slow = messages.sent(ASK).get(0);
    slow.arrive();
    time.pass(Duration.ofSeconds(2));
    slow.answer();
    assertThat(ours).isNotDone();
    time.pass(Duration.ofSeconds(1));
    assertThat(leaseOf(ours).remaining()).isPositive();
    assertThat(messages.sent(ASK).get(sent(ASK) - 1).claim()).isNotEqualTo(slow.claim());
  }

  @Test
  void grantOfACallerWhoIsGoneIsGivenBack() {
    messages.next(ASK, HELD);
    CompletableFuture<Lease> ours = acquiring();
    UnreliableBackend.Message held = messages.sent(ASK).get(0);
    ours.cancel(false);
    assertThat(sent(RELEASE)).isEqualTo(1);
    held.arrive(); // the release has overtaken it
    assertThat(others.acquireAsync(NAME, NO_WAIT)).isCompletedExceptionally();
    held.answer();
    assertThat(sent(RELEASE)).isEqualTo(2);
    isFree();
  }

  @Test
  void lateSecondGrantOfAReleasedClaimIsGivenBack() {
    messages.next(ASK, HELD);
    CompletableFuture<Lease> ours = acquiring();
    UnreliableBackend.Message early = messages.sent(ASK).get(0);
    time.pass(REQUEST.plusSeconds(1));
    leaseOf(ours).close();
    early.arrive();
    early.answer();
    isFree();
  }

  @Test
  void lateSecondGrantOfAHeldClaimHarmsNothing() {
    messages.next(ASK, HELD);
    CompletableFuture<Lease> ours = acquiring();
    UnreliableBackend.Message early = messages.sent(ASK).get(0);
    time.pass(REQUEST.plusSeconds(1));
    Lease lease = leaseOf(ours);
    early.arrive();
    early.answer();
    assertThat(lease.isHeld()).isTrue();
    assertThat(sent(RELEASE)).isZero();
  }

  @Test
  void withdrawalIsRepeatedOnceWhenItIsNotAnswered() {
    messages.next(ASK, ANSWER_LOST);
    messages.next(RELEASE, LOST);
    CompletableFuture<Lease> ours = acquiring();
    ours.cancel(false);
    time.pass(REQUEST.multipliedBy(4));
    assertThat(sent(RELEASE)).isEqualTo(2);
    isFree();
  }

  @Test
  void withdrawalFromADeadStoreEnds() {
    messages.always(LOST);
    acquiring().cancel(false);
    time.pass(Duration.ofMinutes(5));
    assertThat(sent(RELEASE)).isEqualTo(2);
    assertThat(time.tasks()).isZero();
  }

  @Test
  void futureEndedByATimeoutOfItsOwnerWithdrawsTheClaim() {
    acquiredByOthers();
    CompletableFuture<Lease> ours = acquiring();
    ours.completeExceptionally(new TimeoutException());
    assertThat(sent(RELEASE)).isEqualTo(1);
    assertThat(((LockEngine) locks).names()).isZero();
  }

  @Test
  void refusalOfTheStoreEndsTheWaitAtOnce() {
    long absurd = LockOptions.TOKEN_LIMIT - 2;
    CompletableFuture<Lease> ours =
        locks.acquireAsync(NAME, LockOptions.DEFAULTS.tokenAbove(absurd));
    assertThatThrownBy(ours::join).hasCauseInstanceOf(StoreRefusedException.class);
    assertThat(sent(ASK)).isEqualTo(1);
    assertThat(((LockEngine) locks).names()).isZero();
  }

  @Test
  void refusalOfOneCallersOptionsIsNotTheNextCallers() {
    messages.next(ASK, HELD);
    long absurd = LockOptions.TOKEN_LIMIT - 2;
    CompletableFuture<Lease> bad =
        locks.acquireAsync(NAME, LockOptions.DEFAULTS.tokenAbove(absurd));
    CompletableFuture<Lease> good = acquiring();
    UnreliableBackend.Message asked = messages.sent(ASK).get(0);
    asked.arrive();
    asked.answer();
    assertThat(bad).isCompletedExceptionally();
    assertThat(good).isCompleted();
  }

  @Test
  void tokenIsAboveTheOneAskedFor() {
    long above = acquired().token() + 1_000_000;
    CompletableFuture<Lease> next =
        others.acquireAsync("another", LockOptions.DEFAULTS.tokenAbove(above));
    assertThat(leaseOf(next).token()).isEqualTo(above + 1);
  }

  @Test
  void badCallsFailBeforeAnythingIsSent() {
    assertThatThrownBy(() -> locks.acquireAsync("no spaces"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> locks.acquire("")).isInstanceOf(IllegalArgumentException.class);
    assertThat(messages.sent()).isEmpty();
    assertThat(((LockEngine) locks).names()).isZero();
  }

  @Test
  void keptLockIsFreeNoEarlierThanPromised() {
    LockOptions kept = LockOptions.DEFAULTS.keepFor(Duration.ofMinutes(10));
    Lease lease = leaseOf(locks.acquireAsync(NAME, kept));
    time.pass(Duration.ofMinutes(1));
    lease.close();
    time.pass(Duration.ofMinutes(9).minusMillis(1));
    assertThat(others.acquireAsync(NAME, NO_WAIT)).isCompletedExceptionally();
    time.pass(Duration.ofMillis(1));
    isFree();
  }

  @Test
  void lockThatWasHeldLongerThanItIsKeptIsFreeAtOnce() {
    LockOptions kept = LockOptions.DEFAULTS.keepFor(Duration.ofMinutes(1));
    Lease lease = leaseOf(locks.acquireAsync(NAME, kept));
    time.pass(Duration.ofMinutes(2));
    lease.close();
    isFree();
  }

  @Test
  void labelIsShownToOthers() throws Exception {
    leaseOf(locks.acquireAsync(NAME, LockOptions.DEFAULTS.label("nightly run")));
    assertThat(others.inspect(NAME).holder())
        .hasValueSatisfying(holder -> assertThat(holder.label()).isEqualTo("nightly run"));
  }

  @Test
  void labelIsHostProcessAndThreadUnlessGiven() throws Exception {
    acquired();
    assertThat(others.inspect(NAME).holder())
        .hasValueSatisfying(
            holder ->
                assertThat(holder.label())
                    .endsWith(
                        "/"
                            + ProcessHandle.current().pid()
                            + "/"
                            + Thread.currentThread().getName()));
  }

  @Test
  void silentStoreDoesNotHoldAnInspectionForEver() {
    messages.always(LOST);
    var asked = CompletableFuture.supplyAsync(() -> inspectUnchecked());
    eventually().until(() -> !messages.sent().isEmpty());
    time.pass(REQUEST);
    assertThatThrownBy(asked::join).hasCauseInstanceOf(BackendException.class);
  }

  private Object inspectUnchecked() {
    try {
      return locks.inspect(NAME);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void waitsAndOutcomesAreAnnounced() {
    Lease theirs = acquiredByOthers();
    CompletableFuture<Lease> ours = acquiring();
    time.pass(Duration.ofSeconds(2));
    theirs.close();
    Lease lease = leaseOf(ours);
    assertThat(events(LockEvent.Acquired.class))
        .containsExactly(new LockEvent.Acquired(LOCK, lease.token(), Duration.ofSeconds(2)));
    assertThat(Optional.of(lease.name())).hasValue(LOCK);
    assertThat(sent(RENEW)).isZero();
  }
}
