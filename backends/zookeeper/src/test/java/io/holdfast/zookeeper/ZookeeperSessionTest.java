package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.TestZookeeper.answer;
import static io.holdfast.zookeeper.TestZookeeper.asking;
import static io.holdfast.zookeeper.TestZookeeper.granted;
import static io.holdfast.zookeeper.TestZookeeper.newClaim;
import static io.holdfast.zookeeper.TestZookeeper.newName;
import static io.holdfast.zookeeper.TestZookeeper.waiting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.BackendException;
import io.holdfast.Lease;
import io.holdfast.LockName;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Connections that break, sessions that end, servers that go away. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ZookeeperSessionTest {

  /** Its end is waited for; but it has to outlive a pause of this JVM and its server. */
  private static final Duration SHORT = Duration.ofSeconds(20);

  private final TestZookeeper zookeeper = TestZookeeper.one();
  private Wire wire;

  @BeforeEach
  void open() throws Exception {
    wire = new Wire(zookeeper.server().getPort());
  }

  @AfterEach
  void close() {
    wire.close();
  }

  @AfterAll
  void stop() {
    zookeeper.close();
  }

  private void expireSessionOf(Claim claim) {
    wire.shut();
    await().until(() -> zookeeper.nodes(claim.name()).isEmpty());
  }

  @Test
  @Tag("slow")
  void endOfASessionIsToldAndTheNextTokenIsGreater() throws Exception {
    try (Locks locks = Locks.connect(wire.url(), TestZookeeper.config(SHORT));
        Locks others =
            Locks.connect(zookeeper.url(), TestZookeeper.config(TestZookeeper.SESSION))) {
      Lease lease = locks.acquire("expires");
      CompletableFuture<Boolean> told = new CompletableFuture<>();
      lease.onLost(() -> told.complete(true));
      wire.shut();
      try (Lease next = others.acquire("expires")) {
        assertThat(lease.isHeld()).isFalse();
        assertThat(told.get(60, TimeUnit.SECONDS)).isTrue();
        assertThat(next.token()).isGreaterThan(lease.token());
      }
      wire.open();
      try (Lease again = locks.acquire("expires")) {
        assertThat(again.isHeld()).isTrue();
      }
    }
  }

  @Test
  @Tag("slow")
  void claimOfAnEndedSessionIsGoneWithoutAQuestion() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open(wire.url(), SHORT)) {
      Claim claim = newClaim();
      Claim another = newClaim();
      Claim waiter = Claim.on(claim.name(), "waits");
      granted(backend, claim);
      granted(backend, another);
      answer(backend.ask(waiting(waiter)));
      AtomicInteger hints = new AtomicInteger();
      var unused = backend.watch(waiter, hints::incrementAndGet);
      expireSessionOf(claim);
      wire.open();
      await()
          .ignoreExceptions()
          .until(() -> answer(backend.renew(claim, SHORT)) instanceof Renewal.Gone);
      await("whoever waits asks anew").until(() -> hints.get() > 0);
      wire.questions();
      assertThat(answer(backend.renew(another, SHORT))).isInstanceOf(Renewal.Gone.class);
      assertThat(answer(backend.release(another, 0, Duration.ZERO))).isEqualTo(Release.GONE);
      assertThat(wire.questions()).isEmpty();
      assertThat(answer(backend.ask(waiting(waiter)))).isInstanceOf(Attempt.Granted.class);
    }
  }

  @Test
  void brokenConnectionIsNotTheEndOfTheSession() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open(wire.url(), TestZookeeper.SESSION)) {
      Claim claim = newClaim();
      long token = granted(backend, claim).firstToken();
      wire.cut();
      await()
          .ignoreExceptions()
          .until(
              () -> answer(backend.renew(claim, TestZookeeper.SESSION)) instanceof Renewal.Renewed);
      assertThat(granted(backend, claim).firstToken()).isEqualTo(token);
      assertThat(answer(backend.release(claim, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
    }
  }

  /** An ask whose node is created, and whose answer is lost with the connection. */
  private void askAndLoseTheAnswer(ZookeeperBackend backend, Claim claim) {
    wire.questions();
    wire.loseAnswers();
    CompletableFuture<Attempt> asked = backend.ask(waiting(claim)).toCompletableFuture();
    await().until(() -> zookeeper.nodes(claim.name()).size() == 1);
    wire.cut();
    assertThatThrownBy(() -> answer(asked))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(BackendException.class);
  }

  private Claim claimOfUsedName(ZookeeperBackend backend) throws Exception {
    return Claim.on(zookeeper.usedName(backend), "a test");
  }

  @Test
  void creationWhoseAnswerWasLostIsFoundAndNotRepeated() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open(wire.url(), TestZookeeper.SESSION)) {
      Claim claim = claimOfUsedName(backend);
      askAndLoseTheAnswer(backend, claim);
      String node = zookeeper.nodes(claim.name()).get(0);
      await()
          .ignoreExceptions()
          .until(() -> answer(backend.ask(waiting(claim))) instanceof Attempt.Granted);
      assertThat(zookeeper.nodes(claim.name())).containsExactly(node);
      assertThat(answer(backend.release(claim, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
      assertThat(zookeeper.nodes(claim.name())).isEmpty();
    }
  }

  @Test
  void withdrawalFindsTheNodeOfACreationWhoseAnswerWasLost() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open(wire.url(), TestZookeeper.SESSION)) {
      Claim claim = claimOfUsedName(backend);
      askAndLoseTheAnswer(backend, claim);
      await()
          .ignoreExceptions()
          .until(() -> answer(backend.release(claim, 0, Duration.ZERO)) == Release.GONE);
      assertThat(zookeeper.nodes(claim.name())).isEmpty();
    }
  }

  @Test
  void creationThatNeverArrivedIsRepeated() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open(wire.url(), TestZookeeper.SESSION)) {
      Claim claim = claimOfUsedName(backend);
      wire.questions();
      wire.loseQuestions();
      CompletableFuture<Attempt> asked = backend.ask(asking(claim)).toCompletableFuture();
      await().until(() -> wire.questionsSoFar().contains(OpCode.create2));
      wire.cut();
      assertThatThrownBy(() -> answer(asked)).hasCauseInstanceOf(BackendException.class);
      await()
          .ignoreExceptions()
          .until(() -> answer(backend.ask(asking(claim))) instanceof Attempt.Granted);
      assertThat(zookeeper.nodes(claim.name())).hasSize(1);
    }
  }

  @Test
  void withdrawalWaitsForTheCreationThatItWithdraws() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open(wire.url(), TestZookeeper.SESSION)) {
      Claim claim = claimOfUsedName(backend);
      CompletableFuture<Attempt> asked = backend.ask(waiting(claim)).toCompletableFuture();
      answer(backend.release(claim, 0, Duration.ZERO));
      answer(asked);
      assertThat(zookeeper.nodes(claim.name())).isEmpty();
    }
  }

  /** As a server that lags shows it (CURATOR-604). */
  @Test
  void nodeOfTheSameClaimAndAnotherSessionIsSomebodyElses() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open()) {
      Claim claim = claimOfUsedName(backend);
      String prefix = Line.prefixOf(claim, zookeeper.plain().getSessionId());
      String ofAnother =
          zookeeper
              .plain()
              .create(
                  TestZookeeper.folderOf(claim.name()) + "/" + prefix,
                  new byte[0],
                  ZooDefs.Ids.OPEN_ACL_UNSAFE,
                  CreateMode.EPHEMERAL_SEQUENTIAL);
      assertThat(answer(backend.ask(waiting(claim)))).isInstanceOf(Attempt.Refused.class);
      zookeeper.plain().delete(ofAnother, -1);
      assertThat(answer(backend.ask(waiting(claim)))).isInstanceOf(Attempt.Granted.class);
    }
  }

  /** The second ask comes while the first is under way, which leaves when it is refused. */
  @Test
  void withdrawalKnowsOfEveryAskThatWasSentBeforeIt() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open()) {
      Claim holder = newClaim();
      granted(backend, holder);
      Claim claim = Claim.on(holder.name(), "asks twice");
      CompletableFuture<Attempt> first = backend.ask(asking(claim)).toCompletableFuture();
      CompletableFuture<Attempt> second = backend.ask(waiting(claim)).toCompletableFuture();
      assertThat(answer(first)).isInstanceOf(Attempt.Refused.class);
      assertThat(answer(second)).isInstanceOf(Attempt.Refused.class);
      assertThat(zookeeper.nodes(holder.name())).hasSize(2);
      assertThat(answer(backend.release(claim, 0, Duration.ZERO))).isEqualTo(Release.GONE);
      assertThat(zookeeper.nodes(holder.name())).hasSize(1);
      assertThat(backend.claims()).isEqualTo(1);
    }
  }

  @Test
  @Tag("slow")
  void whatIsWithdrawnWhileASessionOpensIsForgotten() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open(wire.url(), SHORT)) {
      Claim held = newClaim();
      granted(backend, held);
      expireSessionOf(held);
      wire.open();
      await()
          .ignoreExceptions()
          .until(() -> answer(backend.release(held, 0, Duration.ZERO)) == Release.GONE);
      wire.shut();
      Claim claim = newClaim();
      CompletableFuture<Attempt> first = backend.ask(asking(claim)).toCompletableFuture();
      CompletableFuture<Attempt> again = backend.ask(asking(claim)).toCompletableFuture();
      assertThatThrownBy(() -> answer(first)).hasCauseInstanceOf(BackendException.class);
      assertThat(again).isNotDone();
      assertThat(answer(backend.release(claim, 0, Duration.ZERO))).isEqualTo(Release.GONE);
      assertThatThrownBy(() -> answer(again)).hasCauseInstanceOf(BackendException.class);
      assertThat(backend.claims()).isZero();
      CompletableFuture<Attempt> kept = backend.ask(asking(newClaim())).toCompletableFuture();
      wire.open();
      assertThat(answer(kept)).isInstanceOf(Attempt.Granted.class);
    }
  }

  @Test
  void nodeThatIsDeletedByHandWakesItsWaiter() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open()) {
      LockName name = newName();
      Claim holder = Claim.on(name, "holder");
      Claim waiter = Claim.on(name, "waiter");
      granted(backend, holder);
      String holders = zookeeper.nodes(name).get(0);
      answer(backend.ask(waiting(waiter)));
      AtomicInteger hints = new AtomicInteger();
      var unused = backend.watch(waiter, hints::incrementAndGet);
      String own =
          zookeeper.nodes(name).stream().filter(node -> !node.equals(holders)).findAny().get();
      zookeeper.plain().delete(TestZookeeper.folderOf(name) + "/" + own, -1);
      await().until(() -> hints.get() > 0);
      assertThat(answer(backend.ask(waiting(waiter)))).isInstanceOf(Attempt.Refused.class);
      assertThat(zookeeper.nodes(name)).hasSize(2).contains(holders);
    }
  }

  @Test
  void waitersAreGrantedInTheOrderInWhichTheyCame() throws Exception {
    try (ZookeeperBackend one = zookeeper.open();
        ZookeeperBackend other = zookeeper.open()) {
      LockName name = newName();
      Claim before = Claim.on(name, "0");
      granted(one, before);
      Claim[] waiters = new Claim[5];
      for (int i = 0; i < waiters.length; i++) {
        waiters[i] = Claim.on(name, "waiter " + i);
        answer((i % 2 == 0 ? one : other).ask(waiting(waiters[i])));
      }
      answer(one.release(before, 0, Duration.ZERO));
      for (int i = 0; i < waiters.length; i++) {
        ZookeeperBackend backend = i % 2 == 0 ? one : other;
        for (int j = i + 1; j < waiters.length; j++) {
          ZookeeperBackend behind = j % 2 == 0 ? one : other;
          assertThat(((Attempt.Refused) answer(behind.ask(waiting(waiters[j])))).position())
              .hasValue(j - i);
        }
        assertThat(answer(backend.ask(waiting(waiters[i])))).isInstanceOf(Attempt.Granted.class);
        answer(backend.release(waiters[i], 0, Duration.ZERO));
      }
    }
  }

  @Test
  void anotherLengthOfTheSessionThanWasAskedForIsRefused() {
    Duration tooLong = TestZookeeper.LONGEST.plusSeconds(1);
    assertThatThrownBy(() -> zookeeper.open(zookeeper.url(), tooLong))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining(TestZookeeper.LONGEST.toString())
        .hasMessageContaining("maxSessionTimeout");
    try (TestZookeeper slow = TestZookeeper.one(Map.of("minSessionTimeout", "40000"))) {
      assertThatThrownBy(() -> slow.open(slow.url(), Duration.ofSeconds(30)))
          .isInstanceOf(StoreRefusedException.class)
          .hasMessageContaining("PT40S")
          .hasMessageContaining("minSessionTimeout");
    }
    String longTicks = zookeeper.url().replace("tickTime=200", "tickTime=20000");
    assertThatThrownBy(() -> zookeeper.open(longTicks, Duration.ofSeconds(30)))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("ticks of PT20S");
  }

  @Test
  void aServerThatIsNotThereIsNoAnswer() {
    wire.shut();
    assertThatThrownBy(
            () ->
                ZookeeperBackend.connect(
                    ZookeeperUrl.parse(wire.url()),
                    new io.holdfast.spi.StoreContext(
                        TestZookeeper.REAL,
                        Duration.ofMillis(500),
                        TestZookeeper.SESSION,
                        warning -> {})))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("No answer from ZooKeeper at 127.0.0.1");
  }

  @Test
  @Tag("slow")
  void restartOfTheServerKeepsTheLock() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open();
        ZookeeperBackend other = zookeeper.open()) {
      Claim claim = newClaim();
      long token = granted(backend, claim).firstToken();
      zookeeper.server().restart();
      await()
          .ignoreExceptions()
          .until(
              () -> answer(backend.renew(claim, TestZookeeper.SESSION)) instanceof Renewal.Renewed);
      Claim next = Claim.on(claim.name(), "next");
      await()
          .ignoreExceptions()
          .untilAsserted(
              () ->
                  assertThat(answer(other.ask(asking(next)))).isInstanceOf(Attempt.Refused.class));
      assertThat(answer(backend.release(claim, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
      assertThat(granted(other, next).firstToken()).isGreaterThan(token);
    }
  }

  @Test
  void closedLocksLeaveNoNodeAndNoThread() throws Exception {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    Set<Thread> ours;
    LocksConfig config = TestZookeeper.config(TestZookeeper.SESSION);
    try (Locks locks = Locks.connect(zookeeper.url(), config)) {
      assertThat(locks.acquire("left").isHeld()).isTrue();
      ours =
          Thread.getAllStackTraces().keySet().stream()
              .filter(thread -> !before.contains(thread))
              .filter(thread -> thread.getName().matches(".*(-SendThread|-EventThread|holdfast).*"))
              .collect(Collectors.toSet());
      assertThat(ours).hasSizeGreaterThan(2);
    }
    // Closing waits for two seconds only. The session would live for a minute more.
    await()
        .atMost(TestZookeeper.SESSION.dividedBy(2))
        .until(() -> zookeeper.nodes(new LockName("left")).isEmpty());
    await().until(() -> ours.stream().noneMatch(Thread::isAlive));
  }
}
