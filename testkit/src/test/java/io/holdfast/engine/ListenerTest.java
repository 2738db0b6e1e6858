package io.holdfast.engine;

import static io.holdfast.engine.Caller.eventually;
import static io.holdfast.testkit.UnreliableBackend.Fate.FAILED;
import static io.holdfast.testkit.UnreliableBackend.Fate.HELD;
import static io.holdfast.testkit.UnreliableBackend.Fate.LOST;
import static io.holdfast.testkit.UnreliableBackend.Kind.RELEASE;
import static io.holdfast.testkit.UnreliableBackend.Kind.RENEW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.BackendException;
import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LockEvent;
import io.holdfast.LockEvent.LossCause;
import io.holdfast.LockListener;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.LockTimeoutException;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.local.MemoryBackend;
import io.holdfast.local.MemoryStore;
import io.holdfast.testkit.UnreliableBackend;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is told of a lock, to the listener and to the log. */
class ListenerTest extends EngineTest {

  private static final LockName LOCK = new LockName(NAME);
  private static final Duration MARGIN = Duration.ofMillis(302);

  /** Users' code that was handed over to be run and has not run yet. */
  private final Queue<Runnable> later = new ArrayDeque<>();

  private void runWhatWasHandedOver() {
    for (Runnable next = later.poll(); next != null; next = later.poll()) {
      next.run();
    }
  }

  private Locks listenedToBy(LockListener listener) {
    return LockEngine.on(messages)
        .config(LocksConfig.DEFAULTS.requestTimeout(REQUEST).listener(listener))
        .time(time)
        .callbacks(Runnable::run)
        .build();
  }

  // Each kind, once, with its values

  @Test
  void lifeOfALeaseIsToldInOrder() {
    Lease lease = acquired();
    messages.next(RENEW, HELD);
    time.pass(Duration.ofSeconds(11));
    UnreliableBackend.Message renewal = messages.sent(RENEW).get(0);
    renewal.arrive();
    renewal.answer();
    time.pass(Duration.ofSeconds(1));
    lease.close();
    long token = lease.token();
    assertThat(events)
        .containsExactly(
            new LockEvent.Acquired(LOCK, token, Duration.ZERO),
            new LockEvent.Renewed(LOCK, token, Duration.ofSeconds(1)),
            new LockEvent.Released(LOCK, token, Duration.ofSeconds(12)));
  }

