package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.TestZookeeper.BASE;
import static io.holdfast.zookeeper.TestZookeeper.answer;
import static io.holdfast.zookeeper.TestZookeeper.asking;
import static io.holdfast.zookeeper.TestZookeeper.granted;
import static io.holdfast.zookeeper.TestZookeeper.newClaim;
import static io.holdfast.zookeeper.TestZookeeper.newName;
import static io.holdfast.zookeeper.TestZookeeper.waiting;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.LockName;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.testkit.RealTime;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ZookeeperTokensTest {

  private static final long FAR = 1_000_000_000_000L;
  private static final Duration HOUR = Duration.ofHours(1);

  private final TestZookeeper zookeeper = TestZookeeper.one();

  @AfterAll
  void stop() {
    zookeeper.close();
  }

  @BeforeEach
  void forget() throws Exception {
    try {
      zookeeper.plain().delete(BASE, -1);
    } catch (KeeperException.NoNodeException none) {
      assertThat(none.getPath()).isEqualTo(BASE);
    }
  }

  private static long clock() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
  }

  private long base() throws Exception {
    return Long.parseLong(new String(zookeeper.plain().getData(BASE, false, new Stat()), US_ASCII));
  }

  private void write(String text) throws Exception {
    zookeeper.plain().setData(BASE, text.getBytes(US_ASCII), -1);
  }

  @Test
  void whoWaitedGetsATokenOfTheBaseAtItsGrantAndNotAtItsCreation() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open()) {
      LockName name = newName();
      Claim first = Claim.on(name, "first");
      Claim second = Claim.on(name, "second");
      long before = granted(backend, first).firstToken();
      answer(backend.ask(waiting(second)));
      long raised = base() + FAR;
      write(Long.toString(raised));
      assertThat(granted(backend, first).firstToken()).as("the same grant").isEqualTo(before);
      answer(backend.release(first, 0, Duration.ZERO));
      assertThat(granted(backend, second).firstToken()).isGreaterThan(raised);
    }
  }

  @Test
  void theTokenIsNotTheSequence() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open()) {
      Claim claim = newClaim();
      long token = granted(backend, claim).firstToken();
      String node =
          TestZookeeper.folderOf(claim.name()) + "/" + zookeeper.nodes(claim.name()).get(0);
      Stat stat = zookeeper.plain().exists(node, false);
      assertThat(token).isEqualTo(base() + stat.getCzxid());
    }
  }

  @Test
  void connectingLiftsABaseThatIsBehindTheClockAndNeverLowersOne() throws Exception {
    zookeeper.open().close();
    write("5");
    try (ZookeeperBackend backend = zookeeper.open()) {
      long before = clock();
      assertThat(granted(backend, newClaim()).firstToken()).isGreaterThan(before);
    }
    long far = base() + FAR;
    write(Long.toString(far));
    try (ZookeeperBackend backend = zookeeper.open()) {
      assertThat(base()).isEqualTo(far);
      assertThat(granted(backend, newClaim()).firstToken()).isGreaterThan(far);
    }
  }

  @Test
  void aProcessThatStaysConnectedDoesNotFallBehindTheClock() throws Exception {
    RealTime time = new RealTime();
    try (ZookeeperBackend backend = zookeeper.open(zookeeper.url(), TestZookeeper.SESSION, time)) {
      time.pass(HOUR);
      long hence = clock() + 3_600_000_000L;
      long token = granted(backend, newClaim()).firstToken();
      assertThat(token).isBetween(hence, clock() + 3_660_000_000L);
      long lifted = base();
      granted(backend, newClaim());
      assertThat(base()).as("once in a second at most").isEqualTo(lifted);
    }
  }

  /** As after an hour in which nobody asked, but for one who lifted it at the beginning. */
  @Test
  void aBaseThatIsFurtherBehindTheClockThanThisProcessKnowsIsLiftedBeforeTheGrant()
      throws Exception {
    try (ZookeeperBackend backend = zookeeper.open()) {
      Claim claim = Claim.on(zookeeper.usedName(backend), "a test");
      write(Long.toString(base() - 3_600_000_000L));
      long before = clock();
      assertThat(granted(backend, claim).firstToken()).isGreaterThan(before);
    }
  }

  @Test
  void whoWaitsWhileTheClockGoesOnGetsATokenThatIsNotBehindIt() throws Exception {
    RealTime time = new RealTime();
    try (ZookeeperBackend backend = zookeeper.open(zookeeper.url(), TestZookeeper.SESSION, time);
        ZookeeperBackend other = zookeeper.open()) {
      Claim first = newClaim();
      Claim second = Claim.on(first.name(), "waits");
      long before = granted(other, first).firstToken();
      answer(backend.ask(waiting(second)));
      answer(other.release(first, 0, Duration.ZERO));
      write(Long.toString(base() + 1));
      time.pass(HOUR);
      long hence = clock() + 3_600_000_000L;
      long token = granted(backend, second).firstToken();
      assertThat(token).isGreaterThan(before).isGreaterThan(hence);
      answer(backend.release(second, token, Duration.ZERO));
      assertThat(granted(other, Claim.on(first.name(), "next")).firstToken())
          .as("of a process that knows nothing of that hour")
          .isGreaterThan(token);
    }
  }

  @Test
  void severalTokensAreBelowTheNextGrantOfTheNameAndAboveTheOneBefore() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open();
        ZookeeperBackend other = zookeeper.open()) {
      LockName name = newName();
      long last = 0;
      for (int span : List.of(32, 1, 2, 1, 1, 32, 32)) {
        ZookeeperBackend one = span == 2 ? other : backend;
        Claim claim = Claim.on(name, "asks for " + span);
        Attempt.Granted grant = (Attempt.Granted) answer(one.ask(asking(claim, span)));
        assertThat(grant.span()).isEqualTo(span);
        assertThat(grant.firstToken()).isGreaterThan(last);
        assertThat(answer(one.ask(asking(claim, 32))))
            .as("asked again")
            .usingRecursiveComparison()
            .ignoringFields("validFor")
            .isEqualTo(grant);
        last = grant.firstToken() + span - 1;
        answer(one.release(claim, last, Duration.ZERO));
      }
    }
  }

  @Test
  void whoLosesALiftAgainstAnotherGetsOneToken() throws Exception {
    zookeeper.liftBaseFarAhead(); // so that the first lift is the one for the tokens
    try (Wire wire = new Wire(zookeeper.server().getPort());
        ZookeeperBackend backend = zookeeper.open(wire.url(), TestZookeeper.SESSION)) {
      wire.before(OpCode.setData, this::raise);
      Attempt.Granted grant = (Attempt.Granted) answer(backend.ask(asking(newClaim(), 32)));
      assertThat(grant.span()).isEqualTo(1);
      assertThat(grant.firstToken()).as("of the base that was raised").isGreaterThan(base());
    }
  }

  private void raise() {
    try {
      write(Long.toString(base() + FAR));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void whoAsksAgainAfterAReleaseWithoutAnAnswerGetsAnotherToken() throws Exception {
    try (Wire wire = new Wire(zookeeper.server().getPort());
        ZookeeperBackend backend = zookeeper.open(wire.url(), TestZookeeper.SESSION);
        ZookeeperBackend other = zookeeper.open()) {
      Claim claim = newClaim();
      long first = granted(backend, claim).firstToken();
      wire.before(OpCode.delete, wire::loseAnswers);
      var unused = backend.release(claim, first, Duration.ZERO);
      await().until(() -> zookeeper.nodes(claim.name()).isEmpty());
      wire.cut();
      Claim between = Claim.on(claim.name(), "another");
      long token = granted(other, between).firstToken();
      answer(other.release(between, token, Duration.ZERO));
      long again =
          await()
              .ignoreExceptions() // until it is connected again
              .until(() -> granted(backend, claim).firstToken(), answered -> true);
      assertThat(again).isGreaterThan(token);
    }
  }

  /** The other has read the base before it was lifted for tokens that are none. */
  @Test
  void whoseNodeEndedBeforeTheLiftHasNoTokenOfIt() throws Exception {
    zookeeper.liftBaseFarAhead(); // so that the first lift is the one for the tokens
    try (Wire wire = new Wire(zookeeper.server().getPort());
        ZookeeperBackend backend = zookeeper.open(wire.url(), TestZookeeper.SESSION);
        ZookeeperBackend other = zookeeper.open()) {
      Claim claim = newClaim();
      AtomicReference<Attempt> others = new AtomicReference<>();
      wire.before(
          OpCode.setData,
          () -> {
            zookeeper.deleteNodes(claim.name());
            others.set(
                other.ask(asking(Claim.on(claim.name(), "another"))).toCompletableFuture().join());
          });
      assertThat(answer(backend.ask(asking(claim, 32)))).isInstanceOf(Attempt.Refused.class);
      assertThat(others.get()).isInstanceOf(Attempt.Granted.class);
    }
  }

  @Test
  void aBaseThatIsGoneIsMissedAndNotTakenForZero() throws Exception {
    try (ZookeeperBackend backend = zookeeper.open()) {
      zookeeper.plain().delete(BASE, -1);
      Claim claim = newClaim();
      assertThatThrownBy(() -> answer(backend.ask(asking(claim))))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(StoreRefusedException.class)
          .hasMessageContaining("is gone");
      answer(backend.release(claim, 0, Duration.ZERO));
      assertThat(zookeeper.nodes(claim.name())).isEmpty();
      long before = clock();
      zookeeper.open().close();
      assertThat(granted(backend, claim).firstToken()).isGreaterThan(before);
    }
  }

  @Test
  void aBaseThatIsNoNumberIsRefused() throws Exception {
    zookeeper.open().close();
    write("something else");
    assertThatThrownBy(zookeeper::open)
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining(BASE);
  }

  @Test
  void aBaseThatMakesTokensTooGreatIsRefused() throws Exception {
    zookeeper.open().close();
    write(Long.toString(1L << 53));
    try (ZookeeperBackend backend = zookeeper.open()) {
      assertThatThrownBy(() -> answer(backend.ask(asking(newClaim()))))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(StoreRefusedException.class);
    }
  }

  @Test
  void whoIsToldTheTokenIfTheBaseHasNotRisenSince() throws Exception {
    zookeeper.liftBaseFarAhead(); // or it rises with the clock
    try (ZookeeperBackend backend = zookeeper.open()) {
      Claim claim = newClaim();
      Attempt.Granted grant = granted(backend, claim);
      assertThat(answer(backend.inspect(claim.name())).holder())
          .hasValueSatisfying(holder -> assertThat(holder.token()).hasValue(grant.firstToken()));
      write(Long.toString(base() + 1));
      assertThat(answer(backend.inspect(claim.name())).holder())
          .hasValueSatisfying(holder -> assertThat(holder.token()).isEmpty());
    }
  }

  @Test
  void whoConnectsToLookDoesNotHideTheTokenOfALockThatIsHeldForLong() throws Exception {
    try (ZookeeperBackend holders = zookeeper.open()) {
      Claim claim = newClaim();
      Attempt.Granted grant = granted(holders, claim);
      await("whoever asks now would lift the base")
          .until(
              () ->
                  ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()) + 900_000
                      > grant.firstToken());
      try (ZookeeperBackend other = zookeeper.open()) {
        assertThat(answer(other.inspect(claim.name())).holder())
            .hasValueSatisfying(holder -> assertThat(holder.token()).hasValue(grant.firstToken()));
      }
    }
  }
}
