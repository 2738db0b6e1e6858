package io.holdfast.engine;

import static io.holdfast.engine.Caller.eventually;
import static io.holdfast.testkit.UnreliableBackend.Fate.ANSWERED;
import static io.holdfast.testkit.UnreliableBackend.Fate.HELD;
import static io.holdfast.testkit.UnreliableBackend.Fate.LOST;
import static io.holdfast.testkit.UnreliableBackend.Kind.ASK;
import static io.holdfast.testkit.UnreliableBackend.Kind.RELEASE;
import static io.holdfast.testkit.UnreliableBackend.Kind.RENEW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LockEvent;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.local.MemoryBackend;
import io.holdfast.local.MemoryStore;
import io.holdfast.testkit.ManualTime;
import io.holdfast.testkit.UnreliableBackend;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.logging.Level;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Real time, real threads: who runs what, and what is left when it is over. */
class ThreadsTest {

  private static final String NAME = "machine:42";

  /** Longer than this machine may stall, so that nothing is repeated because of that. */
  private static final Duration PATIENT = Duration.ofSeconds(60);

  /** Waited for by those tests in which no answer comes. */
  private static final Duration IMPATIENT = Duration.ofMillis(300);

  private static final LockOptions NO_WAIT = LockOptions.DEFAULTS.waitAtMost(Duration.ZERO);

  /** Short, so that losses come while a test waits for them. */
  private static final LockOptions BRIEF = LockOptions.DEFAULTS.leaseFor(Duration.ofMillis(600));

  private final Set<Thread> before = threads();
  private final MemoryStore store = new MemoryStore();
  private final UnreliableBackend messages = new UnreliableBackend(new MemoryBackend(store));
  private final Queue<LockEvent> events = new ConcurrentLinkedQueue<>();
  private final Queue<String> listening = new ConcurrentLinkedQueue<>();
  private final LockEngine locks = waitingFor(PATIENT);
  private final LockEngine others = (LockEngine) LockEngine.on(new MemoryBackend(store)).build();

  private LockEngine waitingFor(Duration requestTimeout) {
    return (LockEngine)
        LockEngine.on(messages)
            .config(LocksConfig.DEFAULTS.requestTimeout(requestTimeout).listener(this::heard))
            .build();
  }

  private void heard(LockEvent event) {
    listening.add(Thread.currentThread().getName());
    events.add(event);
  }