  @Test
  void waitOfWhoeverGotTheLockIsTold() {
    Lease theirs = acquiredByOthers();
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME);
    time.pass(Duration.ofSeconds(7));
    theirs.close();
    assertThat(events)
        .containsExactly(
            new LockEvent.Acquired(LOCK, leaseOf(ours).token(), Duration.ofSeconds(7)));
  }

  @Test
  void waitOfWhoeverGaveUpIsToldWithTheReason() {
    acquiredByOthers();
    CompletableFuture<Lease> ours =
        locks.acquireAsync(NAME, LockOptions.DEFAULTS.waitAtMost(Duration.ofSeconds(5)));
    time.pass(Duration.ofSeconds(5));
    assertThat(ours).isCompletedExceptionally();
    assertThat(events)
        .singleElement()
        .isInstanceOfSatisfying(
            LockEvent.NotAcquired.class,
            event -> {
              assertThat(event.name()).isEqualTo(LOCK);
              assertThat(event.waited()).isEqualTo(Duration.ofSeconds(5));
              assertThat(event.reason()).isInstanceOf(LockTimeoutException.class);
            });
  }

  @Test
  void silentStoreIsToldAsTheReason() {
    messages.always(LOST);
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME, NO_WAIT);
    time.pass(REQUEST);
    assertThatThrownBy(ours::join).hasCauseInstanceOf(BackendException.class);
    assertThat(events(LockEvent.NotAcquired.class))
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.waited()).isEqualTo(REQUEST);
              assertThat(event.reason()).isInstanceOf(BackendException.class);
            });
  }

  @Test
  void callerWhoWentAwayIsToldOnce() {
    acquiredByOthers();
    CompletableFuture<Lease> ours = locks.acquireAsync(NAME);
    time.pass(Duration.ofSeconds(1));
    ours.cancel(false);
    assertThat(events(LockEvent.NotAcquired.class))
        .extracting(LockEvent.NotAcquired::waited)
        .containsExactly(Duration.ofSeconds(1));
  }

  @Test
  void failedRenewalIsToldWithWhatRemains() {
    Lease lease = acquired();
    messages.next(RENEW, FAILED);
    time.pass(Duration.ofSeconds(10));
    assertThat(events(LockEvent.RenewalFailed.class))
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.name()).isEqualTo(LOCK);
              assertThat(event.token()).isEqualTo(lease.token());
              assertThat(event.reason()).isInstanceOf(BackendException.class);
              assertThat(event.remaining()).isEqualTo(Duration.ofSeconds(20).minus(MARGIN));
            });
    time.pass(Duration.ofSeconds(1));
    assertThat(events(LockEvent.Renewed.class)).hasSize(1);
    lease.close();
  }

  @Test
  void unansweredReleaseIsToldOnceAndIsNoRelease() {
    Lease lease = acquired();
    messages.next(RELEASE, LOST, FAILED, FAILED);
    CompletableFuture<Void> closing = lease.closeAsync();
    time.pass(LEASE);
    assertThat(closing).isCompleted();
    assertThat(events(LockEvent.ReleaseUnanswered.class))
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.name()).isEqualTo(LOCK);
              assertThat(event.token()).isEqualTo(lease.token());
              assertThat(event.reason()).isInstanceOf(BackendException.class);
            });
    assertThat(events(LockEvent.Released.class)).isEmpty();
    assertThat(events(LockEvent.Lost.class)).isEmpty();
  }

  private void isToldAsLost(Lease lease, Duration held, LossCause cause) {
    assertThat(events(LockEvent.Lost.class))
        .containsExactly(new LockEvent.Lost(LOCK, lease.token(), held, cause));
    assertThat(events(LockEvent.Released.class)).isEmpty();
  }

  @Test
  void expiryIsToldAsALoss() {
    Lease lease = acquired();
    messages.always(LOST);
    time.pass(LEASE.multipliedBy(2));
    assertThatThrownBy(lease::close).isInstanceOf(LeaseLostException.class);
    isToldAsLost(lease, LEASE.minus(MARGIN), LossCause.EXPIRED);
  }

  @Test
  void endByTheStoreIsToldAsALoss() {
    Lease lease = acquired();
    store.delete(LOCK);
    time.pass(LEASE);
    isToldAsLost(lease, Duration.ofSeconds(10), LossCause.ENDED_BY_STORE);
  }

  @Test
  void endByTheStoreThatTheReleaseFindsIsToldAsALoss() {
    Lease lease = acquired();
    time.pass(Duration.ofSeconds(3));
    store.delete(LOCK);
    assertThatThrownBy(lease::close).isInstanceOf(LeaseLostException.class);
    isToldAsLost(lease, Duration.ofSeconds(3), LossCause.ENDED_BY_STORE);
  }

  @Test
  void holdThatIsTooLongIsToldAsALoss() {
    Duration most = Duration.ofSeconds(45);
    Lease lease = leaseOf(locks.acquireAsync(NAME, LockOptions.DEFAULTS.holdAtMost(most)));
    time.pass(most);
    isToldAsLost(lease, most, LossCause.HELD_TOO_LONG);
  }

  @Test
  void leaseThatTheLocksEndedIsToldAsALoss() {
    Lease lease = acquired();
    time.pass(Duration.ofSeconds(1));
    locks.close();
    isToldAsLost(lease, Duration.ofSeconds(1), LossCause.LOCKS_CLOSED);
  }

  @Test
  void handOverIsToldInTheOrderInWhichItHappened() {
    Lease first = acquired();
    CompletableFuture<Lease> next = locks.acquireAsync(NAME);
    CompletableFuture<Lease> last = locks.acquireAsync(NAME);
    first.close();
    leaseOf(next).close();
    leaseOf(last).close();
    assertThat(events)
        .extracting(Object::getClass)
        .containsExactly(
            LockEvent.Acquired.class,
            LockEvent.Released.class,
            LockEvent.Acquired.class,
            LockEvent.Released.class,
            LockEvent.Acquired.class,
            LockEvent.Released.class);
  }

  /** In real time, of which nothing is late: each lock's events in order, and never two at once. */
  @Test
  void listenerIsCalledByOneThreadAtATime() throws Exception {
    int rounds = 300;
    Map<LockName, List<LockEvent>> told = new ConcurrentHashMap<>();
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger together = new AtomicInteger();
    Locks real =
        LockEngine.on(new MemoryBackend(new MemoryStore()))
            .config(
                LocksConfig.DEFAULTS
                    .options(LockOptions.DEFAULTS.leaseFor(Duration.ofHours(1)))
                    .requestTimeout(Duration.ofSeconds(60))
                    .listener(
                        event -> {
                          if (inside.incrementAndGet() > 1) {
                            together.incrementAndGet();
                          }
                          LockName name =
                              event instanceof LockEvent.Acquired acquired
                                  ? acquired.name()
                                  : ((LockEvent.Released) event).name();
                          told.computeIfAbsent(name, same -> new ArrayList<>()).add(event);
                          inside.decrementAndGet();
                        }))
            .build();
    List<Caller<Boolean>> callers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String name = "name:" + i;
      callers.add(
          Caller.of(
              () -> {
                for (int round = 0; round < rounds; round++) {
                  real.acquire(name).close();
                }
                return true;
              }));
    }
    callers.forEach(Caller::answer);
    eventually().until(() -> told.values().stream().mapToInt(List::size).sum() == 4 * 2 * rounds);
    assertThat(together).hasValue(0);
    assertThat(told.values())
        .allSatisfy(
            ofOne -> {
              long before = 0;
              for (int i = 0; i < ofOne.size(); i += 2) {
                LockEvent.Acquired acquired = (LockEvent.Acquired) ofOne.get(i);
                assertThat(acquired.token()).isGreaterThan(before);
                before = acquired.token();
                assertThat(((LockEvent.Released) ofOne.get(i + 1)).token()).isEqualTo(before);
              }
            });
    real.close();
  }

  // Listeners that misbehave

  @ParameterizedTest
  @ValueSource(classes = {IllegalStateException.class, StackOverflowError.class})
  void listenerThatThrowsHarmsNothingAndIsLogged(Class<? extends Throwable> kind) throws Exception {
    Throwable failure = kind.getConstructor(String.class).newInstance("a bad listener");
    List<LockEvent> told = new CopyOnWriteArrayList<>();
    try (Logged log = new Logged()) {
      Locks bad =
          listenedToBy(
              event -> {
                told.add(event);
                if (failure instanceof Error error) {
                  throw error;
                }
                throw (RuntimeException) failure;
              });
      Lease lease = bad.acquire(NAME);
      time.pass(LEASE);
      assertThat(lease.isHeld()).isTrue();
      lease.close();
      assertThat(told).hasSize(5);
      assertThat(log.records(Level.SEVERE)).hasSize(5).allMatch(e -> e.getThrown() == failure);
      assertThat(log.texts(Level.SEVERE)).allMatch(text -> text.contains("listener"));
      bad.close();
    }
  }

  @Test
  void slowListenerMissesWhatIsBeyondTenThousandAndTheNumberIsLogged() throws Exception {
    int most = 10_000;
    int missed = 1_234;
    List<LockEvent> told = new ArrayList<>();
    try (Logged log = new Logged()) {
      Locks slow =
          LockEngine.on(new MemoryBackend(store))
              .config(LocksConfig.DEFAULTS.listener(told::add))
              .time(time)
              .callbacks(later::add)
              .build();
      for (int i = 0; i < (most + missed) / 2; i++) {
        slow.acquire(NAME).close();
      }
      assertThat(told).isEmpty();
      runWhatWasHandedOver();
      assertThat(told).hasSize(most);
      assertThat(log.texts(Level.WARNING))
          .singleElement()
          .asString()
          .contains("1234 events were dropped");
      slow.acquire(NAME).close();
      runWhatWasHandedOver();
      assertThat(told).as("those that come later are told again").hasSize(most + 2);
      assertThat(log.texts(Level.WARNING)).hasSize(1);
      slow.close();
    }
  }

  @Test
  void listenerThatHangsHarmsNoLeaseAndNoWarning() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    CountDownLatch hangs = new CountDownLatch(1);
    Locks threaded =
        LockEngine.on(messages)
            .time(time)
            .config(
                LocksConfig.DEFAULTS.listener(
                    event -> {
                      hangs.countDown();
                      try {
                        assertThat(end.await(2, TimeUnit.MINUTES)).isTrue();
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                      }
                    }))
            .build();
    try (Logged log = new Logged()) {
      Lease lease = threaded.acquire(NAME);
      assertThat(hangs.await(1, TimeUnit.MINUTES)).isTrue();
      time.pass(LEASE);
      assertThat(sent(RENEW)).isGreaterThan(2);
      assertThat(lease.isHeld()).isTrue();
      store.delete(LOCK);
      time.pass(LEASE);
      assertThat(lease.isHeld()).isFalse();
      eventually().until(() -> !log.texts(Level.WARNING).isEmpty());
      assertThat(log.texts(Level.WARNING)).allMatch(text -> text.contains("ENDED_BY_STORE"));
    } finally {
      end.countDown();
      threaded.close();
    }
  }

  // The log

  @Test
  void lossIsLoggedAsAWarningWithoutAListener() {
    try (Logged log = new Logged()) {
      Lease lease = acquiredByOthers();
      store.delete(LOCK);
      time.pass(LEASE);
      assertThat(lease.isHeld()).isFalse();
      assertThat(log.texts(Level.WARNING))
          .singleElement()
          .asString()
          .contains(NAME, "ENDED_BY_STORE", "PT10S", " " + lease.token());
    }
  }

  @Test
  void whatGoesWellIsNotLogged() {
    try (Logged log = new Logged()) {
      Lease lease = acquired();
      time.pass(LEASE.multipliedBy(3));
      lease.close();
      for (Level level : List.of(Level.SEVERE, Level.WARNING, Level.INFO)) {
        assertThat(log.texts(level)).isEmpty();
      }
    }
  }

  @Test
  void claimIsInNoLogAndNoEvent() {
    try (Logged log = new Logged()) {
      Lease lease = acquired();
      messages.next(RENEW, FAILED);
      time.pass(LEASE);
      store.delete(LOCK);
      time.pass(LEASE);
      assertThat(lease.isHeld()).isFalse();
      List<String> ids =
          messages.sent().stream()
              .map(UnreliableBackend.Message::claim)
              .flatMap(claim -> Optional.ofNullable(claim).stream())
              .map(claim -> claim.id())
              .toList();
      assertThat(ids).isNotEmpty();
      String everything =
          log.texts(Level.WARNING) + events.toString() + lease + messages.sent().get(0).claim();
      assertThat(ids).noneMatch(everything::contains);
    }
  }

  @Test
  void warningIsToldAndLoggedOncePerText() {
    try (Logged log = new Logged()) {
      Announcer announcer = new Announcer(Optional.of(events::add), Runnable::run);
      announcer.warn("The store evicts keys {0}");
      announcer.warn("The store evicts keys {0}");
      announcer.warn("Another");
      announcer.warn("The store evicts keys {0}");
      assertThat(events)
          .containsExactly(
              new LockEvent.Warning("The store evicts keys {0}"), new LockEvent.Warning("Another"));
      assertThat(log.texts(Level.WARNING)).containsExactly("The store evicts keys {0}", "Another");
    }
  }

  @Test
  void warningsThatAreAllDifferentComeToAnEnd() {
    try (Logged log = new Logged()) {
      Announcer announcer = new Announcer(Optional.empty(), Runnable::run);
      for (int i = 0; i < 5_000; i++) {
        announcer.warn("Number " + i);
      }
      assertThat(log.texts(Level.WARNING)).hasSize(1_000);
    }
  }
}
