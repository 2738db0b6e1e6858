package io.holdfast.engine;

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
import io.holdfast.Guarantees;
import io.holdfast.Inspection;
import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LeaseState;
import io.holdfast.LockEvent;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.LockTimeoutException;
import io.holdfast.Locks;
import io.holdfast.local.MemoryBackend;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.testkit.UnreliableBackend;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import org.junit.jupiter.api.Test;

/** What went wrong elsewhere and must not here. Each says where it was seen. */
class OtherPeoplesBugsTest extends EngineTest {

  private static final LockOptions ONE_SECOND =
      LockOptions.DEFAULTS.waitAtMost(Duration.ofSeconds(1));

  /** Lost 950 ms after its grant. */
  private static final LockOptions DYING = LockOptions.DEFAULTS.holdAtMost(Duration.ofMillis(950));

  private boolean isFree(String name) throws InterruptedException {
    return others.inspect(name).holder().isEmpty();
  }

  private Inspection.Holder holder() throws InterruptedException {
    return others.inspect(NAME).holder().orElseThrow();
  }

  private List<CompletableFuture<Lease>> waiting(Locks in, int count) {
    List<CompletableFuture<Lease>> waiters = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      waiters.add(in.acquireAsync(NAME));
    }
    return waiters;
  }

  private LockEngine engineOn(LockBackend backend) {
    return (LockEngine)
        LockEngine.on(backend).time(time).callbacks(Runnable::run).random(new Random(44)).build();
  }

  /** A store whose shard for some names may answer nothing, and whose client may throw. */
  private final class Shards implements LockBackend {
    private final LockBackend healthy = new MemoryBackend(store);
    private boolean frozen;
    private boolean moody;
    private int renewals;

    private <A> CompletionStage<A> on(Claim claim, CompletionStage<A> answer) {
      return frozen && claim.name().value().startsWith("frozen:")
          ? new CompletableFuture<>()
          : answer;
    }

    @Override
    public CompletionStage<Attempt> ask(Ask ask) {
      return on(ask.claim(), healthy.ask(ask));
    }

    @Override
    public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
      if (moody && ++renewals % 2 == 1) {
        throw new IllegalStateException("A client library in a bad mood");
      }
      return on(claim, healthy.renew(claim, leaseFor));
    }

    @Override
    public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
      return on(claim, healthy.release(claim, lastTokenUsed, keepFor));
    }

    @Override
    public Guarantees guarantees() {
      return healthy.guarantees();
    }

    @Override
    public void close() {}
  }

  // Renewal

  /** Seen in: Redisson RenewalTask, which walks the masters one after the other. */
  @Test
  void frozenStoreOfOneLockDoesNotDelayRenewalsOfAnother() {
    Shards shards = new Shards();
    LockEngine engine = engineOn(shards);
    List<Lease> frozen = new ArrayList<>();
    List<Lease> healthy = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      frozen.add(leaseOf(engine.acquireAsync("frozen:" + i)));
      healthy.add(leaseOf(engine.acquireAsync("healthy:" + i)));
    }
    shards.frozen = true;
    for (int i = 0; i < 60; i++) {
      time.pass(Duration.ofSeconds(1));
      assertThat(healthy)
          .allSatisfy(
              lease -> {
                assertThat(lease.state()).isEqualTo(LeaseState.HELD);
                assertThat(lease.remaining()).isGreaterThan(LEASE.dividedBy(2));
              });
    }
    assertThat(frozen).noneMatch(Lease::isHeld);
    healthy.forEach(Lease::close);
  }

  /** Seen in: Redisson #7272. */
  @Test
  void renewalTimersDoNotMultiply() {
    for (int i = 0; i < 100; i++) {
      acquired().close();
    }
    Lease lease = acquired();
    messages.next(RENEW, FAILED, LOST, ANSWER_LOST, ANSWER_FAILED);
    time.pass(LEASE);
    int before = sent(RENEW);
    time.pass(LEASE.multipliedBy(20));
    assertThat(sent(RENEW) - before).isBetween(59, 61);
    assertThat(time.tasks()).isEqualTo(1);
    lease.close();
  }

  /** Seen in: Redisson #7272, ShedLock KeepAliveLockProvider, lock4j. */
  @Test
  void renewalDoesNotOutliveTheRelease() {
    Lease lease = acquired();
    messages.next(RENEW, HELD);
    time.pass(LEASE.dividedBy(3));
    lease.close();
    UnreliableBackend.Message renewal = messages.sent(RENEW).get(0);
    renewal.arrive();
    renewal.answer();
    time.pass(LEASE.multipliedBy(10));
    assertThat(sent(RENEW)).isEqualTo(1);
    assertThat(time.tasks()).isZero();
  }

  /** Seen in: ShedLock KeepAliveLockProvider, lock4j: a scheduled task that throws is cancelled. */
  @Test
  void oneExceptionDoesNotEndRenewal() {
    Shards shards = new Shards();
    shards.moody = true;
    Lease lease = leaseOf(engineOn(shards).acquireAsync(NAME));
    for (int i = 0; i < 100; i++) {
      time.pass(Duration.ofSeconds(5));
      assertThat(lease.isHeld()).isTrue();
    }
    lease.close();
  }

  /** Seen in: lock4j #4, JeecgBoot #7836. */
  @Test
  void leaseTimeDoesNotSwitchRenewalOff() {
    for (Duration span : List.of(Duration.ofMillis(50), Duration.ofSeconds(1), LEASE)) {
      Lease lease = leaseOf(locks.acquireAsync(NAME, LockOptions.DEFAULTS.leaseFor(span)));
      time.pass(span.multipliedBy(20));
      assertThat(lease.isHeld()).as("held with a lease of %s", span).isTrue();
      lease.close();
    }
  }

  // Loss

  /** Seen in: Redisson #4698, ShedLock, Spring Integration #9291. */
  @Test
  void holderLearnsOfTheLoss() {
    Lease lease = acquired();
    AtomicInteger told = new AtomicInteger();
    lease.onLost(told::incrementAndGet);
    messages.always(RENEW, FAILED);
    time.pass(LEASE);
    assertThat(told).hasValue(1);
    assertThat(lease.isHeld()).isFalse();
    assertThatThrownBy(lease::ensureHeld).isInstanceOf(LeaseLostException.class);
    assertThat(events(LockEvent.Lost.class)).hasSize(1);
  }

  /** Seen in: Redisson #4698: a lock that was deleted in the store is not missed. */
  @Test
  void holderLearnsThatTheLockWasDeletedInTheStore() {
    Lease lease = acquired();
    AtomicInteger told = new AtomicInteger();
    lease.onLost(told::incrementAndGet);
    store.delete(lease.name());
    time.pass(LEASE.dividedBy(3));
    assertThat(told).hasValue(1);
    assertThat(lease.isHeld()).isFalse();
  }

  /** Seen in: ShedLock, Spring Integration #9291. */
  @Test
  void releaseOfALostLockDoesNotSucceedSilently() {
    Lease expired = acquired();
    time.pauseProcess(LEASE);
    assertThatThrownBy(expired::close).isInstanceOf(LeaseLostException.class);
    time.pass(Duration.ZERO);

    Lease deleted = acquired();
    store.delete(deleted.name());
    assertThatThrownBy(deleted::close).isInstanceOf(LeaseLostException.class);

    Lease other = acquired();
    store.delete(other.name());
    assertThatThrownBy(() -> other.closeAsync().join())
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(LeaseLostException.class);
  }

  /** Seen in: ShedLock's Redis provider by default, bk-cmdb. */
  @Test
  void releaseDoesNotFreeTheNextHoldersLock() throws Exception {
    Lease ours = acquired();
    messages.next(RELEASE, HELD);
    CompletableFuture<Void> closing = ours.closeAsync();
    UnreliableBackend.Message release = messages.sent(RELEASE).get(0);
    store.delete(ours.name());
    Lease theirs = acquiredByOthers();
    release.arrive();
    release.answer();
    assertThat(closing).isCompletedExceptionally();
    assertThat(holder().token().orElseThrow()).isEqualTo(theirs.token());
  }

  /** Seen in: Spring Integration #1888, #2660: the local mutex outlived the remote lease. */
  @Test
  void lostLeaseDoesNotBlockTheLocalQueue() {
    Lease lost = acquired();
    List<CompletableFuture<Lease>> next = waiting(locks, 2);
    store.delete(lost.name());
    time.pass(LEASE.dividedBy(3));
    assertThat(lost.isHeld()).isFalse();
    Lease second = leaseOf(next.get(0));
    assertThat(second.isHeld()).isTrue();
    assertThatThrownBy(lost::close).isInstanceOf(LeaseLostException.class);
    assertThat(second.isHeld()).as("after the loser has closed").isTrue();
    second.close();
    leaseOf(next.get(1)).close();
  }

  /** Seen in: Curator-604, Curator-696. */
  @Test
  void reentryDoesNotSayHeldAfterTheLeaseEnded() {
    Lock lock = locks.reentrant(NAME);
    lock.lock();
    time.pauseProcess(LEASE);
    acquiredByOthers();
    assertThatThrownBy(lock::lock).isInstanceOf(LeaseLostException.class);
    assertThatThrownBy(lock::tryLock).isInstanceOf(LeaseLostException.class);
    assertThatThrownBy(lock::unlock).isInstanceOf(LeaseLostException.class);
  }

  // Tokens

  /** Seen in: Redisson RFencedLock.getToken(), which reads the counter of the name. */
  @Test
  void tokenOfAStaleHolderIsNotTheNewHolders() {
    Lease stale = acquired();
    long own = stale.token();
    time.pauseProcess(LEASE);
    Lease next = acquiredByOthers();
    assertThat(stale.token()).isEqualTo(own).isLessThan(next.token());
    time.pass(LEASE);
    assertThat(stale.token()).isEqualTo(own);
    assertThatThrownBy(stale::close)
        .isInstanceOfSatisfying(
            LeaseLostException.class, loss -> assertThat(loss.token()).isEqualTo(own));
    assertThat(stale.token()).isEqualTo(own);
  }

  /** Seen in: Redisson RFencedLock. */
  @Test
  void reentryDoesNotChangeTheToken() throws Exception {
    Lock lock = locks.reentrant(NAME);
    lock.lock();
    long token = holder().token().orElseThrow();
    for (int i = 0; i < 5; i++) {
      lock.lock();
      time.pass(LEASE);
      assertThat(holder().token()).hasValue(token);
    }
    assertThat(sent(ASK)).isEqualTo(1);
  }

  /** Seen in: madelson's Mongo lock, Consul's LockIndex, every INCR. */
  @Test
  void tokenDoesNotRestartAfterReleaseDeletionOrFailover() {
    long last = 0;
    for (int i = 0; i < 5; i++) {
      Lease released = acquired();
      assertThat(released.token()).isGreaterThan(last);
      released.close();
      Lease deleted = acquired();
      assertThat(deleted.token()).isGreaterThan(released.token());
      store.delete(deleted.name());
      Lease flushed = acquiredByOthers();
      assertThat(flushed.token()).isGreaterThan(deleted.token());
      last = flushed.token();
      time.pass(LEASE);
      store.flush();
      time.pass(LEASE);
    }
  }

  // The lease that was asked for

  /** Seen in: Redisson RFencedLock, which ignored the lease. */
  @Test
  void leaseTimeIsNotIgnored() throws Exception {
    Duration span = Duration.ofSeconds(77);
    Lease lease = leaseOf(locks.acquireAsync(NAME, LockOptions.DEFAULTS.leaseFor(span)));
    assertThat(holder().remaining()).hasValue(span);
    time.pass(span.dividedBy(3));
    assertThat(holder().remaining()).hasValue(span);
    assertThat(lease.isHeld()).isTrue();
  }

  /** Seen in: Redisson #4818. */
  @Test
  void leaseIsNotInheritedFromAnotherCaller() throws Exception {
    Duration mine = Duration.ofSeconds(5);
    Lease first = acquired();
    CompletableFuture<Lease> second = locks.acquireAsync(NAME, LockOptions.DEFAULTS.leaseFor(mine));
    CompletableFuture<Lease> third = locks.acquireAsync(NAME);
    first.close();
    assertThat(holder().remaining()).hasValue(mine);
    assertThat(leaseOf(second).remaining()).isLessThan(mine);
    leaseOf(second).close();
    assertThat(holder().remaining()).hasValue(LEASE);
    leaseOf(third).close();
  }

  /** Seen in: Redisson RedissonMultiLock, whose retries add up. */
  @Test
  void leaseIsNotMultipliedByARetry() throws Exception {
    messages.next(ASK, ANSWER_LOST, ANSWER_LOST, ANSWER_FAILED);
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME);
    time.pass(REQUEST.multipliedBy(2).plusSeconds(2));
    assertThat(sent(ASK)).isEqualTo(4);
    assertThat(holder().remaining().orElseThrow()).isLessThanOrEqualTo(LEASE);
    assertThat(leaseOf(ours).remaining()).isLessThan(LEASE);
  }

  // Waiting

  /** Seen in: Spring Integration RedisLockRegistry: it waited locally, and then as long again. */
  @Test
  void tryLockOfOneSecondDoesNotTakeTwo() {
    messages.hints(false);
    CompletableFuture<Lease> here = locks.acquireAsync(NAME, DYING);
    CompletableFuture<Lease> queued = locks.acquireAsync(NAME, ONE_SECOND);
    time.pass(Duration.ofMillis(900));
    store.delete(leaseOf(here).name());
    acquiredByOthers();
    time.pass(Duration.ofMillis(99));
    assertThat(queued).isNotDone();
    assertThat(sent(ASK)).as("it has waited here and then at the store").isGreaterThan(1);
    time.pass(Duration.ofMillis(1));
    assertThatThrownBy(queued::join).hasCauseInstanceOf(LockTimeoutException.class);
  }

  /** Seen in: Spring Integration JdbcLockRegistry, which retried for ever. */
  @Test
  void tryLockEndsWhileTheStoreErrs() {
    messages.always(FAILED);
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME, ONE_SECOND);
    time.pass(Duration.ofSeconds(1).plus(REQUEST));
    assertThatThrownBy(ours::join).hasCauseInstanceOf(BackendException.class);
    assertThat(time.tasks()).as("timers, once the withdrawal is given up").isLessThanOrEqualTo(1);
    time.pass(REQUEST.multipliedBy(3));
    assertThat(time.tasks()).isZero();
  }

  /** Seen in: Spring Integration JdbcLockRegistry: a million attempts in four seconds. */
  @Test
  void failingStoreIsNotAskedAMillionTimes() {
    messages.always(FAILED);
    CompletableFuture<Lease> ours =
        locks.acquireAsync(NAME, LockOptions.DEFAULTS.waitAtMost(Duration.ofSeconds(4)));
    time.pass(Duration.ofSeconds(4).plus(REQUEST));
    assertThat(ours).isCompletedExceptionally();
    assertThat(messages.sent().size()).isLessThan(60);
  }

  /** Seen in: Redisson #3349: each waiter asked on each release. */
  @Test
  void handOverDoesNotAskForEveryWaiter() {
    List<Integer> questions = new ArrayList<>();
    for (int count : List.of(10, 30, 100)) {
      Lease theirs = acquiredByOthers();
      int before = sent(ASK);
      List<CompletableFuture<Lease>> waiters = waiting(locks, count);
      theirs.close();
      waiters.forEach(waiter -> leaseOf(waiter).close());
      questions.add(sent(ASK) - before);
    }
    assertThat(questions.get(0)).isLessThan(10);
    assertThat(questions.get(2)).isLessThan(20);
  }

  /** Seen in: Redisson #3891: who missed the message waited for the end of the lease. */
  @Test
  void lostMessageDoesNotCostTheWholeLease() {
    messages.hints(false);
    Lease theirs = leaseOf(others.acquireAsync(NAME, LockOptions.DEFAULTS.leaseFor(LEASE)));
    CompletableFuture<Lease> ours =
        locks.acquireAsync(NAME, LockOptions.DEFAULTS.waitAtMost(Duration.ofMinutes(5)));
    time.pass(Duration.ofMinutes(1));
    theirs.close();
    time.pass(Duration.ofMillis(1_100));
    leaseOf(ours).close();
  }

  /** Seen in: Redisson's fair lock #6150. */
  @Test
  void deadWaiterDoesNotStallTheLine() {
    Lease theirs = acquiredByOthers();
    List<CompletableFuture<Lease>> ours = waiting(locks, 3);
    ours.get(0).cancel(false);
    ours.get(1).completeExceptionally(new IllegalStateException("its owner gave up"));
    theirs.close();
    leaseOf(ours.get(2)).close();
  }

  /** Seen in: Redisson's fair lock #6150, from the other side: the dead one is another process. */
  @Test
  void deadProcessThatWaitedDoesNotStallTheOthers() {
    Lease theirs = acquiredByOthers();
    CompletableFuture<Lease> dead = locks.acquireAsync(NAME);
    messages.always(LOST);
    theirs.close();
    time.pass(Duration.ofMillis(1));
    assertThat(dead).isNotDone();
    leaseOf(others.acquireAsync(NAME, NO_WAIT)).close();
  }

  /** Seen in: madelson #230: two hours, until the server gave the connection up. */
  @Test
  void silentHostDoesNotKeepALockLongerThanItsLease() {
    Lease dead = acquired();
    time.pass(LEASE.multipliedBy(4));
    messages.always(LOST);
    CompletableFuture<Lease> next =
        others.acquireAsync(NAME, LockOptions.DEFAULTS.waitAtMost(Duration.ofMinutes(5)));
    time.pass(LEASE.plusMillis(10));
    assertThat(leaseOf(next).token()).isGreaterThan(dead.token());
  }

  /** Seen in: OpenCTI #17341: 449 ms of mean wait, and nothing to see it by. */
  @Test
  void waitingIsVisibleToTheListener() {
    Lease theirs = acquiredByOthers();
    CompletableFuture<Lease> patient = locks.acquireAsync(NAME);
    CompletableFuture<Lease> hasty = locks.acquireAsync(NAME, ONE_SECOND);
    time.pass(Duration.ofSeconds(1));
    theirs.close();
    assertThat(hasty).isCompletedExceptionally();
    assertThat(patient).isCompleted();
    assertThat(events(LockEvent.NotAcquired.class))
        .extracting(LockEvent.NotAcquired::waited)
        .containsExactly(Duration.ofSeconds(1));
    assertThat(events(LockEvent.Acquired.class))
        .extracting(LockEvent.Acquired::waited)
        .containsExactly(Duration.ofSeconds(1));
  }

  // Interrupts and callers who have gone

  /** Seen in: Redisson, Spring Integration. */
  @Test
  void interruptIsNotSwallowed() {
    acquiredByOthers();
    Caller<Lease> caller = Caller.of(() -> locks.acquire(NAME)).waiting().interrupt();
    assertThat(caller.failure()).isInstanceOf(InterruptedException.class);

    Caller<Lease> before = Caller.interrupted(() -> locks.acquire(NAME));
    assertThat(before.failure()).isInstanceOf(InterruptedException.class);

    Lock lock = locks.reentrant(NAME);
    Caller<Boolean> timed = Caller.of(() -> lock.tryLock(1, TimeUnit.HOURS)).waiting().interrupt();
    assertThat(timed.failure()).isInstanceOf(InterruptedException.class);
  }

  /** Seen in: Redisson, Spring Integration: unlock() of an interrupted thread lost the flag. */
  @Test
  void flagOfAnInterruptedThreadIsNotClearedByARelease() {
    Lease lease = acquired();
    Thread.currentThread().interrupt();
    lease.close();
    assertThat(Thread.interrupted()).isTrue();
  }

  /** Seen in: Curator-79: the node of an interrupted waiter stayed in the line. */
  @Test
  void interruptLeavesNoClaimBehind() throws Exception {
    messages.next(ASK, HELD);
    Caller<Lease> caller = Caller.of(() -> locks.acquire(NAME)).waiting();
    UnreliableBackend.Message asked = messages.sent(ASK).get(0);
    asked.arrive();
    assertThat(isFree(NAME)).isFalse();
    caller.interrupt();
    assertThat(caller.failure()).isInstanceOf(InterruptedException.class);
    assertThat(isFree(NAME)).isTrue();
    asked.answer();
    time.pass(LEASE);
    assertThat(isFree(NAME)).isTrue();
    assertThat(((LockEngine) locks).names()).isZero();
    assertThat(time.tasks()).isZero();
  }

  /** Seen in: jetcd #291, Redisson #4109: the client library sends the question once more. */
  @Test
  void requestRetriedAfterWithdrawalDoesNotHoldForADeadCaller() throws Exception {
    messages.next(ASK, HELD);
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME);
    UnreliableBackend.Message asked = messages.sent(ASK).get(0);
    asked.arrive();
    ours.cancel(false);
    assertThat(isFree(NAME)).isTrue();
    asked.arrive();
    assertThat(isFree(NAME)).as("after the retry").isFalse();
    asked.answer();
    assertThat(isFree(NAME)).as("after its answer").isTrue();
  }

  /** Seen in: jetcd #291: even if the answer to the retry is lost, nobody renews it. */
  @Test
  void retryThatNobodyHearsOfEndsWithItsLease() throws Exception {
    messages.next(ASK, HELD);
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME);
    UnreliableBackend.Message asked = messages.sent(ASK).get(0);
    ours.cancel(false);
    time.pass(REQUEST.multipliedBy(3));
    asked.arrive();
    assertThat(isFree(NAME)).isFalse();
    time.pass(LEASE);
    assertThat(isFree(NAME)).isTrue();
    assertThat(sent(RENEW)).isZero();
  }

  /** Seen in: Redisson's fenced lock: the check of the replicas failed, and the lock stayed. */
  @Test
  void questionThatFailedAfterTheGrantDoesNotLeaveTheLockHeld() throws Exception {
    messages.next(ASK, ANSWER_FAILED);
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME, NO_WAIT);
    assertThatThrownBy(ours::join).hasCauseInstanceOf(BackendException.class);
    assertThat(isFree(NAME)).isTrue();
    assertThat(time.tasks()).isZero();
  }

  // Names and objects

  /** Seen in: Spring Integration #11041, #11146, #11180: cached locks met the wrong callers. */
  @Test
  void noLockObjectsAreShared() {
    Lease first = acquired();
    first.close();
    Lease second = acquired();
    assertThat(second).isNotSameAs(first).isNotEqualTo(first);
    first.close();
    assertThat(first.isHeld()).isFalse();
    assertThat(second.isHeld()).as("after the first is closed twice").isTrue();
    second.close();
    Lock view = locks.reentrant(NAME);
    assertThat(locks.reentrant(NAME)).isNotSameAs(view).isNotEqualTo(view);
  }

  /** Seen in: datahub #19137 (hashed names), liquibase-sessionlock (truncated names). */
  @Test
  void namesDoNotCollide() {
    String longest = "x".repeat(LockName.MAX_LENGTH - 1);
    List<String> alike =
        List.of("machine:1", "Machine:1", "machine/1", "machine:1:", longest + "a", longest + "b");
    List<Lease> leases = alike.stream().map(name -> leaseOf(locks.acquireAsync(name))).toList();
    assertThat(leases).allMatch(Lease::isHeld);
    leases.get(0).close();
    assertThat(leases.subList(1, leases.size())).allMatch(Lease::isHeld);
    leases.subList(1, leases.size()).forEach(Lease::close);
  }

  /** Seen in: Redisson #6867; hash tags. */
  @Test
  void nameDoesNotSteerSlots() {
    assertThatThrownBy(() -> locks.acquireAsync("{tag}machine"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'{'");
    assertThat(messages.sent()).isEmpty();
  }
}
