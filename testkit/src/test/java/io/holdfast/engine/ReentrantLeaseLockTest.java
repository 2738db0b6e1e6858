package io.holdfast.engine;

import static io.holdfast.engine.Caller.eventually;
import static io.holdfast.testkit.UnreliableBackend.Fate.FAILED;
import static io.holdfast.testkit.UnreliableBackend.Fate.HELD;
import static io.holdfast.testkit.UnreliableBackend.Fate.LOST;
import static io.holdfast.testkit.UnreliableBackend.Kind.ASK;
import static io.holdfast.testkit.UnreliableBackend.Kind.RELEASE;
import static io.holdfast.testkit.UnreliableBackend.Kind.RENEW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD;

import io.holdfast.BackendException;
import io.holdfast.Inspection;
import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LockEvent;
import io.holdfast.LockOptions;
import io.holdfast.testkit.UnreliableBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The contract of {@link Lock}, by the letter of its documentation. A test that hangs in {@code
 * lock()} cannot be interrupted, only left behind.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = SEPARATE_THREAD)
@SuppressWarnings("LockNotBeforeTry") // taking and losing it out of order is what is tested
class ReentrantLeaseLockTest extends EngineTest {

  private final Lock lock = locks.reentrant(NAME);

  private long tokenInTheStore() throws InterruptedException {
    Inspection.Holder holder = others.inspect(NAME).holder().orElseThrow();
    return holder.token().orElseThrow();
  }

  private boolean isFree() throws InterruptedException {
    return others.inspect(NAME).holder().isEmpty();
  }

  private int names() {
    return ((LockEngine) locks).names();
  }

  /** What a caller thread does that takes the lock and keeps it. */
  private Callable<Boolean> locking() {
    return () -> {
      lock.lock();
      return true;
    };
  }

  private Callable<Boolean> lockingInterruptibly() {
    return () -> {
      lock.lockInterruptibly();
      return true;
    };
  }

  private Callable<Boolean> trying() {
    return () -> lock.tryLock(1, TimeUnit.HOURS);
  }

  /** Held in this process, so that those who wait cost no questions. */
  private Lease heldHereForDays() {
    return leaseOf(locks.acquireAsync(NAME, LockOptions.DEFAULTS.leaseFor(Duration.ofHours(24))));
  }

  /** Renewal by renewal: the caller, which begins anew each day, may be the one who puts it. */
  private void passDays(int days, Lease held) {
    for (int i = 0; i < 3 * days; i++) {
      time.pass(Duration.ofHours(8));
      await()
          .pollDelay(Duration.ZERO)
          .until(() -> held.remaining().compareTo(Duration.ofHours(16)) > 0);
    }
  }

  private void lose() {
    messages.always(LOST);
    time.pass(LEASE);
    messages.always(UnreliableBackend.Fate.ANSWERED);
  }

  @Test
  void reentryKeepsTheTokenAndSendsNothing() throws Exception {
    lock.lock();
    long token = tokenInTheStore();
    lock.lock();
    lock.lockInterruptibly();
    assertThat(lock.tryLock()).isTrue();
    assertThat(lock.tryLock(1, TimeUnit.SECONDS)).isTrue();
    assertThat(tokenInTheStore()).isEqualTo(token);
    assertThat(messages.sent()).hasSize(1);
    assertThat(events(LockEvent.Acquired.class)).hasSize(1);
  }

  @Test
  void lockIsFreeAfterAsManyUnlocksAsLocks() throws Exception {
    for (int i = 0; i < 3; i++) {
      lock.lock();
    }
    lock.unlock();
    lock.unlock();
    assertThat(isFree()).isFalse();
    assertThat(sent(RELEASE)).isZero();
    lock.unlock();
    assertThat(isFree()).isTrue();
    assertThat(names()).isZero();
  }

  @Test
  void lockIsKeptForAsLongAsItsThreadHoldsIt() throws Exception {
    lock.lock();
    time.pass(LEASE.multipliedBy(10));
    assertThat(isFree()).isFalse();
    lock.unlock();
  }

