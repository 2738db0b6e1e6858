package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.answer;
import static io.holdfast.jdbc.TestDatabase.asking;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.BackendException;
import io.holdfast.Guarantees;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.testkit.RealTime;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.netcrusher.core.reactor.NioReactor;
import org.netcrusher.tcp.TcpCrusher;

/** What is particular to locks of sessions, on a real server. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class SessionTest {

  static final Duration LEASE = Duration.ofMinutes(2);
  static final Duration SHORT = Duration.ofSeconds(2);
  static final Duration LIMIT = TestDatabase.PATIENT;

  private final SessionServer server;
  private final int statementsOfAnAcquire;
  private Set<Thread> before = Set.of();
  private LockBackend backend;
  private LockBackend another;

  SessionTest(SessionServer server, int statementsOfAnAcquire) {
    this.server = server;
    this.statementsOfAnAcquire = statementsOfAnAcquire;
  }

  /** How many statements the server has heard from backends. */
  abstract long statements() throws Exception;

  /** Another server, to be harmed. */
  abstract SessionServer start();

  SessionServer server() {
    return server;
  }

  @BeforeEach
  void openTwice() {
    before = Thread.getAllStackTraces().keySet();
    backend = server.open(LEASE);
    another = server.open(LEASE);
    awaitSwept();
  }

  /** Its statement and its session would be counted, too. */
  private void awaitSwept() {
    await()
        .atMost(LIMIT)
        .until(() -> threads().stream().noneMatch(n -> n.getName().contains("sweep")));
  }

  @AfterEach
  void close() {
    backend.close();
    another.close();
  }

  @AfterAll
  void stop() {
    server.close();
  }

  static Attempt.Granted granted(LockBackend backend, Claim claim) throws Exception {
    return (Attempt.Granted) answer(backend.ask(asking(claim)));
  }

  static Claim sameName(Claim claim) {
    return Claim.on(claim.name(), "another");
  }

  static Renewal renew(LockBackend backend, Claim claim) throws Exception {
    return answer(backend.renew(claim, LEASE));
  }

  static Release release(LockBackend backend, Claim claim) throws Exception {
    return answer(backend.release(claim, 0, Duration.ZERO));
  }

  @Test
  void theSessionIsTheLeaseAndSaysSo() {
    Guarantees guarantees = backend.guarantees();
    assertThat(guarantees.sessionFor()).contains(LEASE);
    assertThat(guarantees.keeps()).isFalse();
    assertThat(guarantees.endsByItself()).isFalse();
  }

  @Test
  void oneSessionHasManyLocksAndLosesThemAllTogether() throws Exception {
    RealTime time = new RealTime();
    try (LockBackend one = server.open(LEASE, time)) {
      List<Claim> claims = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        claims.add(newClaim());
        granted(one, claims.get(i));
      }
      List<String> holders = server.holders(claims.get(0).name());
      for (Claim claim : claims) {
        assertThat(server.holders(claim.name())).isEqualTo(holders);
        assertThat(renew(one, claim)).isInstanceOf(Renewal.Renewed.class);
      }
      server.endHolder(claims.get(0).name());
      time.pass(LEASE.dividedBy(4)); // the last heartbeat is too old to be believed
      await().atMost(LIMIT).until(() -> renew(one, claims.get(0)) instanceof Renewal.Gone);
      for (Claim claim : claims) {
        assertThat(renew(one, claim)).isInstanceOf(Renewal.Gone.class);
        granted(another, sameName(claim));
      }
    }
  }

  /** Not every server says that it ended a session; where it just cuts, nobody knows at first. */
  @Test
  void releaseOfALockWhoseSessionWasEndedIsGone() throws Exception {
    Claim claim = newClaim();
    granted(backend, claim);
    server.endHolder(claim.name());
    try {
      assertThat(release(backend, claim)).isEqualTo(Release.GONE);
    } catch (ExecutionException unknown) {
      assertThat(unknown).hasCauseInstanceOf(BackendException.class);
    }
    assertThat(release(backend, claim)).isEqualTo(Release.GONE);
  }

  @Test
  void askAfterTheSessionWasEndedOpensAnother() throws Exception {
    Claim before = newClaim();
    granted(backend, before);
    server.endHolder(before.name());
    granted(backend, newClaim());
    assertThat(renew(backend, before)).isInstanceOf(Renewal.Gone.class);
  }

  @Test
  void costOfALockIsCounted() throws Exception {
    await("those of tests before this one").atMost(LIMIT).until(() -> server.sessions().isEmpty());
    Claim warm = newClaim();
    granted(backend, warm);
    release(backend, warm);
    List<Claim> claims = new ArrayList<>();
    long before = statements();
    for (int i = 0; i < 50; i++) {
      claims.add(newClaim());
      granted(backend, claims.get(i));
    }
    long acquired = statements();
    assertThat(acquired - before).isEqualTo(50L * statementsOfAnAcquire);
    List<CompletionStage<Renewal>> renewals = new ArrayList<>();
    claims.forEach(claim -> renewals.add(backend.renew(claim, LEASE)));
    for (CompletionStage<Renewal> renewal : renewals) {
      assertThat(answer(renewal)).isInstanceOf(Renewal.Renewed.class);
    }
    long renewed = statements();
    assertThat(renewed - acquired).as("one heartbeat for all").isBetween(1L, 2L);
    for (Claim claim : claims) {
      release(backend, claim);
    }
    assertThat(statements() - renewed).isEqualTo(50);
    assertThat(server.sessions()).hasSize(1);
  }

  @Test
  void rowsLockedByHandHoldUpNoRenewalAndNoReleaseAndLeaveNoLock() throws Exception {
    Claim held = newClaim();
    granted(backend, held);
    List<Claim> wanted = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      Claim before = newClaim();
      granted(backend, before);
      release(backend, before);
      wanted.add(sameName(before));
    }
    try (Connection plain = DriverManager.getConnection(server.database().url());
        Statement statement = plain.createStatement()) {
      statement.execute("begin");
      statement.execute("select name from holdfast_lock for update");
      List<CompletionStage<Attempt>> asked = new ArrayList<>();
      wanted.forEach(claim -> asked.add(backend.ask(asking(claim))));
      assertThat(renew(backend, held)).isInstanceOf(Renewal.Renewed.class);
      assertThat(release(backend, held)).isEqualTo(Release.RELEASED);
      assertThat(asked.get(19).toCompletableFuture()).as("asked before, still waits").isNotDone();
      assertThatThrownBy(() -> answer(asked.get(0)))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(BackendException.class);
      assertThat(server.holders(wanted.get(0).name())).as("no lock without a token").isEmpty();
    }
    granted(another, sameName(wanted.get(0)));
  }

  @Test
  void claimThatIsWithdrawnWhileItIsAskedForHoldsNothing() throws Exception {
    for (int i = 0; i < 100; i++) {
      Claim claim = newClaim();
      CompletionStage<Attempt> attempt = backend.ask(asking(claim));
      if (i % 2 == 0) {
        CompletableFuture.runAsync(
                () -> {}, CompletableFuture.delayedExecutor(i * 20L, TimeUnit.MICROSECONDS))
            .join();
      }
      release(backend, claim);
      try {
        answer(attempt);
      } catch (ExecutionException withdrawn) {
        assertThat(withdrawn).hasCauseInstanceOf(BackendException.class);
      }
      assertThat(renew(backend, claim)).isInstanceOf(Renewal.Gone.class);
      granted(another, sameName(claim));
    }
  }

  @Test
  void askRepeatedBeforeItsAnswerIsOneGrant() throws Exception {
    Claim claim = newClaim();
    List<CompletionStage<Attempt>> asked = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      asked.add(backend.ask(new Ask(claim, LEASE, false, 3, 0)));
    }
    Attempt.Granted first = (Attempt.Granted) answer(asked.get(0));
    for (CompletionStage<Attempt> repeated : asked) {
      Attempt.Granted grant = (Attempt.Granted) answer(repeated);
      assertThat(grant.firstToken()).isEqualTo(first.firstToken());
      assertThat(grant.span()).isEqualTo(3);
    }
    assertThat(release(backend, claim)).isEqualTo(Release.RELEASED);
    assertThat(server.holders(claim.name())).as("taken once, given back once").isEmpty();
  }

  @Test
  void nothingIsLeftAtRest() throws Exception {
    try (LockBackend resting = server.open(SHORT)) {
      unlessEndedInAStall(
          () -> {
            Claim claim = newClaim();
            granted(resting, claim);
            return release(resting, claim) == Release.RELEASED;
          });
      await().atMost(LIMIT).until(() -> server.sessions().isEmpty() && threads().isEmpty());
      unlessEndedInAStall(() -> granted(resting, newClaim()).span() == 1); // and it wakes
    }
    await().atMost(LIMIT).until(() -> server.sessions().isEmpty() && threads().isEmpty());
  }

  /** The server ends a session that a machine which stalls has left silent for too long. */
  private static void unlessEndedInAStall(Callable<Boolean> use) {
    await().atMost(LIMIT).ignoreExceptionsInstanceOf(ExecutionException.class).until(use);
  }

  /** Those of this test: a session in doubt may have kept its thread from the test before. */
  private Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("holdfast-") && !before.contains(thread))
        .collect(Collectors.toSet());
  }

  @Test
  void closeEndsTheSessionsOfHeldLocksToo() throws Exception {
    Claim claim = newClaim();
    granted(backend, claim);
    backend.close();
    await().atMost(LIMIT).until(() -> server.sessions().isEmpty());
    granted(another, sameName(claim));
  }

  @Tag("slow")
  @Test
  void restartOfTheServerLosesLocksAndNotTokens() throws Exception {
    try (SessionServer harmed = start();
        LockBackend surviving = harmed.open(LEASE)) {
      Claim claim = newClaim();
      long before = granted(surviving, claim).firstToken();
      harmed.restart();
      assertThat(renew(surviving, claim)).isInstanceOf(Renewal.Gone.class);
      assertThat(granted(surviving, sameName(claim)).firstToken()).isGreaterThan(before);
    }
  }

  @Tag("slow")
  @Test
  void connectionCutInMidRequestIsNoGrantAndLosesWhatTheSessionHad() throws Exception {
    try (NioReactor reactor = new NioReactor();
        TcpCrusher way = way(reactor);
        LockBackend cut = openThrough(way, LEASE)) {
      Claim held = newClaim();
      granted(cut, held);
      way.freeze();
      CompletionStage<Attempt> asked = cut.ask(asking(newClaim()));
      assertThatThrownBy(() -> asked.toCompletableFuture().get(200, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
      way.close();
      assertThatThrownBy(() -> answer(asked)).hasCauseInstanceOf(BackendException.class);
      assertThat(renew(cut, held)).isInstanceOf(Renewal.Gone.class);
      await().atMost(LIMIT).until(() -> server.holders(held.name()).isEmpty());
      way.open();
      granted(cut, newClaim());
    }
  }

  @Test
  void releaseCutInMidRequestIsNoAnswer() throws Exception {
    try (NioReactor reactor = new NioReactor();
        TcpCrusher way = way(reactor);
        LockBackend cut = openThrough(way, LEASE)) {
      Claim held = newClaim();
      granted(cut, held);
      way.freeze();
      CompletionStage<Release> released = cut.release(held, 0, Duration.ZERO);
      awaitPut();
      way.close();
      assertThatThrownBy(() -> answer(released)).hasCauseInstanceOf(BackendException.class);
      assertThat(release(cut, held)).isEqualTo(Release.GONE);
    }
  }

  @Tag("slow")
  @Test
  void halfOpenConnectionEndsWithTheLeaseOnBothSides() throws Exception {
    try (NioReactor reactor = new NioReactor();
        TcpCrusher way = way(reactor);
        LockBackend silenced = openThrough(way, SHORT, Duration.ofSeconds(5))) {
      Claim claim = newClaim();
      long since = System.nanoTime(); // before the server begins to count
      granted(silenced, claim);
      way.freeze();
      CompletionStage<Renewal> renewal = silenced.renew(claim, SHORT);
      await()
          .atMost(LIMIT)
          .pollInterval(Duration.ofMillis(10))
          .until(() -> answer(another.ask(asking(sameName(claim)))) instanceof Attempt.Granted);
      Duration took = Duration.ofNanos(System.nanoTime() - since);
      assertThat(took)
          .isBetween(
              SHORT.minusMillis(200), SHORT.plus(silenced.guarantees().granularity()).plus(LIMIT));
      assertThat(answer(renewal)).isInstanceOf(Renewal.Gone.class); // while it is still frozen
      way.unfreeze();
      unlessEndedInAStall(() -> granted(silenced, newClaim()).span() == 1);
    }
  }

  /** Until a session's thread waits for the server. */
  void awaitPut() {
    await()
        .atMost(LIMIT)
        .until(
            () ->
                threads().stream()
                    .flatMap(thread -> Stream.of(thread.getStackTrace()))
                    .anyMatch(at -> at.getMethodName().equals("executeQuery")));
  }

  private TcpCrusher way(NioReactor reactor) throws IOException {
    return TestDatabase.way(reactor, server.port());
  }

  private LockBackend openThrough(TcpCrusher way, Duration leaseFor) {
    return openThrough(way, leaseFor, TestDatabase.PATIENT);
  }

  private LockBackend openThrough(TcpCrusher way, Duration leaseFor, Duration requestTimeout) {
    String url = server.url().replace(":" + server.port(), ":" + way.getBindAddress().getPort());
    return server.open(url, server.database().context(TestDatabase.REAL, requestTimeout, leaseFor));
  }
}
