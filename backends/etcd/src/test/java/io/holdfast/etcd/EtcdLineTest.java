package io.holdfast.etcd;

import static io.holdfast.etcd.TestEtcd.answer;
import static io.holdfast.etcd.TestEtcd.newClaim;
import static io.holdfast.etcd.TestEtcd.newName;
import static io.holdfast.etcd.TestEtcd.trying;
import static io.holdfast.etcd.TestEtcd.waiting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.etcd.jetcd.KeyValue;
import io.holdfast.BackendException;
import io.holdfast.LockName;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Watch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Who waits is served in order, is woken alone, and asks once. */
@NeedsEtcd
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EtcdLineTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final TestEtcd etcd = new TestEtcd();
  private final EtcdBackend backend = etcd.open();
  private final EtcdBackend another = etcd.open();

  @AfterAll
  void stop() {
    etcd.close();
  }

  /** A claim in the line, and how often it was woken. */
  private record Waiter(EtcdBackend through, Claim claim, AtomicInteger hints, Watch watch) {}

  private static Attempt ask(EtcdBackend through, Claim claim) throws Exception {
    return answer(through.ask(waiting(claim)));
  }

  private static Waiter inLine(EtcdBackend through, LockName name) throws Exception {
    Claim claim = newClaim(name);
    assertThat(ask(through, claim)).isInstanceOf(Attempt.Refused.class);
    AtomicInteger hints = new AtomicInteger();
    return new Waiter(through, claim, hints, through.watch(claim, hints::incrementAndGet));
  }

  private static Release release(EtcdBackend through, Claim claim) throws Exception {
    return answer(through.release(claim, 0, Duration.ZERO));
  }

  /** The key that was created last. */
  private String newest(LockName name) throws Exception {
    return etcd.entries("lock_=" + name + "=").stream()
        .max(Comparator.comparing(KeyValue::getCreateRevision))
        .map(TestEtcd::text)
        .orElseThrow();
  }

  /** Questions about keys; the heartbeats of leases come when they are due. */
  private static long calls(TestEtcd to) {
    return to.counted("grpc_server_started_total", "grpc_service=\"etcdserverpb.KV\"");
  }

  private static void awaitWatchers(TestEtcd of, long number) {
    await()
        .atMost(LIMIT)
        .until(() -> of.counted("etcd_debugging_mvcc_watcher_total", "") == number);
  }

  @Test
  void freeLockIsOneTransactionAndItsReleaseAnother() throws Exception {
    try (TestEtcd own = new TestEtcd()) { // on which no waiter of another test looks
      EtcdBackend alone = own.open();
      Claim claim = newClaim(newName());
      long before = calls(own);
      answer(alone.ask(trying(claim)));
      assertThat(calls(own) - before).isEqualTo(1);
      release(alone, claim);
      assertThat(calls(own) - before).isEqualTo(2);
      assertThat(own.counted("grpc_server_started_total", "LeaseKeepAlive")).isZero();
    }
  }

  @Test
  void whoMissesNoHintAsksForItsSessionOnlyAndElseAsTheEngineLikes() throws Exception {
    LockName name = newName();
    Claim holder = newClaim(name);
    ask(backend, holder);
    Claim claim = newClaim(name);
    assertThat(askAgainIn(another, claim)).isZero();
    try (Watch watch = another.watch(claim, () -> {})) {
      await().atMost(LIMIT).until(() -> askAgainIn(another, claim).equals(Duration.ofSeconds(15)));
    }
    assertThat(askAgainIn(another, claim)).as("nobody hears any more").isZero();
    release(another, claim);
    release(backend, holder);
  }

  private static Duration askAgainIn(EtcdBackend through, Claim claim) throws Exception {
    return ((Attempt.Refused) ask(through, claim)).askAgainIn();
  }

  @Test
  @Tag("slow")
  void releaseWakesOneOfFiveHundredWaitersAndItAsksOnce() throws Exception {
    try (TestEtcd own = new TestEtcd()) { // whose watchers are those of this test alone
      EtcdBackend even = own.open();
      EtcdBackend odd = own.open();
      LockName name = newName();
      Claim holder = newClaim(name);
      Attempt.Granted held = (Attempt.Granted) ask(even, holder);
      List<Waiter> line = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        line.add(inLine(i % 2 == 0 ? even : odd, name));
      }
      awaitWatchers(own, 1000);
      for (Waiter waiter : line) { // until each has looked at the one before it, if it had to
        await().atMost(LIMIT).until(() -> !askAgainIn(waiter.through(), waiter.claim()).isZero());
      }
      long before = calls(own);
      long token = held.firstToken();
      release(even, holder);
      for (int i = 0; i < 20; i++) {
        Waiter next = line.get(i);
        await().atMost(LIMIT).until(() -> next.hints().get() > 0);
        Attempt.Granted granted = (Attempt.Granted) ask(next.through(), next.claim());
        assertThat(granted.firstToken()).isGreaterThan(token);
        token = granted.firstToken();
        next.watch().close();
        release(next.through(), next.claim());
      }
      assertThat(calls(own) - before)
          .as("a release, then an ask and a release for each")
          .isEqualTo(41);
      Waiter woken = line.get(20);
      await().atMost(LIMIT).until(() -> woken.hints().get() > 0);
      assertThat(line.subList(21, 500)).allSatisfy(w -> assertThat(w.hints()).hasValue(0));
      for (Waiter waiter : line) {
        waiter.watch().close();
      }
      awaitWatchers(own, 0);
    }
  }

  @Test
  void grantsComeInTheOrderOfTheAsks() throws Exception {
    LockName name = newName();
    Claim first = newClaim(name);
    ask(backend, first);
    Waiter second = inLine(another, name);
    Waiter third = inLine(backend, name);
    assertThat(ask(backend, third.claim())).isInstanceOf(Attempt.Refused.class);
    release(backend, first);
    assertThat(ask(backend, third.claim())).isInstanceOf(Attempt.Refused.class);
    assertThat(answer(backend.ask(trying(newClaim(name))))).isInstanceOf(Attempt.Refused.class);
    assertThat(ask(another, second.claim())).isInstanceOf(Attempt.Granted.class);
    release(another, second.claim());
    assertThat(ask(backend, third.claim())).isInstanceOf(Attempt.Granted.class);
    release(backend, third.claim());
    assertThat(etcd.keys("lock_=" + name)).isEmpty();
  }

  @Test
  void positionIsHowManyAreBefore() throws Exception {
    LockName name = newName();
    ask(backend, newClaim(name));
    Attempt.Refused second = (Attempt.Refused) ask(another, newClaim(name));
    Claim last = newClaim(name);
    Attempt.Refused third = (Attempt.Refused) ask(backend, last);
    assertThat(second.position()).isEqualTo(OptionalInt.of(1));
    assertThat(third.position()).isEqualTo(OptionalInt.of(2));
    inLine(another, name);
    assertThat(((Attempt.Refused) ask(backend, last)).position()).isEqualTo(OptionalInt.of(2));
  }

  @Test
  void whoLeavesTheMiddleWakesTheNextWhoThenListensToTheOneBefore() throws Exception {
    LockName name = newName();
    Claim first = newClaim(name);
    ask(backend, first);
    Waiter second = inLine(another, name);
    Waiter third = inLine(backend, name);
    second.watch().close();
    assertThat(release(another, second.claim())).isEqualTo(Release.GONE);
    await().atMost(LIMIT).untilAsserted(() -> assertThat(third.hints()).hasPositiveValue());
    assertThat(ask(backend, third.claim())).isInstanceOf(Attempt.Refused.class);
    int before = third.hints().get();
    release(backend, first);
    await()
        .atMost(LIMIT)
        .untilAsserted(() -> assertThat(third.hints()).hasValueGreaterThan(before));
    assertThat(ask(backend, third.claim())).isInstanceOf(Attempt.Granted.class);
  }

  @Test
  void releaseBetweenAnAskAndItsWatchIsNotMissed() throws Exception {
    LockName name = newName();
    Claim first = newClaim(name);
    ask(backend, first);
    Claim second = newClaim(name);
    ask(another, second);
    release(backend, first);
    AtomicInteger hints = new AtomicInteger();
    try (Watch watch = another.watch(second, hints::incrementAndGet)) {
      await().atMost(LIMIT).untilAsserted(() -> assertThat(hints).hasPositiveValue());
    }
  }

  @Test
  void waiterWhosePlaceIsTakenAwayIsWokenAndTakesAnother() throws Exception {
    LockName name = newName();
    ask(backend, newClaim(name));
    Waiter second = inLine(another, name);
    etcd.delete(newest(name));
    await().atMost(LIMIT).untilAsserted(() -> assertThat(second.hints()).hasPositiveValue());
    assertThat(ask(another, second.claim())).isInstanceOf(Attempt.Refused.class);
    assertThat(etcd.keys("lock_=" + name + "=")).hasSize(2);
  }

  @Test
  void placeThatWasTakenAwayUnnoticedIsNoAnswerAndThenTakenAgain() throws Exception {
    LockName name = newName();
    ask(backend, newClaim(name));
    Claim second = newClaim(name);
    ask(another, second);
    etcd.delete(newest(name));
    assertThatThrownBy(() -> ask(another, second))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(BackendException.class);
    assertThat(ask(another, second)).isInstanceOf(Attempt.Refused.class);
  }

  @Test
  void whoeverWasAheadAndIsBackBehindIsNotInTheWay() throws Exception {
    try (TestEtcd own = new TestEtcd(); // on which no waiter of another test looks
        EtcdBackend one = own.open();
        EtcdBackend other = own.open()) {
      LockName name = newName();
      Claim first = newClaim(name);
      long token = ((Attempt.Granted) ask(one, first)).firstToken();
      Waiter second = inLine(other, name);
      String key = TestEtcd.text(own.entries("lock_=" + name + "=").get(0));
      release(one, first);
      Claim back = newClaim(name);
      assertThat(ask(one, back)).isInstanceOf(Attempt.Refused.class);
      assertThat(own.keys(key)).as("the same key again").hasSize(1);
      await().atMost(LIMIT).untilAsserted(() -> assertThat(second.hints()).hasPositiveValue());
      long before = calls(own);
      Attempt.Granted granted = (Attempt.Granted) ask(other, second.claim());
      assertThat(calls(own) - before).isEqualTo(1);
      assertThat(granted.firstToken()).isGreaterThan(token);
      assertThat(answer(one.inspect(name)).holder())
          .hasValueSatisfying(holder -> assertThat(holder.token()).hasValue(granted.firstToken()));
      release(other, second.claim());
      release(one, back);
    }
  }

  @Test
  void askWithoutWaitingGivesUpThePlaceOfAnEarlierOne() throws Exception {
    LockName name = newName();
    ask(backend, newClaim(name));
    Claim second = newClaim(name);
    ask(another, second);
    assertThat(answer(another.ask(trying(second)))).isInstanceOf(Attempt.Refused.class);
    assertThat(etcd.keys("lock_=" + name + "=")).hasSize(1);
  }

  @Test
  void lineOfANameIsNoPartOfAnother() throws Exception {
    LockName name = newName();
    LockName below = new LockName(name + "/a");
    assertThat(ask(backend, newClaim(below))).isInstanceOf(Attempt.Granted.class);
    assertThat(ask(backend, newClaim(name))).isInstanceOf(Attempt.Granted.class);
    assertThat(etcd.keys("lock_=" + name + "=")).hasSize(1);
  }

  @Test
  void repeatedQuestionsAtOnceTakeOnePlace() throws Exception {
    LockName name = newName();
    Claim claim = newClaim(name);
    List<CompletionStage<Attempt>> asked = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      asked.add(backend.ask(waiting(claim)));
    }
    List<Long> tokens = new ArrayList<>();
    for (CompletionStage<Attempt> question : asked) {
      tokens.add(((Attempt.Granted) answer(question)).firstToken());
    }
    assertThat(tokens).containsOnly(tokens.get(0));
    assertThat(etcd.keys("lock_=" + name + "=")).hasSize(1);
  }

  @Test
  void inspectionTellsTheHolderAndTheNumberOfWaiters() throws Exception {
    LockName name = newName();
    Attempt.Granted held = (Attempt.Granted) ask(backend, newClaim(name));
    inLine(another, name);
    inLine(another, name);
    var seen = answer(another.inspect(name));
    assertThat(seen.waiting()).isEqualTo(OptionalInt.of(2));
    assertThat(seen.holder())
        .hasValueSatisfying(
            holder -> {
              assertThat(holder.token()).hasValue(held.firstToken());
              assertThat(holder.remaining())
                  .hasValueSatisfying(
                      left -> assertThat(left).isBetween(Duration.ZERO, TestEtcd.LEASE));
            });
  }
}
