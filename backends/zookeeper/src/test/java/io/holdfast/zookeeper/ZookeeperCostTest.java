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
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.testkit.ManualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.apache.zookeeper.client.FourLetterWordMain;
import org.apache.zookeeper.common.X509Exception;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What goes over the wire, and what waits for what. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ZookeeperCostTest {

  private static final List<Integer> ENTER = List.of(OpCode.create2, OpCode.multiRead);
  private static final List<Integer> WAIT =
      List.of(OpCode.create2, OpCode.multiRead, OpCode.getData);
  private static final List<Integer> LOOK = List.of(OpCode.multiRead);
  private static final List<Integer> CONFIRMED_LOOK = List.of(OpCode.sync, OpCode.multiRead);
  private static final Duration SESSION = TestZookeeper.LONGEST;

  /** That a holder has seen; which one it is makes no difference. */
  private static final long TOKEN = 1;

  private final TestZookeeper zookeeper = TestZookeeper.one();
  private ManualTime time;
  private Wire wire;
  private ZookeeperBackend backend;

  /** The lift of the base with the clock, once in a second at most, is not counted here. */
  @BeforeAll
  void liftBase() throws Exception {
    zookeeper.liftBaseFarAhead();
  }

  @BeforeEach
  void open() throws Exception {
    wire = new Wire(zookeeper.server().getPort());
    time = new ManualTime();
    backend = zookeeper.open(wire.url(), SESSION, time);
  }

  @AfterEach
  void close() {
    backend.close();
    wire.close();
  }

  @AfterAll
  void stop() {
    zookeeper.close();
  }

  private LockName usedName() throws Exception {
    LockName name = zookeeper.usedName(backend);
    wire.questions();
    return name;
  }

  private String watches() {
    try {
      return FourLetterWordMain.send4LetterWord(
              "127.0.0.1",
              zookeeper.server().getPort(),
              "wchs",
              false,
              (int) TestZookeeper.PATIENT.toMillis())
          .strip();
    } catch (IOException | X509Exception.SSLContextException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void acquiringIsOneRoundTripAndReleasingAnother() throws Exception {
    Claim claim = Claim.on(usedName(), "a test");
    granted(backend, claim);
    assertThat(wire.questions()).isEqualTo(ENTER);
    answer(backend.release(claim, 0, Duration.ZERO));
    assertThat(wire.questions()).containsExactly(OpCode.delete);
  }

  @Test
  void severalTokensCostAnotherRoundTrip() throws Exception {
    Claim claim = Claim.on(usedName(), "a test");
    Attempt.Granted grant = (Attempt.Granted) answer(backend.ask(asking(claim, 16)));
    assertThat(grant.span()).isEqualTo(16);
    assertThat(wire.questions())
        .containsExactly(OpCode.create2, OpCode.multiRead, OpCode.setData, OpCode.multiRead);
  }

  @Test
  void noQuestionOfAnAcquisitionWaitsForAnAnswer() throws Exception {
    Claim claim = Claim.on(usedName(), "a test");
    wire.loseAnswers();
    CompletableFuture<Attempt> asked = backend.ask(asking(claim)).toCompletableFuture();
    await().until(() -> wire.questionsSoFar().containsAll(ENTER));
    assertThat(asked).isNotDone();
    assertThat(wire.questions()).isEqualTo(ENTER);
    wire.cut();
  }

  @Test
  void aNameThatWasNotInUseCostsItsFolder() throws Exception {
    wire.questions();
    granted(backend, newClaim());
    List<Integer> asked = wire.questions();
    assertThat(asked.subList(0, 2)).isEqualTo(ENTER);
    assertThat(asked.get(2)).isEqualTo(OpCode.createContainer);
    assertThat(asked.subList(3, 5)).isEqualTo(ENTER);
    assertThat(asked).hasSize(5);
  }

  /** Behind others; answers how often it is told to ask again. */
  private AtomicInteger waits(Claim claim) throws Exception {
    assertThat(answer(backend.ask(waiting(claim)))).isInstanceOf(Attempt.Refused.class);
    AtomicInteger hints = new AtomicInteger();
    var unused = backend.watch(claim, hints::incrementAndGet);
    await("the watch").until(() -> wire.questionsSoFar().contains(OpCode.getData));
    assertThat(wire.questions()).isEqualTo(WAIT);
    return hints;
  }

  @Test
  void theLineIsReadOnceAlsoWhileTheNameOfTheOwnNodeIsNotKnown() throws Exception {
    List<Integer> once = List.of(OpCode.getChildren, OpCode.getData, OpCode.getData);
    Claim claim = Claim.on(usedName(), "a test");
    granted(backend, claim);
    assertThat(wire.lastRead()).isEqualTo(once);
    granted(backend, claim);
    assertThat(wire.lastRead()).isEqualTo(once);
  }

  /** As often as that happens by chance to nodes that come and go at once; until it is seen. */
  @Test
  void whoIsFirstWhileOthersComeLooksAtItsOwnNodeOnceMore() throws Exception {
    LockName name = usedName();
    AtomicBoolean enough = new AtomicBoolean();
    CompletableFuture<Void> others = CompletableFuture.runAsync(() -> comeAndGo(name, enough));
    List<Integer> longer = List.of(OpCode.create2, OpCode.multiRead, OpCode.multiRead);
    try {
      await("a change between the creation and the look")
          .until(
              () -> {
                Claim claim = Claim.on(name, "a test");
                granted(backend, claim);
                List<Integer> asked = wire.questions();
                answer(backend.release(claim, TOKEN, Duration.ZERO));
                assertThat(wire.questions()).containsExactly(OpCode.delete);
                assertThat(asked).isIn(ENTER, longer);
                return asked.equals(longer);
              });
    } finally {
      enough.set(true);
    }
    others.get(TestZookeeper.PATIENT.toSeconds(), TimeUnit.SECONDS);
  }

  private void comeAndGo(LockName name, AtomicBoolean enough) {
    String node = TestZookeeper.folderOf(name) + "/comes-and-goes";
    try {
      while (!enough.get()) {
        zookeeper
            .plain()
            .create(node, new byte[0], ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
        zookeeper.plain().delete(node, -1);
      }
    } catch (KeeperException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aHandOverIsAnEventAndOneRoundTrip() throws Exception {
    LockName name = usedName();
    Claim first = Claim.on(name, "first");
    Claim second = Claim.on(name, "second");
    try (ZookeeperBackend other = zookeeper.open()) {
      granted(other, first);
      AtomicInteger hints = waits(second);
      answer(other.release(first, 0, Duration.ZERO));
      await().until(() -> hints.get() > 0);
      assertThat(wire.questions()).isEmpty();
      assertThat(answer(backend.ask(waiting(second)))).isInstanceOf(Attempt.Granted.class);
      assertThat(wire.questions()).isEqualTo(LOOK);
    }
  }

  @Test
  void whoWaitsForASecondHearsThatItsNodeWasDeletedByHand() throws Exception {
    LockName name = usedName();
    Claim second = Claim.on(name, "second");
    try (ZookeeperBackend other = zookeeper.open()) {
      granted(other, Claim.on(name, "first"));
      List<String> before = zookeeper.nodes(name);
      AtomicInteger hints = waits(second);
      time.pass(Duration.ofSeconds(1));
      await("the other watch").until(() -> wire.questionsSoFar().contains(OpCode.getData));
      assertThat(time.tasks()).isZero();
      List<String> own = new ArrayList<>(zookeeper.nodes(name));
      own.removeAll(before);
      zookeeper.plain().delete(TestZookeeper.folderOf(name) + "/" + own.get(0), -1);
      await().until(() -> hints.get() == 1);
      assertThat(wire.questions()).containsExactly(OpCode.getData);
    }
  }

  @Test
  void aLookReliesOnTheLeadersLastWordForATwentiethOfTheLocksTimeAndNoLonger() throws Exception {
    Claim claim = Claim.on(usedName(), "a test");
    Duration whole = validFor(claim);
    assertThat(whole).isPositive();
    Duration lately = whole.dividedBy(20).minusMillis(1);
    time.pass(lately);
    wire.questions();
    assertThat(validFor(claim)).isEqualTo(whole.minus(lately));
    assertThat(wire.questions()).isEqualTo(LOOK);
    time.pass(Duration.ofMillis(1));
    assertThat(validFor(claim)).isEqualTo(whole);
    assertThat(wire.questions()).isEqualTo(CONFIRMED_LOOK);
  }

  private Duration validFor(Claim claim) throws Exception {
    return ((Attempt.Granted) answer(backend.ask(waiting(claim)))).validFor();
  }

  @Test
  void anAskBehindADeletionWithoutAnAnswerAsksTheLeader() throws Exception {
    LockName name = usedName();
    Claim claim = Claim.on(name, "a test");
    try (ZookeeperBackend other = zookeeper.open()) {
      granted(other, Claim.on(name, "another"));
      wire.before(OpCode.delete, wire::loseAnswers);
      CompletableFuture<Attempt> refused = backend.ask(asking(claim)).toCompletableFuture();
      await().until(() -> wire.questionsSoFar().contains(OpCode.delete));
      wire.cut();
      assertThatThrownBy(() -> answer(refused)).hasCauseInstanceOf(BackendException.class);
      wire.questions();
      await()
          .ignoreExceptions() // until it is connected again
          .until(() -> answer(backend.ask(waiting(claim))) instanceof Attempt.Refused);
      assertThat(wire.questions()).contains(OpCode.sync);
    }
  }

  @Test
  void manyLocksHaveOneHeartbeatAndALookForEachNode() throws Exception {
    List<Claim> claims = newGrants(20);
    for (Claim claim : claims) {
      assertThat(answer(backend.renew(claim, TestZookeeper.LONGEST)))
          .isInstanceOf(Renewal.Renewed.class);
    }
    List<Integer> asked = wire.questions();
    assertThat(asked).filteredOn(operation -> operation == OpCode.sync).hasSize(1);
    assertThat(asked).filteredOn(operation -> operation == OpCode.exists).hasSize(20);
    assertThat(asked).hasSize(21);
  }

  private List<Claim> newGrants(int number) throws Exception {
    List<Claim> claims = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      claims.add(newClaim());
      granted(backend, claims.get(i));
    }
    wire.questions();
    return claims;
  }

  /** As a holder does. */
  private CompletableFuture<Release> release(Claim claim) {
    return backend.release(claim, TOKEN, Duration.ZERO).toCompletableFuture();
  }

  /** Releases all, and the server hears the first only behind what is done meanwhile. */
  private List<CompletableFuture<Release>> release(List<Claim> claims, Meanwhile meanwhile)
      throws Exception {
    CountDownLatch isDone = new CountDownLatch(1);
    wire.before(OpCode.delete, () -> awaitEnd(isDone));
    List<CompletableFuture<Release>> released = new ArrayList<>();
    try {
      for (Claim claim : claims) {
        released.add(release(claim));
      }
      meanwhile.run();
    } finally {
      isDone.countDown();
    }
    return released;
  }

  private interface Meanwhile {
    void run() throws Exception;
  }

  private static void awaitEnd(CountDownLatch latch) {
    try {
      assertThat(latch.await(TestZookeeper.PATIENT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private boolean isNodeOf(Claim claim) {
    return !zookeeper.nodes(claim.name()).isEmpty();
  }

  @Test
  void releasesThatComeWhileOneIsUnderWayGoTogetherAHundredAtATime() throws Exception {
    List<Claim> claims = newGrants(102);
    for (CompletableFuture<Release> each : release(claims, () -> {})) {
      assertThat(answer(each)).isEqualTo(Release.RELEASED);
    }
    assertThat(wire.questions()).containsExactly(OpCode.delete, OpCode.multi, OpCode.delete);
    assertThat(claims).noneMatch(this::isNodeOf);
  }

  @Test
  void whoGivesUpItsPlaceIsNotKeptWaitingByReleases() throws Exception {
    List<Claim> claims = newGrants(3);
    Claim waiter = Claim.on(claims.get(0).name(), "a waiter");
    answer(backend.ask(waiting(waiter)));
    wire.questions();
    List<CompletableFuture<Release>> left = new ArrayList<>();
    for (CompletableFuture<Release> each :
        release(
            claims,
            () -> left.add(backend.release(waiter, 0, Duration.ZERO).toCompletableFuture()))) {
      assertThat(answer(each)).isEqualTo(Release.RELEASED);
    }
    assertThat(answer(left.get(0))).isEqualTo(Release.GONE);
    assertThat(wire.questions()).containsExactly(OpCode.delete, OpCode.delete, OpCode.multi);
  }

  @Test
  void oneOfSeveralReleasesThatWasDeletedByHandIsGoneAndTheOthersAreDone() throws Exception {
    List<Claim> claims = newGrants(5);
    List<CompletableFuture<Release>> released =
        release(claims, () -> zookeeper.deleteNodes(claims.get(2).name()));
    for (int i = 0; i < 5; i++) {
      assertThat(answer(released.get(i))).isEqualTo(i == 2 ? Release.GONE : Release.RELEASED);
    }
    List<Integer> oneByOne = Collections.nCopies(4, OpCode.delete);
    List<Integer> asked = wire.questions();
    assertThat(asked.subList(0, 2)).containsExactly(OpCode.delete, OpCode.multi);
    assertThat(asked.subList(2, asked.size())).isEqualTo(oneByOne);
    assertThat(claims).noneMatch(this::isNodeOf);
  }

  @Test
  void severalReleasesWithoutAnAnswerMayBePutAgain() throws Exception {
    List<Claim> claims = newGrants(5);
    wire.before(OpCode.multi, wire::loseAnswers);
    List<CompletableFuture<Release>> released = release(claims, () -> {});
    await().until(() -> claims.stream().noneMatch(this::isNodeOf));
    wire.cut();
    assertThat(answer(released.get(0))).isEqualTo(Release.RELEASED);
    for (int i = 1; i < 5; i++) {
      assertLost(released.get(i));
      assertThat(releasedAgain(claims.get(i))).isEqualTo(Release.GONE);
    }
  }

  @Test
  void severalReleasesThatTheServerHasNotHeardAreDoneWhenPutAgain() throws Exception {
    List<Claim> claims = newGrants(5);
    wire.before(OpCode.multi, wire::loseQuestions);
    List<CompletableFuture<Release>> released = release(claims, () -> {});
    await().until(() -> wire.questionsSoFar().contains(OpCode.multi));
    wire.cut();
    assertThat(answer(released.get(0))).isEqualTo(Release.RELEASED);
    for (int i = 1; i < 5; i++) {
      assertLost(released.get(i));
      assertThat(releasedAgain(claims.get(i))).isEqualTo(Release.RELEASED);
    }
    assertThat(claims).noneMatch(this::isNodeOf);
  }

  private static void assertLost(CompletableFuture<Release> answer) {
    assertThatThrownBy(() -> answer(answer))
        .hasCauseInstanceOf(BackendException.class)
        .hasMessageContaining("ended before an answer came");
  }

  private Release releasedAgain(Claim claim) {
    return await()
        .ignoreExceptions() // until it is connected again
        .until(() -> answer(release(claim)), answered -> true);
  }

  @Test
  void aReleaseWakesOneOfFiveHundred() throws Exception {
    LockName name = newName();
    Claim holder = Claim.on(name, "holder");
    granted(backend, holder);
    AtomicInteger hints = new AtomicInteger();
    List<Claim> waiters = new ArrayList<>();
    List<CompletableFuture<Attempt>> asked = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      Claim waiter = Claim.on(name, "waiter " + i);
      waiters.add(waiter);
      asked.add(backend.ask(waiting(waiter)).toCompletableFuture());
    }
    for (int i = 0; i < 500; i++) {
      assertThat(((Attempt.Refused) answer(asked.get(i))).position()).hasValue(i + 1);
      var unused = backend.watch(waiters.get(i), hints::incrementAndGet);
    }
    Claim before = holder;
    for (int i = 0; i < 10; i++) {
      assertThat(answer(backend.release(before, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
      before = waiters.get(i);
      int expected = i + 1;
      await().until(() -> hints.get() >= expected);
      assertThat(answer(backend.ask(waiting(before)))).isInstanceOf(Attempt.Granted.class);
      assertThat(hints).hasValue(expected);
    }
  }

  @Test
  void whoWaitsAsksOnceHoweverLong() throws Exception {
    LocksConfig config = TestZookeeper.config(TestZookeeper.LONGEST);
    LockName name = usedName();
    granted(backend, Claim.on(name, "holder"));
    try (Wire other = new Wire(zookeeper.server().getPort());
        Locks locks = Locks.connect(other.url(), config)) {
      other.questions();
      List<Integer> once =
          List.of(OpCode.create2, OpCode.multiRead, OpCode.getData, OpCode.getData);
      long begin = System.nanoTime();
      CompletableFuture<Lease> waits = locks.acquireAsync(name.value());
      await("both watches").until(() -> other.questionsSoFar().size() >= once.size());
      await("nothing").pollDelay(Duration.ofSeconds(3)).until(() -> !waits.isDone());
      List<Integer> asked = other.questions();
      boolean isSoon = System.nanoTime() - begin < Duration.ofSeconds(15).toNanos();
      assertThat(isSoon ? asked : asked.subList(0, once.size())) // after that it asks all the same
          .isEqualTo(once);
      assertThat(waits.cancel(false)).isTrue();
      await("the withdrawal").until(() -> other.questionsSoFar().contains(OpCode.delete));
    }
  }

  @Test
  void whoWaitedLeavesOneWatchAtMostAndThatEndsWithItsNode() throws Exception {
    LockName name = usedName();
    Claim holder = Claim.on(name, "holder");
    try (ZookeeperBackend other = zookeeper.open()) {
      granted(other, holder);
      for (int i = 0; i < 5; i++) {
        Claim waiter = Claim.on(name, "waiter " + i);
        answer(backend.ask(waiting(waiter)));
        backend.watch(waiter, () -> {}).close();
        answer(backend.release(waiter, 0, Duration.ZERO));
      }
      await().until(() -> watches().endsWith("Total watches:1"));
      answer(other.release(holder, 0, Duration.ZERO));
      await().until(() -> watches().endsWith("Total watches:0"));
    }
  }
}