  @AfterEach
  void close() {
    messages.heal();
    locks.close();
    others.close();
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("holdfast-"))
        .collect(Collectors.toSet());
  }

  private Set<Thread> newThreads() {
    Set<Thread> now = new HashSet<>(threads());
    now.removeAll(before);
    return now;
  }

  private static <T> T soon(CompletableFuture<T> future) throws Exception {
    return future.get(Caller.LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  private static <T> CompletableFuture<String> threadThatCompletes(CompletableFuture<T> future) {
    return future.handle((value, failure) -> Thread.currentThread().getName());
  }

  private UnreliableBackend.Message sentLast(UnreliableBackend.Kind kind) {
    eventually().until(() -> !messages.sent(kind).isEmpty());
    List<UnreliableBackend.Message> sent = messages.sent(kind);
    return sent.get(sent.size() - 1);
  }

  /** The store hears a message and answers it in a thread of its own. */
  private static void answerInAThread(UnreliableBackend.Message message) {
    Caller<Boolean> storesThread =
        Caller.of(
            () -> {
              message.arrive();
              message.answer();
              return true;
            });
    assertThat(storesThread.answer()).isTrue();
  }

  private boolean isFree() {
    return !store.contents(new LockName(NAME)).contains("lock");
  }

  private void nothingIsLeft() {
    eventually().until(this::isFree);
    eventually().until(() -> locks.names() == 0);
  }

  // Who runs what

  @Test
  void continuationOfAGrantDoesNotRunOnTheStoresThread() throws Exception {
    messages.next(ASK, HELD);
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME);
    CompletableFuture<String> ran = threadThatCompletes(ours);
    answerInAThread(sentLast(ASK));
    assertThat(soon(ran)).isEqualTo("holdfast-callback");
    assertThat(soon(ours).isHeld()).isTrue();
  }

  @Test
  void continuationOfADeadlineDoesNotRunOnTheSchedulersThread() throws Exception {
    Lease theirs = others.acquire(NAME);
    CompletableFuture<Lease> ours =
        locks.acquireAsync(NAME, LockOptions.DEFAULTS.waitAtMost(Duration.ofMillis(200)));
    CompletableFuture<String> ran = threadThatCompletes(ours);
    assertThat(soon(ran)).isEqualTo("holdfast-callback");
    theirs.close();
  }

  @Test
  void continuationOfACloseDoesNotRunOnTheStoresThread() throws Exception {
    Lease lease = locks.acquire(NAME);
    messages.next(RELEASE, HELD);
    CompletableFuture<String> ran = threadThatCompletes(lease.closeAsync());
    answerInAThread(sentLast(RELEASE));
    assertThat(soon(ran)).isEqualTo("holdfast-callback");
  }

  @Test
  void continuationOfAnUnansweredCloseDoesNotRunOnTheSchedulersThread() throws Exception {
    try (Locks impatient = waitingFor(IMPATIENT)) {
      Lease lease = impatient.acquire(NAME);
      messages.next(RELEASE, LOST);
      CompletableFuture<String> ran = threadThatCompletes(lease.closeAsync());
      assertThat(soon(ran)).isEqualTo("holdfast-callback");
    }
  }

  @Test
  void lossThatTheStoreTellsOfIsNotToldOnItsThread() throws Exception {
    ManualTime time = new ManualTime();
    try (Locks timed = LockEngine.on(messages).time(time).build()) {
      Lease lease = timed.acquire(NAME);
      CompletableFuture<String> ran = new CompletableFuture<>();
      lease.onLost(() -> ran.complete(Thread.currentThread().getName()));
      messages.next(RENEW, HELD);
      time.pass(LockOptions.DEFAULTS.leaseFor().dividedBy(3));
      store.delete(lease.name());
      answerInAThread(sentLast(RENEW));
      assertThat(soon(ran)).isEqualTo("holdfast-callback");
    }
  }

  @Test
  void lossByTheClockIsNotToldOnTheSchedulersThread() throws Exception {
    messages.always(RENEW, LOST);
    Lease lease = locks.acquire(NAME, BRIEF);
    CompletableFuture<String> ran = new CompletableFuture<>();
    lease.onLost(() -> ran.complete(Thread.currentThread().getName()));
    assertThat(soon(ran)).isEqualTo("holdfast-callback");
    CompletableFuture<String> late = new CompletableFuture<>();
    lease.onLost(() -> late.complete(Thread.currentThread().getName()));
    assertThat(soon(late)).as("told at once").isEqualTo("holdfast-callback");
  }

  @Test
  void listenerRunsOnAThreadForCallbacksAlone() throws Exception {
    messages.next(ASK, HELD);
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME);
    answerInAThread(sentLast(ASK));
    assertThat(soon(ours).isHeld()).isTrue();
    assertThat(locks.tryAcquire(NAME)).isEmpty();
    messages.always(RENEW, LOST);
    Lease lost = locks.acquire("another", BRIEF);
    eventually().until(() -> events.stream().anyMatch(LockEvent.Lost.class::isInstance));
    assertThatThrownBy(lost::close).isInstanceOf(LeaseLostException.class);
    assertThat(listening).hasSizeGreaterThanOrEqualTo(3).containsOnly("holdfast-callback");
  }

  // Code of users that blocks

  private void acquireAndClose(String name) {
    try {
      locks.acquire(name).close();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void continuationsMayBlock() throws Exception {
    int many = 50;
    CountDownLatch allAreInside = new CountDownLatch(many);
    messages.always(ASK, HELD);
    List<CompletableFuture<Void>> ends = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      String name = "name:" + i;
      ends.add(
          locks
              .acquireAsync(name)
              .thenAccept(
                  lease -> {
                    allAreInside.countDown();
                    awaitLatch(allAreInside);
                    acquireAndClose("inner:" + name);
                    lease.close();
                    acquireAndClose(name);
                  }));
    }
    messages.always(ASK, ANSWERED);
    messages.sent(ASK).forEach(ThreadsTest::answerInAThread);
    for (CompletableFuture<Void> end : ends) {
      soon(end);
    }
    eventually().until(() -> locks.names() == 0);
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      assertThat(latch.await(Caller.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void onLostMayBlock() throws Exception {
    messages.next(RENEW, LOST, LOST, LOST, LOST, LOST, LOST, LOST, LOST);
    Lease lease = locks.acquire(NAME, BRIEF);
    store.delete(lease.name()); // before the next lock of this name
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    lease.onLost(
        () -> {
          acquireAndClose("another");
          try {
            lease.close();
            done.complete(false);
          } catch (LeaseLostException expected) {
            acquireAndClose(NAME);
            done.complete(true);
          }
        });
    assertThat(soon(done)).isTrue();
  }

  @Test
  void listenerMayBlock() throws Exception {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    CompletableFuture<LockEngine> engine = new CompletableFuture<>();
    LockEngine blocking =
        (LockEngine)
            LockEngine.on(messages)
                .config(
                    LocksConfig.DEFAULTS.listener(
                        event -> {
                          if (event instanceof LockEvent.Released released
                              && released.name().value().equals(NAME)) {
                            try {
                              engine.join().acquire(NAME + ":again").close();
                              done.complete(true);
                            } catch (InterruptedException e) {
                              done.completeExceptionally(e);
                            }
                          }
                        }))
                .build();
    engine.complete(blocking);
    blocking.acquire(NAME).close();
    assertThat(soon(done)).isTrue();
    blocking.close();
  }

  @Test
  void locksMayBeClosedInACallback() throws Exception {
    messages.next(ASK, HELD);
    CompletableFuture<Void> closed = locks.acquireAsync(NAME).thenAccept(lease -> locks.close());
    answerInAThread(sentLast(ASK));
    soon(closed);
    assertThat(isFree()).isTrue();
    eventually().until(() -> newThreads().isEmpty());
  }

  // Closing

  @Test
  void closeEndsEveryThread() throws Exception {
    Lease lease = locks.acquire(NAME);
    soon(locks.acquireAsync("another"));
    CompletableFuture<Lease> waiting = locks.acquireAsync(NAME);
    assertThat(newThreads()).isNotEmpty();
    locks.close();
    eventually().until(() -> newThreads().isEmpty());
    assertThat(waiting).isCompletedExceptionally();
    assertThat(lease.isHeld()).isFalse();
  }

  @Test
  void closeEndsThoseWhoWait() throws Exception {
    Lease theirs = others.acquire(NAME);
    Caller<Lease> blocking = Caller.of(() -> locks.acquire(NAME)).waiting();
    CompletableFuture<Lease> async = locks.acquireAsync(NAME);
    locks.close();
    assertThat(blocking.failure()).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> soon(async)).hasCauseInstanceOf(IllegalStateException.class);
    theirs.close();
    nothingIsLeft();
  }

  @Test
  void closeReleasesWhatIsHeld() throws Exception {
    List<Lease> held = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      held.add(locks.acquire("name:" + i));
    }
    locks.close();
    for (Lease lease : held) {
      assertThat(others.inspect(lease.name().value()).holder()).isEmpty();
      assertThat(lease.isHeld()).isFalse();
      assertThatThrownBy(lease::close).isInstanceOf(LeaseLostException.class);
    }
    assertThat(locks.names()).isZero();
  }

  @Test
  void secondCloseDoesNothing() throws Exception {
    Lease lease = locks.acquire(NAME);
    locks.close();
    int sent = messages.sent().size();
    locks.close();
    assertThat(messages.sent()).hasSize(sent);
    assertThat(messages.closes()).isEqualTo(1);
    assertThat(lease.isHeld()).isFalse();
  }

  @Test
  void closeDoesNotWaitForASilentStoreForEver() throws Exception {
    LockEngine impatient = waitingFor(IMPATIENT);
    Lease lease = impatient.acquire(NAME);
    messages.always(LOST);
    CompletableFuture<Lease> asking = impatient.acquireAsync("another");
    Caller<Boolean> closing =
        Caller.of(
            () -> {
              impatient.close();
              return true;
            });
    assertThat(closing.answer()).isTrue();
    assertThat(lease.isHeld()).isFalse();
    assertThatThrownBy(() -> soon(asking)).hasCauseInstanceOf(IllegalStateException.class);
    eventually().until(() -> newThreads().isEmpty());
  }

  @Test
  void closedLocksGrantNothing() throws Exception {
    Lock view = locks.reentrant(NAME);
    locks.close();
    assertThatThrownBy(() -> locks.acquire(NAME)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> locks.tryAcquire(NAME)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(view::lock).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(view::tryLock).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> soon(locks.acquireAsync(NAME)))
        .hasCauseInstanceOf(IllegalStateException.class);
    assertThat(messages.sent()).isEmpty();
    assertThat(locks.names()).isZero();
    eventually().until(() -> newThreads().isEmpty());
  }

  @Test
  void closingALeaseOfClosedLocksComesToAnEnd() throws Exception {
    Lease lease = locks.acquire(NAME);
    locks.close();
    assertThatThrownBy(() -> soon(lease.closeAsync())).hasCauseInstanceOf(LeaseLostException.class);
  }

  @Test
  void leaseThatIsBeingClosedWhenTheLocksCloseIsReleased() throws Exception {
    Lease lease = locks.acquire(NAME);
    messages.next(RELEASE, HELD);
    CompletableFuture<Void> closing = lease.closeAsync();
    UnreliableBackend.Message release = sentLast(RELEASE);
    Caller<Boolean> all =
        Caller.of(
            () -> {
              locks.close();
              return true;
            });
    release.arrive();
    release.answer();
    soon(closing);
    assertThat(all.answer()).isTrue();
    assertThat(isFree()).isTrue();
  }

  // Interrupts, step by step

  private Caller<Lease> acquiring() {
    return Caller.of(() -> locks.acquire(NAME));
  }

  private void endsByItsInterrupt(Caller<Lease> caller) {
    caller.interrupt();
    assertThat(caller.failure()).isInstanceOf(InterruptedException.class);
    assertThat(caller.stillInterrupted()).isFalse();
  }

  @Test
  void interruptBeforeTheAcquireSendsNothing() {
    Caller<Lease> caller = Caller.interrupted(() -> locks.acquire(NAME));
    assertThat(caller.failure()).isInstanceOf(InterruptedException.class);
    assertThat(caller.stillInterrupted()).isFalse();
    assertThat(messages.sent()).isEmpty();
    nothingIsLeft();
  }

  @Test
  void interruptWhileTheQuestionIsUnderWayWithdrawsTheClaim() {
    messages.next(ASK, HELD);
    Caller<Lease> caller = acquiring().waiting();
    endsByItsInterrupt(caller);
    UnreliableBackend.Message asked = sentLast(ASK);
    asked.arrive();
    asked.answer();
    nothingIsLeft();
  }

  @Test
  void interruptWhileTheAnswerIsUnderWayWithdrawsTheClaim() {
    messages.next(ASK, HELD);
    Caller<Lease> caller = acquiring().waiting();
    UnreliableBackend.Message asked = sentLast(ASK);
    asked.arrive();
    endsByItsInterrupt(caller);
    asked.answer();
    nothingIsLeft();
  }

  @Test
  void interruptBetweenTwoQuestionsWithdrawsTheClaim() throws Exception {
    messages.hints(false);
    Lease theirs = others.acquire(NAME);
    Caller<Lease> caller = acquiring().waiting();
    eventually().until(() -> messages.sent(ASK).size() > 3);
    endsByItsInterrupt(caller);
    theirs.close();
    nothingIsLeft();
  }

  @Test
  void interruptWhileQueuedLocallyLeavesTheHolderAlone() throws Exception {
    Lease ours = locks.acquire(NAME);
    Caller<Lease> caller = acquiring().waiting();
    endsByItsInterrupt(caller);
    assertThat(ours.isHeld()).isTrue();
    assertThat(messages.sent(ASK)).hasSize(1);
    assertThat(messages.sent(RELEASE)).isEmpty();
    ours.close();
    nothingIsLeft();
  }

  @Test
  void interruptDuringACloseReleasesAndKeepsTheFlag() throws Exception {
    Lease ours = locks.acquire(NAME);
    messages.next(RELEASE, HELD);
    Caller<Boolean> caller =
        Caller.of(
                () -> {
                  ours.close();
                  return true;
                })
            .waiting()
            .interrupt();
    UnreliableBackend.Message release = sentLast(RELEASE);
    release.arrive();
    release.answer();
    assertThat(caller.answer()).isTrue();
    assertThat(caller.stillInterrupted()).isTrue();
    nothingIsLeft();
  }

  @Test
  void interruptThatMeetsTheGrantLosesNeither() throws Exception {
    for (int i = 0; i < 100; i++) {
      Lease theirs = others.acquire(NAME);
      Caller<Lease> caller = acquiring().waiting();
      Caller<Boolean> releasing =
          Caller.of(
              () -> {
                theirs.close();
                return true;
              });
      caller.interrupt();
      if (caller.failure() == null) {
        caller.answer().close();
      } else {
        assertThat(caller.failure()).isInstanceOf(InterruptedException.class);
        assertThat(caller.stillInterrupted()).isFalse();
      }
      assertThat(releasing.answer()).isTrue();
      nothingIsLeft();
    }
  }

  @Test
  void cancelThatMeetsTheGrantLosesNeither() throws Exception {
    for (int i = 0; i < 100; i++) {
      Lease theirs = others.acquire(NAME);
      CompletableFuture<Lease> ours = locks.acquireAsync(NAME);
      Caller<Boolean> releasing =
          Caller.of(
              () -> {
                theirs.close();
                return true;
              });
      if (!ours.cancel(false)) {
        soon(ours).close();
      }
      assertThat(releasing.answer()).isTrue();
      nothingIsLeft();
    }
  }

  // Leaks

  /** Long enough not to be lost by a machine that stalls, which would hide the leak. */
  private static final LockOptions STEADY = LockOptions.DEFAULTS.leaseFor(Duration.ofSeconds(30));

  /** In a frame of its own, so that nothing on the stack refers to the lease. */
  private void acquireAndForget() throws InterruptedException {
    assertThat(locks.acquire(NAME, STEADY).isHeld()).isTrue();
  }

  private void isFoundToHaveLeaked() {
    eventually()
        .until(
            () -> {
              System.gc();
              return events.stream().anyMatch(LockEvent.Leaked.class::isInstance);
            });
  }

  @Test
  @Tag("slow")
  void leaseThatNobodyCanCloseIsNotRenewedAndTheListenerAndTheLogAreTold() throws Exception {
    Lease kept = locks.acquire("kept", STEADY);
    try (Logged log = new Logged()) {
      acquireAndForget();
      isFoundToHaveLeaked();
      nothingIsLeftBut("kept");
      assertThat(events.stream().filter(LockEvent.Leaked.class::isInstance))
          .singleElement()
          .satisfies(leak -> assertThat(((LockEvent.Leaked) leak).name().value()).isEqualTo(NAME));
      eventually()
          .until(() -> log.texts(Level.WARNING).stream().anyMatch(text -> text.contains("never")));
      assertThat(kept.isHeld()).as("the one that is still referred to").isTrue();
    } finally {
      Reference.reachabilityFence(kept);
    }
  }

  private void nothingIsLeftBut(String kept) {
    eventually().until(this::isFree);
    eventually().until(() -> locks.names() == 1);
    assertThat(store.contents(new LockName(kept))).contains("lock");
  }

  @Test
  @Tag("slow")
  void lockOfAThreadThatIsGoneLeaks() {
    Lock lock = locks.reentrant(NAME, STEADY);
    Caller<Boolean> dying =
        Caller.of(
            () -> {
              lock.lock();
              return true;
            });
    try {
      assertThat(dying.answer()).isTrue();
      isFoundToHaveLeaked();
      nothingIsLeft();
    } finally {
      Reference.reachabilityFence(lock);
    }
  }

  // All at once

  @Test
  void nothingIsLostUnderStress() throws Exception {
    int threads = 8;
    int rounds = 3_000;
    int names = 3;
    long[] counters = new long[names];
    List<List<Long>> tokens = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    LockOptions patient = LockOptions.DEFAULTS.waitAtMost(Duration.ofMinutes(2));
    List<Caller<Boolean>> callers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      int first = i;
      LockEngine engine = i % 2 == 0 ? locks : others;
      callers.add(
          Caller.of(
              () -> {
                for (int round = 0; round < rounds; round++) {
                  int name = (first + round) % names;
                  try (Lease lease = engine.acquire("name:" + name, patient)) {
                    counters[name]++; // plain: only the lock makes this right
                    tokens.get(name).add(lease.token());
                  }
                }
                return true;
              }));
    }
    callers.forEach(caller -> assertThat(caller.answer()).isTrue());
    long sum = 0;
    for (int name = 0; name < names; name++) {
      sum += counters[name];
      assertThat(tokens.get(name)).hasSize((int) counters[name]).isSorted().doesNotHaveDuplicates();
      assertThat(others.inspect("name:" + name).holder()).isEmpty();
    }
    assertThat(sum).isEqualTo((long) threads * rounds);
    eventually().until(() -> locks.names() == 0 && others.names() == 0);
  }

  @Test
  void callersWhoGiveUpAndCallersWhoStayDoNotDisturbEachOther() throws Exception {
    int threads = 8;
    int rounds = 500;
    long[] counter = new long[1];
    List<Caller<Long>> callers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      LockEngine engine = i % 2 == 0 ? locks : others;
      LockOptions options =
          i % 4 < 2 ? NO_WAIT : LockOptions.DEFAULTS.waitAtMost(Duration.ofMinutes(2));
      callers.add(
          Caller.of(
              () -> {
                long held = 0;
                for (int round = 0; round < rounds; round++) {
                  var lease = engine.tryAcquire(NAME, options);
                  if (lease.isPresent()) {
                    counter[0]++;
                    held++;
                    lease.get().close();
                  }
                }
                return held;
              }));
    }
    long held = callers.stream().mapToLong(Caller::answer).sum();
    assertThat(held).isGreaterThanOrEqualTo(threads / 2 * (long) rounds);
    assertThat(counter[0]).isEqualTo(held);
    nothingIsLeft();
    eventually().until(() -> others.names() == 0);
  }
}
