package io.holdfast.engine;

import static io.holdfast.testkit.UnreliableBackend.Fate.ANSWERED;
import static io.holdfast.testkit.UnreliableBackend.Fate.FAILED;
import static io.holdfast.testkit.UnreliableBackend.Fate.HELD;
import static io.holdfast.testkit.UnreliableBackend.Fate.LOST;
import static io.holdfast.testkit.UnreliableBackend.Kind.ASK;
import static io.holdfast.testkit.UnreliableBackend.Kind.RELEASE;
import static io.holdfast.testkit.UnreliableBackend.Kind.RENEW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.BackendException;
import io.holdfast.Guarantees;
import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LeaseState;
import io.holdfast.LockEvent;
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
import io.holdfast.spi.Watch;
import io.holdfast.testkit.UnreliableBackend;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Backends, executors and callers that do what they should not: nobody waits for ever, nothing
 * spins.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RobustnessTest extends EngineTest {

  /** An honest backend of which a test spoils a part. */
  private class Spoilt implements LockBackend {
    private final LockBackend honest = new MemoryBackend(store);

    @Override
    public CompletionStage<Attempt> ask(Ask ask) {
      return honest.ask(ask);
    }

    @Override
    public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
      return honest.renew(claim, leaseFor);
    }

    @Override
    public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
      return honest.release(claim, lastTokenUsed, keepFor);
    }

    @Override
    public Watch watch(Claim claim, Runnable mayBeFree) {
      return honest.watch(claim, mayBeFree);
    }

    @Override
    public Guarantees guarantees() {
      return honest.guarantees();
    }

    @Override
    public void close() {}
  }

  private Locks on(LockBackend backend) {
    return LockEngine.on(backend)
        .config(LocksConfig.DEFAULTS.requestTimeout(REQUEST))
        .time(time)
        .callbacks(Runnable::run)
        .build();
  }

  @Test
  void acquisitionOnClosedLocksFailsAndDoesNotHang() {
    Locks closed = Locks.connect("memory:closed");
    closed.close();
    CompletableFuture<Lease> late = closed.acquireAsync(NAME);
    assertThatThrownBy(() -> late.get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> closed.acquire(NAME)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> closed.inspect(NAME)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void blockThatOutlivesItsLocksIsToldSo() {
    AtomicInteger losses = new AtomicInteger();
    Lease lease = acquired();
    lease.onLost(losses::incrementAndGet);
    locks.close();
    assertThat(acquiredByOthers().isHeld()).isTrue();
    assertThat(lease.state()).isEqualTo(LeaseState.LOST);
    assertThat(losses).hasValue(1);
    assertThatThrownBy(lease::close).isInstanceOf(LeaseLostException.class);
  }

  @Test
  void asynchronousCloseAfterTheLocksAreClosedCompletes() throws Exception {
    Locks closed = Locks.connect("memory:closed");
    Lease lease = closed.acquire("async");
    closed.close();
    CompletableFuture<Void> late = lease.closeAsync();
    assertThatThrownBy(() -> late.get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(LeaseLostException.class);
  }

  @Test
  void leaseOfWhichOnlyTheCallbackIsKeptIsNotRenewedButItsLossIsTold() {
    AtomicInteger losses = new AtomicInteger();
    acquired().onLost(losses::incrementAndGet);
    await()
        .atMost(Duration.ofSeconds(40))
        .untilAsserted(
            () -> {
              System.gc();
              time.pass(LEASE.dividedBy(3));
              assertThat(events(LockEvent.Leaked.class)).hasSize(1);
            });
    time.pass(LEASE);
    assertThat(losses).hasValue(1);
    assertThat(events(LockEvent.Lost.class)).hasSize(1);
  }

  @Test
  void watchThatThrowsDoesNotEndTheWait() {
    Locks mine =
        on(
            new Spoilt() {
              @Override
              public Watch watch(Claim claim, Runnable mayBeFree) {
                throw new BackendException("Not connected");
              }
            });
    Lease theirs = acquiredByOthers();
    CompletableFuture<Lease> ours = mine.acquireAsync(NAME);
    theirs.close();
    time.pass(Duration.ofSeconds(5));
    assertThat(ours).isCompleted();
    mine.close();
  }

  @Test
  void watchWhoseEndThrowsDoesNotLoseTheGrant() {
    Locks mine =
        on(
            new Spoilt() {
              @Override
              public Watch watch(Claim claim, Runnable mayBeFree) {
                Watch watch = super.watch(claim, mayBeFree);
                return () -> {
                  watch.close();
                  throw new BackendException("Not connected");
                };
              }
            });
    Lease theirs = acquiredByOthers();
    CompletableFuture<Lease> ours = mine.acquireAsync(NAME);
    theirs.close();
    assertThat(ours).isCompleted();
    mine.close();
  }

  @Test
  void backendThatThrowsIsOneThatDoesNotAnswer() {
    Locks mine =
        on(
            new Spoilt() {
              @Override
              public CompletionStage<Attempt> ask(Ask ask) {
                throw new IllegalStateException("A bug");
              }
            });
    CompletableFuture<Lease> ours = mine.acquireAsync(NAME, NO_WAIT);
    assertThatThrownBy(ours::join).hasCauseInstanceOf(BackendException.class);
    mine.close();
  }

  @Test
  void answerOutOfRangeIsAFailureAndNotASilence() {
    Locks mine =
        on(
            new Spoilt() {
              @Override
              public CompletionStage<Attempt> ask(Ask ask) {
                return super.ask(ask)
                    .thenApply(
                        answer -> new Attempt.Granted(1, 1, Duration.ofSeconds(Long.MAX_VALUE)));
              }
            });
    CompletableFuture<Lease> ours = mine.acquireAsync(NAME, NO_WAIT);
    assertThatThrownBy(ours::join).hasCauseInstanceOf(BackendException.class);
    mine.close();
  }

  @Test
  void refusalOfOneCallersOptionsIsNotAnothersFailure() {
    messages.next(ASK, HELD);
    LockOptions absurd = NO_WAIT.tokenAbove(LockOptions.TOKEN_LIMIT - 2);
    CompletableFuture<Lease> bad = locks.acquireAsync(NAME, absurd);
    CompletableFuture<Lease> good = locks.acquireAsync(NAME);
    UnreliableBackend.Message asked = messages.sent(ASK).get(0);
    asked.arrive();
    asked.answer();
    assertThat(bad).isCompletedExceptionally();
    assertThat(good).isCompleted();
  }

  @Test
  void withdrawalThatOvertookItsAskIsRepeatedAlthoughItWasAnswered() {
    messages.next(ASK, HELD);
    locks.acquireAsync(NAME).cancel(false);
    messages.sent(ASK).get(0).arrive(); // granted now, and the answer is lost
    time.pass(REQUEST.multipliedBy(2));
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
  }

  @Test
  void grantsThatAreSpentOnArrivalAreNotAskedForInAHotLoop() {
    AtomicInteger asks = new AtomicInteger();
    Locks mine =
        on(
            new Spoilt() {
              @Override
              public CompletionStage<Attempt> ask(Ask ask) {
                asks.incrementAndGet();
                return super.ask(ask)
                    .thenApply(answer -> new Attempt.Granted(1L << 51, 1, Duration.ofMillis(1)));
              }
            });
    CompletableFuture<Lease> ours = mine.acquireAsync(NAME);
    time.pass(Duration.ofSeconds(40));
    assertThatThrownBy(ours::join).hasCauseInstanceOf(BackendException.class);
    assertThat(asks.get()).isBetween(20, 200);
    mine.close();
  }

  @Test
  void lateRenewalDoesNotShortenALeaseThatIsAtItsMost() {
    LockOptions most = LockOptions.DEFAULTS.holdAtMost(Duration.ofSeconds(42));
    Lease lease = leaseOf(locks.acquireAsync(NAME, most));
    messages.next(RENEW, HELD);
    time.pass(Duration.ofSeconds(10).plusMillis(1));
    UnreliableBackend.Message late = messages.sent(RENEW).get(0);
    late.arrive();
    time.pass(Duration.ofSeconds(5));
    late.answer();
    messages.always(RENEW, FAILED);
    time.pass(Duration.ofSeconds(27).minusMillis(2));
    assertThat(lease.isHeld()).isTrue();
    time.pass(Duration.ofMillis(1));
    assertThat(lease.state()).isEqualTo(LeaseState.LOST);
  }

  @Test
  void callbacksThatCannotBeStartedDoNotBlockTheName() {
    AtomicBoolean exhausted = new AtomicBoolean();
    Executor moody =
        task -> {
          if (exhausted.get()) {
            throw new OutOfMemoryError("unable to create native thread, in a test");
          }
          task.run();
        };
    Locks mine =
        LockEngine.on(messages)
            .config(LocksConfig.DEFAULTS.requestTimeout(REQUEST).listener(events::add))
            .time(time)
            .callbacks(moody)
            .build();
    Lease lease = mine.acquireAsync(NAME).join();
    AtomicInteger told = new AtomicInteger();
    lease.onLost(told::incrementAndGet);
    messages.always(RENEW, FAILED);
    exhausted.set(true);
    time.pass(LEASE);
    exhausted.set(false);
    messages.always(RENEW, ANSWERED);
    assertThat(lease.state()).isEqualTo(LeaseState.LOST);
    events.clear();
    CompletableFuture<Lease> next = mine.acquireAsync(NAME);
    time.pass(Duration.ofSeconds(5));
    assertThat(next).isCompleted();
    assertThat(events(LockEvent.Acquired.class)).hasSize(1);
    assertThat(told).as("as soon as there is a thread for it").hasValue(1);
    mine.close();
  }

  private static final LockOptions FOR_AN_HOUR = LockOptions.DEFAULTS.keepFor(Duration.ofHours(1));

  @Test
  void grantThatItsCallerNeverSawIsNotKept() {
    Deque<Runnable> deliveries = new ArrayDeque<>();
    Locks mine = LockEngine.on(messages).time(time).callbacks(deliveries::add).build();
    CompletableFuture<Lease> future = mine.acquireAsync(NAME, FOR_AN_HOUR);
    future.cancel(false);
    while (!deliveries.isEmpty()) {
      deliveries.remove().run();
    }
    assertThat(sent(RELEASE)).isEqualTo(1);
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
  }

  @Test
  void lockOfLocksThatAreClosedUnderItsHolderIsNotKept() {
    Lease lease = leaseOf(locks.acquireAsync(NAME, FOR_AN_HOUR));
    locks.close();
    assertThat(lease.state()).isEqualTo(LeaseState.LOST);
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
  }

  @Test
  void lostLockThatALateRenewalProlongedIsNotKept() {
    Lease lease = leaseOf(locks.acquireAsync(NAME, FOR_AN_HOUR));
    messages.always(RENEW, HELD);
    time.pass(LEASE.dividedBy(3));
    UnreliableBackend.Message late = messages.sent(RENEW).get(0);
    late.arrive();
    time.pass(LEASE);
    assertThat(lease.state()).isEqualTo(LeaseState.LOST);
    late.answer();
    time.pass(Term.margin(LEASE));
    assertThat(sent(RELEASE)).isEqualTo(1);
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
  }

  @Test
  void futureThatIsCompletedByItsOwnerWithdrawsTheClaim() {
    Lease theirs = acquiredByOthers();
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME);
    ours.complete(theirs);
    int asks = sent(ASK);
    time.pass(Duration.ofSeconds(20));
    assertThat(sent(ASK)).isEqualTo(asks);
    assertThat(sent(RELEASE)).isEqualTo(1);
  }

  @Test
  void labelIsTheCallersAndNotThatOfTheThreadThatAsks() throws Exception {
    Lease first = acquired();
    CompletableFuture<CompletableFuture<Lease>> second = new CompletableFuture<>();
    LockOptions unlike = LockOptions.DEFAULTS.leaseFor(Duration.ofSeconds(20));
    Thread caller =
        new Thread(() -> second.complete(locks.acquireAsync(NAME, unlike)), "the-second-caller");
    caller.start();
    caller.join();
    first.close();
    assertThat(second.join()).isCompleted();
    assertThat(locks.inspect(NAME).holder())
        .hasValueSatisfying(holder -> assertThat(holder.label()).endsWith("/the-second-caller"));
  }

  @Test
  void closeWaitsForWithdrawals() {
    List<String> order = new ArrayList<>();
    messages.always(ASK, LOST);
    LockBackend recorded =
        new Spoilt() {
          @Override
          public CompletionStage<Attempt> ask(Ask ask) {
            return new CompletableFuture<>();
          }

          @Override
          public CompletionStage<Release> release(Claim claim, long token, Duration keepFor) {
            order.add("sent");
            CompletableFuture<Release> answer = new CompletableFuture<>();
            CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS)
                .execute(
                    () -> {
                      order.add("answered");
                      answer.complete(Release.GONE);
                    });
            return answer;
          }

          @Override
          public void close() {
            order.add("closed");
          }
        };
    Locks mine = on(recorded);
    var unused = mine.acquireAsync(NAME);
    mine.close();
    assertThat(order).containsExactly("sent", "answered", "closed");
  }

  @Test
  void lateSecondGrantDoesNotUndoAKeptLock() {
    messages.next(ASK, HELD, HELD);
    LockOptions kept = LockOptions.DEFAULTS.keepFor(Duration.ofHours(1));
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME, kept);
    UnreliableBackend.Message early = messages.sent(ASK).get(0);
    early.arrive();
    time.pass(REQUEST.plusSeconds(1));
    UnreliableBackend.Message late = messages.sent(ASK).get(1);
    late.arrive();
    early.answer();
    messages.next(RELEASE, HELD);
    CompletableFuture<Void> closed = leaseOf(ours).closeAsync();
    late.answer();
    messages.sent(RELEASE).get(0).arrive();
    messages.sent(RELEASE).get(0).answer();
    assertThat(closed).isCompleted();
    assertThat(others.acquireAsync(NAME, NO_WAIT)).isCompletedExceptionally();
  }

  @Test
  void newGrantOfAClaimThatTheStoreForgotIsALossAndIsGivenBack() {
    messages.next(ASK, HELD);
    CompletableFuture<Lease> acquiring = locks.acquireAsync(NAME);
    time.pass(REQUEST.plusSeconds(1)); // asked again, and granted
    Lease lease = leaseOf(acquiring);
    AtomicInteger told = new AtomicInteger();
    lease.onLost(told::incrementAndGet);
    store.flush();
    acquiredByOthers().close();
    UnreliableBackend.Message late = messages.sent(ASK).get(0);
    late.arrive();
    assertThat(lease.isHeld()).isTrue(); // nobody could know yet
    late.answer();
    assertThat(lease.isHeld()).isFalse();
    assertThat(told).hasValue(1);
    assertThat(events(LockEvent.Lost.class))
        .extracting(LockEvent.Lost::cause)
        .containsExactly(LockEvent.LossCause.ENDED_BY_STORE);
    time.pass(Term.margin(LEASE));
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
  }

  @Test
  void sameGrantOnceMoreIsNoLoss() {
    messages.next(ASK, HELD);
    CompletableFuture<Lease> acquiring = locks.acquireAsync(NAME);
    time.pass(REQUEST.plusSeconds(1));
    Lease lease = leaseOf(acquiring);
    UnreliableBackend.Message late = messages.sent(ASK).get(0);
    late.arrive();
    late.answer();
    time.pass(LEASE.multipliedBy(2));
    assertThat(lease.isHeld()).isTrue();
    assertThat(sent(RELEASE)).isZero();
  }

  @Test
  void goneThatMayBeTheNaturalEndIsNoLoss() {
    Lease lease = acquired();
    messages.always(RENEW, FAILED);
    time.pass(lease.remaining().minusMillis(1));
    messages.next(RELEASE, HELD);
    CompletableFuture<Void> closed = lease.closeAsync();
    time.pass(Duration.ofSeconds(1));
    messages.sent(RELEASE).get(0).arrive();
    messages.sent(RELEASE).get(0).answer();
    assertThat(closed).isCompleted();
    assertThat(closed.isCompletedExceptionally()).isFalse();
  }

  @Test
  void shortLeaseThatIsRenewedIsNotPolledAtEachOfItsEnds() {
    LockOptions brief = LockOptions.DEFAULTS.leaseFor(LockOptions.SHORTEST_LEASE);
    Lease theirs = leaseOf(others.acquireAsync(NAME, brief));
    var unused = locks.acquireAsync(NAME);
    time.pass(Duration.ofSeconds(29));
    assertThat(theirs.isHeld()).isTrue();
    assertThat(sent(ASK)).isLessThan(350);
  }

  @Test
  void waitIsBoundedAlthoughTheFirstOnesGoAway() {
    messages.always(ASK, LOST);
    List<CompletableFuture<Lease>> unlike = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      unlike.add(locks.acquireAsync(NAME, LockOptions.DEFAULTS.label("caller " + i)));
    }
    CompletableFuture<Lease> hasNoTime = locks.acquireAsync(NAME, NO_WAIT);
    time.pass(REQUEST.minusMillis(10));
    unlike.get(0).cancel(false);
    assertThat(hasNoTime).isNotDone();
    time.pass(Duration.ofMillis(10));
    assertThatThrownBy(hasNoTime::join).hasCauseInstanceOf(BackendException.class);
  }

  @Test
  void leaseThatEndedInAPauseIsNotInTheWayOfTheNextCall() {
    Lease paused = acquired();
    time.pauseProcess(LEASE.multipliedBy(2));
    Lease next = leaseOf(locks.acquireAsync(NAME, NO_WAIT));
    assertThat(paused.state()).isEqualTo(LeaseState.LOST);
    assertThat(next.token()).isGreaterThan(paused.token());
  }

  @Test
  void twoSpentGrantsOfOneClaimDoNotEndTheAsking() {
    LockOptions brief = LockOptions.DEFAULTS.leaseFor(Duration.ofSeconds(1));
    messages.next(ASK, HELD, HELD);
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME, brief);
    time.pass(REQUEST.plusSeconds(1));
    assertThat(sent(ASK)).isEqualTo(2);
    for (UnreliableBackend.Message asked : messages.sent(ASK)) {
      asked.arrive();
    }
    time.pass(Duration.ofSeconds(1));
    for (UnreliableBackend.Message asked : messages.sent(ASK)) {
      asked.answer();
    }
    time.pass(Duration.ofSeconds(3));
    assertThat(ours).isCompleted();
  }

  @Test
  void grantThatIsRejectedIsGivenBack() {
    LockOptions brief =
        LockOptions.DEFAULTS.leaseFor(Duration.ofSeconds(1)).waitAtMost(Duration.ZERO);
    messages.next(ASK, HELD);
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME, brief);
    UnreliableBackend.Message asked = messages.sent(ASK).get(0);
    time.pass(Duration.ofSeconds(2));
    asked.arrive(); // late on its way there: the store's lease begins only now
    asked.answer();
    assertThat(ours).isCompletedExceptionally();
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
  }

  @Test
  void lateSecondGrantAfterAnUnansweredReleaseDoesNotUndoAKeptLock() {
    messages.next(ASK, HELD);
    LockOptions kept = LockOptions.DEFAULTS.keepFor(Duration.ofHours(1));
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME, kept);
    UnreliableBackend.Message early = messages.sent(ASK).get(0);
    time.pass(REQUEST.plusSeconds(1));
    messages.next(RELEASE, FAILED);
    assertThat(leaseOf(ours).closeAsync()).isCompleted();
    early.arrive();
    early.answer();
    time.pass(Duration.ofMinutes(1));
    assertThat(others.acquireAsync(NAME, NO_WAIT)).isCompletedExceptionally();
  }

  @Test
  void releaseThatFailedAtOnceIsRepeatedWhileTheLocksClose() {
    Lease lease = acquired();
    messages.next(RELEASE, FAILED);
    assertThat(lease.closeAsync()).isCompleted();
    CompletableFuture<Void> closed = CompletableFuture.runAsync(locks::close);
    Caller.eventually()
        .untilAsserted(
            () ->
                assertThatThrownBy(() -> locks.inspect(NAME))
                    .isInstanceOf(IllegalStateException.class));
    time.pass(REQUEST);
    closed.join();
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
  }

  @Test
  void renewalThatMovesNothingIsNotRepeatedInAHotLoop() {
    AtomicInteger renewals = new AtomicInteger();
    Locks mine =
        on(
            new Spoilt() {
              @Override
              public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
                renewals.incrementAndGet();
                return super.renew(claim, leaseFor)
                    .thenApply(answer -> new Renewal.Renewed(Duration.ZERO));
              }
            });
    Lease lease = mine.acquireAsync(NAME).join();
    time.pass(LEASE);
    assertThat(lease.state()).isEqualTo(LeaseState.LOST);
    assertThat(renewals.get()).isBetween(5, 300);
    mine.close();
  }

  @Test
  void callerIsToldWhenNoThreadCanBeHadForItsLease() {
    Locks mine =
        LockEngine.on(messages)
            .time(time)
            .callbacks(
                task -> {
                  throw new OutOfMemoryError("unable to create native thread, in a test");
                })
            .build();
    assertThat(mine.acquireAsync(NAME)).isCompletedExceptionally();
    leaseOf(others.acquireAsync(NAME, NO_WAIT));
    mine.close();
  }
}