  @Test
  void unlockWithoutALockIsRefused() {
    assertThatThrownBy(lock::unlock)
        .isInstanceOf(IllegalMonitorStateException.class)
        .hasMessageContaining(NAME);
    lock.lock();
    lock.unlock();
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);
    assertThat(sent(RELEASE)).isEqualTo(1);
  }

  @Test
  void unlockByAnotherThreadIsRefusedAndFreesNothing() throws Exception {
    lock.lock();
    Caller<Boolean> other =
        Caller.of(
            () -> {
              lock.unlock();
              return true;
            });
    assertThat(other.failure()).isInstanceOf(IllegalMonitorStateException.class);
    assertThat(isFree()).isFalse();
    lock.unlock();
    assertThat(isFree()).isTrue();
  }

  @Test
  void otherThreadDoesNotReenter() {
    lock.lock();
    assertThat(Caller.of(lock::tryLock).answer()).isFalse();
    lock.unlock();
    assertThat(Caller.of(lock::tryLock).answer()).isTrue();
  }

  @Test
  void otherThreadsWaitInTheOrderInWhichTheyCame() {
    lock.lock();
    List<Integer> order = new CopyOnWriteArrayList<>();
    List<Caller<Boolean>> callers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      int number = i;
      Callable<Boolean> turn =
          () -> {
            lock.lock();
            order.add(number);
            lock.unlock();
            return true;
          };
      callers.add(Caller.of(turn).waiting());
    }
    lock.unlock();
    callers.forEach(Caller::answer);
    assertThat(order).containsExactly(0, 1, 2, 3, 4);
  }

  @Test
  void lockIgnoresAnInterruptAndLeavesTheThreadInterrupted() throws Exception {
    Lease theirs = acquiredByOthers();
    Caller<Boolean> caller = Caller.of(locking()).waiting().interrupt();
    eventually().until(() -> !caller.isFlagged());
    caller.waiting();
    assertThat(sent(RELEASE)).isZero();
    theirs.close();
    assertThat(caller.answer()).isTrue();
    assertThat(caller.stillInterrupted()).isTrue();
    assertThat(isFree()).isFalse();
  }

  @Test
  void lockOfAThreadThatIsInterruptedAlreadyIsTakenAndLeavesItInterrupted() throws Exception {
    Caller<Boolean> caller = Caller.interrupted(locking());
    assertThat(caller.answer()).isTrue();
    assertThat(caller.stillInterrupted()).isTrue();
    assertThat(isFree()).isFalse();
  }

  private void isWithdrawnByAnInterrupt(Callable<Boolean> waiting) throws Exception {
    Lease theirs = acquiredByOthers();
    Caller<Boolean> caller = Caller.of(waiting).waiting().interrupt();
    assertThat(caller.failure()).isInstanceOf(InterruptedException.class);
    assertThat(caller.stillInterrupted()).isFalse();
    assertThat(names()).isZero();
    theirs.close();
    assertThat(isFree()).isTrue();
  }

  @Test
  void lockInterruptiblyThatIsInterruptedClearsTheFlagAndWithdrawsTheClaim() throws Exception {
    isWithdrawnByAnInterrupt(lockingInterruptibly());
  }

  @Test
  void timedTryLockThatIsInterruptedClearsTheFlagAndWithdrawsTheClaim() throws Exception {
    isWithdrawnByAnInterrupt(trying());
  }

  private void isNotEvenBegunByAnInterruptedThread(Callable<Boolean> waiting) {
    Caller<Boolean> caller = Caller.interrupted(waiting);
    assertThat(caller.failure()).isInstanceOf(InterruptedException.class);
    assertThat(caller.stillInterrupted()).isFalse();
    assertThat(messages.sent()).isEmpty();
    assertThat(names()).isZero();
  }

  @Test
  void lockInterruptiblyOfAnInterruptedThreadSendsNothing() {
    isNotEvenBegunByAnInterruptedThread(lockingInterruptibly());
  }

  @Test
  void timedTryLockOfAnInterruptedThreadSendsNothing() {
    isNotEvenBegunByAnInterruptedThread(trying());
    isNotEvenBegunByAnInterruptedThread(() -> lock.tryLock(0, TimeUnit.SECONDS));
  }

  @Test
  void interruptIsHonouredByAReentryToo() throws Exception {
    lock.lock();
    Thread.currentThread().interrupt();
    assertThatThrownBy(lock::lockInterruptibly).isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> lock.tryLock(1, TimeUnit.SECONDS))
        .isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
    lock.unlock();
    assertThat(isFree()).as("neither of the two has counted").isTrue();
  }

  @Test
  void tryLockDoesNotLookAtInterrupts() {
    Caller<Boolean> first = Caller.interrupted(lock::tryLock);
    assertThat(first.answer()).isTrue();
    assertThat(first.stillInterrupted()).isTrue();
    Caller<Boolean> second = Caller.interrupted(lock::tryLock);
    assertThat(second.answer()).isFalse();
    assertThat(second.stillInterrupted()).isTrue();
  }

  @Test
  void tryLockThatAwaitsItsAnswerDoesNotLookAtInterrupts() {
    messages.next(ASK, HELD);
    Caller<Boolean> caller = Caller.of(lock::tryLock).waiting().interrupt();
    eventually().until(() -> !caller.isFlagged());
    caller.waiting();
    UnreliableBackend.Message asked = messages.sent(ASK).get(0);
    asked.arrive();
    asked.answer();
    assertThat(caller.answer()).isTrue();
    assertThat(caller.stillInterrupted()).isTrue();
    assertThat(sent(RELEASE)).isZero();
  }

  @Test
  void unlockByAnInterruptedThreadReleasesAndLeavesItInterrupted() throws Exception {
    lock.lock();
    Thread.currentThread().interrupt();
    lock.unlock();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(isFree()).isTrue();
  }

  @Test
  void busyLockIsFalseAndNoAnswerIsNot() {
    Lease theirs = acquiredByOthers();
    assertThat(lock.tryLock()).isFalse();
    theirs.close();
    messages.next(ASK, FAILED);
    assertThatThrownBy(lock::tryLock).isInstanceOf(BackendException.class);
    assertThat(lock.tryLock()).as("nothing is left of the failure").isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, 0})
  void triesOnceIfThereIsNoTimeToWait(long hours) throws Exception {
    Lease theirs = acquiredByOthers();
    assertThat(lock.tryLock(hours, TimeUnit.HOURS)).isFalse();
    assertThat(sent(ASK)).isEqualTo(1);
    theirs.close();
    assertThat(lock.tryLock(hours, TimeUnit.HOURS)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"NANOSECONDS", "SECONDS", "DAYS"})
  void waitsAlthoughTheTimeIsTheLongestThatCanBeWritten(TimeUnit unit) {
    Lease held = heldHereForDays();
    Caller<Boolean> caller = Caller.of(() -> lock.tryLock(Long.MAX_VALUE, unit)).waiting();
    time.pass(Duration.ofHours(23));
    assertThat(caller.isDone()).isFalse();
    held.close();
    assertThat(caller.answer()).isTrue();
  }

  @Test
  void timedTryLockIsFalseAfterTheTimeGiven() {
    acquiredByOthers();
    Caller<Boolean> caller = Caller.of(() -> lock.tryLock(1, TimeUnit.SECONDS)).waiting();
    time.pass(Duration.ofMillis(999));
    assertThat(caller.isDone()).isFalse();
    time.pass(Duration.ofMillis(1));
    assertThat(caller.answer()).isFalse();
  }

  @Test
  void lockWaitsLongerThanTheOptionsSay() {
    Lock brief = locks.reentrant(NAME, NO_WAIT);
    Lease held = heldHereForDays();
    Caller<Boolean> caller =
        Caller.of(
                () -> {
                  brief.lock();
                  return true;
                })
            .waiting();
    passDays(3, held);
    assertThat(caller.isDone()).isFalse();
    held.close();
    assertThat(caller.answer()).isTrue();
  }

  @Test
  void lostLeaseIsNotReentered() {
    lock.lock();
    lose();
    assertThatThrownBy(lock::lock).isInstanceOf(LeaseLostException.class);
    assertThatThrownBy(lock::lockInterruptibly).isInstanceOf(LeaseLostException.class);
    assertThatThrownBy(lock::tryLock).isInstanceOf(LeaseLostException.class);
    assertThatThrownBy(() -> lock.tryLock(1, TimeUnit.SECONDS))
        .isInstanceOf(LeaseLostException.class);
    assertThat(sent(ASK)).isEqualTo(1);
  }

  @Test
  void lossIsSeenByAReentryBeforeAnyCallbackHasRun() {
    lock.lock();
    time.pauseProcess(LEASE);
    assertThatThrownBy(lock::lock).isInstanceOf(LeaseLostException.class);
  }

  @Test
  void unlockOfALostLeaseFailsOnceAndTheThreadCanLockAgain() throws Exception {
    lock.lock();
    long lost = tokenInTheStore();
    lose();
    assertThatThrownBy(lock::unlock)
        .isInstanceOfSatisfying(
            LeaseLostException.class, loss -> assertThat(loss.token()).isEqualTo(lost));
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);
    lock.lock();
    assertThat(tokenInTheStore()).isGreaterThan(lost);
    lock.unlock();
    assertThat(isFree()).isTrue();
  }

  @Test
  void innerUnlockOfALostLeaseSaysNothingAndTheOuterDoes() {
    lock.lock();
    lock.lock();
    lose();
    lock.unlock();
    assertThatThrownBy(lock::unlock).isInstanceOf(LeaseLostException.class);
  }

  @Test
  void lostLeaseOfOneThreadIsNoneOfAnothersBusiness() {
    Caller<Boolean> first = Caller.of(locking());
    assertThat(first.answer()).isTrue();
    lose();
    assertThat(lock.tryLock()).isTrue();
    assertThat(sent(RENEW)).isPositive();
    lock.unlock();
  }

  @Test
  void viewsDoNotShareOwnership() throws Exception {
    Lock another = locks.reentrant(NAME);
    lock.lock();
    assertThat(another.tryLock()).isFalse();
    assertThatThrownBy(another::unlock).isInstanceOf(IllegalMonitorStateException.class);
    assertThat(isFree()).isFalse();
    lock.unlock();
    assertThat(another.tryLock()).isTrue();
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);
    assertThat(isFree()).isFalse();
  }

  @Test
  void viewHasTheOptionsItWasGiven() throws Exception {
    Lock labelled = locks.reentrant(NAME, LockOptions.DEFAULTS.label("nightly run"));
    labelled.lock();
    assertThat(others.inspect(NAME).holder().orElseThrow().label()).isEqualTo("nightly run");
    labelled.unlock();
  }

  @Test
  void conditionsAreNotSupported() {
    assertThatThrownBy(lock::newCondition).isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void badNameIsRefusedWhenTheViewIsMade() {
    assertThatThrownBy(() -> locks.reentrant("no spaces"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void closedLocksRefuseAndEndThoseWhoWait() {
    acquiredByOthers();
    Caller<Boolean> waiting = Caller.of(locking()).waiting();
    locks.close();
    assertThat(waiting.failure()).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(lock::lock).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(lock::tryLock).isInstanceOf(IllegalStateException.class);
    assertThat(names()).isZero();
  }

  @Test
  void lockThatIsReleasedBecauseTheLocksCloseIsLost() throws Exception {
    lock.lock();
    locks.close();
    assertThat(isFree()).isTrue();
    assertThatThrownBy(lock::unlock).isInstanceOf(LeaseLostException.class);
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);
  }
}
