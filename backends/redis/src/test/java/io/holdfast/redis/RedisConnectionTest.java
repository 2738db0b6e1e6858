package io.holdfast.redis;

import static io.holdfast.redis.TestRedis.LONG;
import static io.holdfast.redis.TestRedis.PATIENT;
import static io.holdfast.redis.TestRedis.answer;
import static io.holdfast.redis.TestRedis.asking;
import static io.holdfast.redis.TestRedis.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.BackendException;
import io.holdfast.Lease;
import io.holdfast.LockEvent;
import io.holdfast.LockListener;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.engine.LockEngine;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.StoreContext;
import io.holdfast.testkit.ManualTime;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandType;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of questions when connections break, fall silent and come back. */
class RedisConnectionTest {

  private final TestRedis redis = new TestRedis().start();
  private final Tunnel tunnel;
  private final Claim claim = newClaim();

  RedisConnectionTest() throws IOException {
    tunnel = Tunnel.to(redis.server().port());
  }

  @BeforeEach
  void serverKnowsTheScripts() {
    for (Script script : Script.values()) {
      redis.plain().scriptLoad(script.text());
    }
  }

  @AfterEach
  void stop() throws IOException {
    tunnel.close();
    redis.close();
  }

  private RedisBackend through(Tunnel way, Duration requestTimeout) {
    return redis.open(way.url(), requestTimeout);
  }

  private String key() {
    return "lock_" + claim.name();
  }

  private boolean isHeld() {
    return redis.plain().exists(key()) == 1;
  }

  private CompletionStage<Release> withdraw(RedisBackend backend) {
    return backend.release(claim, 0, Duration.ZERO);
  }

  private static void awaitFailure(CompletionStage<?> question) {
    assertThatThrownBy(() -> answer(question))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(BackendException.class);
  }

  @Test
  void askThatLostItsAnswerIsNotSentAgain() throws Exception {
    RedisBackend backend = through(tunnel, PATIENT);
    try (Monitor monitor = Monitor.of(redis)) {
      tunnel.passages().forEach(Tunnel.Passage::holdAnswers);
      CompletionStage<Attempt> asked = backend.ask(asking(claim));
      await().until(this::isHeld);
      tunnel.passages().forEach(Tunnel.Passage::cut);

      awaitFailure(asked);
      assertThat(answer(backend.inspect(claim.name())).holder()).isPresent();
      await().ignoreExceptions().untilAsserted(() -> answer(backend.renew(claim, LONG)));
      assertThat(monitor.sent(claim.id())).filteredOn(line -> line.contains("a test")).hasSize(1);
    }
  }

  @Test
  void askThatNeverArrivedIsNotSentAgain() throws Exception {
    RedisBackend backend = through(tunnel, PATIENT);
    tunnel.passages().forEach(Tunnel.Passage::holdQuestions);
    CompletionStage<Attempt> asked = backend.ask(asking(claim));
    tunnel.passages().forEach(Tunnel.Passage::cut);

    awaitFailure(asked);
    assertThat(answer(backend.inspect(claim.name())).holder()).isEmpty();
    await().ignoreExceptions().untilAsserted(() -> answer(backend.renew(claim, LONG)));
    assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Gone.class);
  }

  @Test
  void connectionsNeverReconnectNorTimeOut() {
    ClientOptions options = RedisBackend.options(PATIENT);
    assertThat(options.isAutoReconnect()).isFalse();
    assertThat(options.isRejectCommandsWhileDisconnected()).isTrue();
    assertThat(options.getTimeoutOptions().isTimeoutCommands()).isFalse();
    assertThat(options.getSocketOptions().isKeepAlive()).isTrue();
  }

  @Test
  void withdrawalStaysBehindItsAsk() throws Exception {
    RedisBackend backend = through(tunnel, PATIENT);
    Tunnel.Passage way = tunnel.passageOf(() -> backend.inspect(claim.name()));
    way.holdQuestions();
    CompletionStage<Attempt> asked = backend.ask(asking(claim));
    CompletionStage<Release> withdrawn = withdraw(backend);
    answer(backend.renew(newClaim(), LONG)); // what went the other way has arrived
    way.speakAgain();

    assertThat(answer(asked)).isInstanceOf(Attempt.Granted.class);
    assertThat(answer(withdrawn)).isEqualTo(Release.RELEASED);
    assertThat(isHeld()).isFalse();
  }

  @Test
  void withdrawalStaysBehindTheLastOfRepeatedAsks() throws Exception {
    RedisBackend backend = through(tunnel, PATIENT);
    Tunnel.Passage way = tunnel.passageOf(() -> backend.inspect(claim.name()));
    way.holdAnswers();
    CompletionStage<Attempt> first = backend.ask(asking(claim));
    await().until(this::isHeld);
    way.holdQuestions();
    way.speakAnswers();
    CompletionStage<Attempt> again = backend.ask(asking(claim));
    answer(first);
    CompletionStage<Release> withdrawn = withdraw(backend);
    answer(backend.renew(newClaim(), LONG));
    way.speakAgain();

    assertThat(answer(again)).isInstanceOf(Attempt.Granted.class);
    assertThat(answer(withdrawn)).isEqualTo(Release.RELEASED);
    assertThat(isHeld()).isFalse();
  }

  @Test
  void withdrawalGoesAnotherWayIfThatOfItsAskIsCut() throws Exception {
    RedisBackend backend = through(tunnel, PATIENT);
    Tunnel.Passage way = tunnel.passageOf(() -> backend.inspect(claim.name()));
    way.holdAnswers();
    CompletionStage<Attempt> asked = backend.ask(asking(claim));
    await().until(this::isHeld);
    way.cut();

    awaitFailure(asked);
    assertThat(answer(withdraw(backend))).isEqualTo(Release.RELEASED);
    assertThat(isHeld()).isFalse();
  }

  @Test
  void repeatedWithdrawalGoesAnotherWayThanTheFirst() throws Exception {
    RedisBackend backend = through(tunnel, PATIENT);
    Tunnel.Passage way = tunnel.passageOf(() -> backend.inspect(claim.name()));
    way.holdAnswers();
    CompletionStage<Attempt> asked = backend.ask(asking(claim));
    await().until(this::isHeld);
    way.holdQuestions();
    CompletionStage<Release> first = withdraw(backend);

    assertThat(answer(withdraw(backend))).isEqualTo(Release.RELEASED);
    way.speakAgain();
    assertThat(answer(asked)).isInstanceOf(Attempt.Granted.class);
    assertThat(answer(first)).isEqualTo(Release.GONE);
  }

  @Test
  void releaseOfAGrantedClaimDoesNotWaitBehindAsksOfOthers() throws Exception {
    RedisBackend backend = through(tunnel, PATIENT);
    answer(backend.ask(asking(claim)));
    Tunnel.Passage way = tunnel.passageOf(() -> backend.inspect(claim.name()));
    way.holdAnswers();
    CompletionStage<Attempt> stuck = backend.ask(asking(newClaim()));

    assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Renewed.class);
    assertThat(answer(withdraw(backend))).isEqualTo(Release.RELEASED);
    assertThat(stuck.toCompletableFuture()).isNotDone();
  }

  @Test
  void questionsBeforeALinkIsOpenArriveInTheirOrder() throws Exception {
    RedisClient client = RedisClient.create();
    try {
      Link link = new Link(TestRedis.REAL);
      List<CompletableFuture<Long>> pushed = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        String number = Integer.toString(i);
        pushed.add(link.send(plain -> plain.rpush("order", number)));
        if (i == 50) {
          open(link, client);
        }
      }
      for (int i = 0; i < 100; i++) {
        assertThat(pushed.get(i).get(60, TimeUnit.SECONDS)).isEqualTo(i + 1);
      }
      assertThat(redis.plain().lrange("order", 0, -1))
          .isEqualTo(IntStream.range(0, 100).mapToObj(Integer::toString).toList());
    } finally {
      client.shutdown();
    }
  }

  @Test
  void silentConnectionIsReplacedByTheNextQuestion() throws Exception {
    ManualTime time = new ManualTime();
    RedisBackend backend = redis.open(tunnel.url(), redis.context(time, PATIENT));
    Tunnel.Passage way = tunnel.passageOf(() -> backend.inspect(claim.name()));
    answer(backend.inspect(claim.name())); // and so is the first
    way.holdQuestions();
    CompletionStage<Attempt> unheard = backend.ask(asking(newClaim()));
    time.pass(PATIENT.multipliedBy(2));
    CompletionStage<Attempt> early = backend.ask(asking(newClaim()));
    time.pass(Duration.ofNanos(1));
    assertThat(answer(backend.ask(asking(claim)))).isInstanceOf(Attempt.Granted.class);
    awaitFailure(unheard);
    awaitFailure(early);
    assertThat(isHeld()).isTrue();
  }

  /** The server is in order; one connection to it swallows what is sent, and does not end. */
  @Test
  void leaseSurvivesAConnectionThatSwallowsEverything() throws Exception {
    ManualTime time = new ManualTime();
    RedisBackend backend = redis.open(tunnel.url(), redis.context(time, PATIENT));
    Tunnel.Passage way = tunnel.passageOf(() -> backend.renew(newClaim(), LONG));
    answer(backend.renew(newClaim(), LONG)); // and so is the first
    way.holdQuestions();
    long connections = connectionsSoFar();
    AtomicInteger renewed = new AtomicInteger();
    AtomicInteger unanswered = new AtomicInteger();
    LockListener counting =
        event -> {
          if (event instanceof LockEvent.Renewed) {
            renewed.incrementAndGet();
          } else if (event instanceof LockEvent.RenewalFailed) {
            unanswered.incrementAndGet();
          }
        };
    LocksConfig config = LocksConfig.DEFAULTS.requestTimeout(PATIENT).listener(counting);
    // Never closed: that would wait for time that stands still. Its backend is.
    Locks locks = LockEngine.on(backend).config(config).time(time).build();
    Lease lease = locks.acquire("a", LockOptions.DEFAULTS.leaseFor(Duration.ofSeconds(12)));
    long before = way.carried();
    pass(time, Duration.ofSeconds(4), () -> way.carried() > before);
    pass(time, Duration.ofSeconds(2), () -> unanswered.get() == 1);
    pass(time, Duration.ofSeconds(2), () -> unanswered.get() == 2);
    pass(time, Duration.ZERO, () -> renewed.get() == 1);
    assertThat(connectionsSoFar()).isEqualTo(connections + 1);
    pass(time, Duration.ofSeconds(4), () -> renewed.get() == 2);
    assertThat(lease.isHeld()).isTrue();
  }

  /** Lets time pass, and a little more, a few milliseconds at most for each look at it. */
  private static void pass(ManualTime time, Duration span, Callable<Boolean> until) {
    time.pass(span);
    await()
        .until(
            () -> {
              time.pass(Duration.ofMillis(5));
              return until.call();
            });
  }

  private long connectionsSoFar() {
    return redis
        .plain()
        .info("stats")
        .lines()
        .filter(line -> line.startsWith("total_connections_received:"))
        .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1)))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void linkThatIsStillOpeningIsGivenTwoRequestTimeoutsWhateverTheLease() throws Exception {
    ManualTime time = new ManualTime();
    RedisClient client = RedisClient.create();
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      client.setOptions(RedisBackend.options(PATIENT));
      RedisUrl url = RedisUrl.parse("redis://127.0.0.1:" + silent.getLocalPort());
      Wire wire = new Wire(client, url, new StoreContext(time, PATIENT, LONG, warning -> {}));
      Link opening = wire.link();
      assertThat(opening.send(redis -> redis.ping())).isNotDone();
      time.pass(PATIENT.multipliedBy(2));
      assertThat(wire.linkWithin(Duration.ofSeconds(1))).isSameAs(opening);
      time.pass(Duration.ofNanos(1));
      assertThat(wire.linkWithin(Duration.ofHours(1))).isNotSameAs(opening);
    } finally {
      client.shutdown();
    }
  }

  @Test
  void linkIsSilentOnlyWhileNothingIsHeardAtAll() {
    ManualTime time = new ManualTime();
    Duration span = Duration.ofSeconds(6);
    Link link = new Link(time);
    RedisClient client = RedisClient.create();
    try {
      time.pass(Duration.ofHours(1));
      assertThat(link.isSilentFor(span)).as("with nothing asked").isFalse();

      AsyncCommand<String, String, String> first = ping();
      AsyncCommand<String, String, String> second = ping();
      assertThat(link.send(plain -> first)).isNotDone();
      assertThat(link.send(plain -> second)).isNotDone();
      time.pass(Duration.ofHours(1));
      assertThat(link.isSilentFor(span)).isTrue();
      open(link, client);
      await().until(link::isOpen);
      assertThat(link.isSilentFor(span)).as("with the greeting answered").isFalse();
      time.pass(span);
      assertThat(link.isSilentFor(span)).isFalse();
      time.pass(Duration.ofNanos(1));
      assertThat(link.isSilentFor(span)).isTrue();

      first.completeExceptionally(new RedisCommandExecutionException("ERR an answer, too"));
      assertThat(link.isSilentFor(span)).as("with a late answer to another").isFalse();
      time.pass(Duration.ofSeconds(7));
      assertThat(link.isSilentFor(span)).isTrue();
    } finally {
      client.shutdown();
    }
  }

  private void open(Link link, RedisClient client) {
    client.setOptions(RedisBackend.options(PATIENT));
    RedisUrl url = RedisUrl.parse(tunnel.url());
    link.open(client, url, new StoreContext(TestRedis.REAL, PATIENT, LONG, warning -> {}));
  }

  private static AsyncCommand<String, String, String> ping() {
    return new AsyncCommand<>(
        new Command<>(CommandType.PING, new StatusOutput<>(StringCodec.UTF8)));
  }

  @Test
  void serverThatAcceptsAndNeverAnswersIsNoConnection() throws Exception {
    Duration impatient = Duration.ofMillis(500);
    Set<Thread> before = threads();
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      String url = "redis://:secret@127.0.0.1:" + silent.getLocalPort();
      long begin = System.nanoTime();
      assertThatThrownBy(() -> redis.open(url, impatient))
          .isInstanceOf(BackendException.class)
          .hasMessageStartingWith("No answer from Redis at 127.0.0.1:" + silent.getLocalPort())
          .hasMessageNotContaining("secret");
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(PATIENT);
    }
    awaitNoThreadsBut(before);
  }

  @Test
  void portWhereNobodyListensIsNoConnection() throws Exception {
    try (Socket taken = new Socket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      int port = taken.getLocalPort();
      assertThatThrownBy(() -> redis.open("redis://127.0.0.1:" + port, PATIENT))
          .isInstanceOf(BackendException.class)
          .hasMessage("No connection to Redis at 127.0.0.1:" + port);
    }
  }

  @Test
  void killedServerIsAFailureAndARestartedOneIsFoundAgain() throws Exception {
    RedisBackend backend = redis.open(PATIENT);
    answer(backend.ask(asking(claim)));
    redis.server().kill();
    awaitFailure(backend.ask(asking(claim)));
    awaitFailure(backend.renew(claim, LONG));
    redis.server().restart();

    await().ignoreExceptions().untilAsserted(() -> answer(backend.ask(asking(claim))));
    await().ignoreExceptions().untilAsserted(() -> answer(backend.renew(claim, LONG)));
    assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Renewed.class);
  }

  @Test
  void frozenServerFailsNoQuestionThatItAnswersLater() throws Exception {
    RedisBackend backend = redis.open(PATIENT);
    redis.server().pause();
    CompletionStage<Attempt> asked = backend.ask(asking(claim));
    assertThat(asked.toCompletableFuture()).isNotDone();
    redis.server().resume();
    assertThat(answer(asked)).isInstanceOf(Attempt.Granted.class);
  }

  @Test
  void serverThatWasFrozenForLongIsFoundAgain() throws Exception {
    ManualTime time = new ManualTime();
    RedisBackend backend = redis.open(redis.server().url(), redis.context(time, PATIENT));
    redis.server().pause();
    CompletionStage<Attempt> asked = backend.ask(asking(claim));
    time.pass(PATIENT.multipliedBy(2).plusNanos(1));
    backend.inspect(claim.name());
    awaitFailure(asked);
    redis.server().resume();
    await().ignoreExceptions().untilAsserted(() -> answer(backend.ask(asking(claim))));
    assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Renewed.class);
  }

  @Test
  void scriptsThatTheServerForgotAreSentOnce() throws Exception {
    RedisBackend backend = redis.open(PATIENT);
    redis.plain().scriptFlush();
    try (Monitor monitor = Monitor.of(redis)) {
      assertThat(answer(backend.ask(asking(claim)))).isInstanceOf(Attempt.Granted.class);
      assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Renewed.class);
      assertThat(answer(withdraw(backend))).isEqualTo(Release.RELEASED);
      assertThat(monitor.sent("EVAL\"")).hasSize(3);
      answer(backend.ask(asking(newClaim())));
      assertThat(monitor.sent("EVAL\"")).isEmpty();
    }
  }

  @Test
  void textOfAScriptIsNotSentForAWithdrawnClaim() throws Exception {
    RedisBackend backend = through(tunnel, PATIENT);
    Tunnel.Passage way = tunnel.passageOf(() -> backend.inspect(claim.name()));
    redis.plain().scriptFlush();
    redis.plain().scriptLoad(Script.RELEASE.text());
    way.holdAnswers();
    CompletionStage<Attempt> asked = backend.ask(asking(claim));
    CompletionStage<Release> withdrawn = withdraw(backend);
    way.speakAgain();

    awaitFailure(asked);
    assertThat(answer(withdrawn)).isEqualTo(Release.GONE);
    assertThat(isHeld()).isFalse();
  }

  @Test
  void closingEndsAllThreadsAndQuestions() throws Exception {
    Set<Thread> before = threads();
    RedisBackend backend = redis.open(PATIENT);
    backend.watch(claim, () -> {});
    answer(backend.ask(asking(claim)));
    redis.server().pause();
    CompletionStage<Attempt> asked = backend.ask(asking(newClaim()));
    CompletionStage<Renewal> renewed = backend.renew(claim, LONG);
    backend.close();

    awaitFailure(asked);
    awaitFailure(renewed);
    awaitFailure(backend.ask(asking(claim)));
    awaitNoThreadsBut(before);
    redis.server().resume();
  }

  /** {@code Locks.close()} has waited for the store already, as long as it says. */
  @Test
  void closingHardlyWaitsForAThreadThatIsHeldUp() {
    await("a close in which this machine does not stall")
        .untilAsserted(
            () -> assertThat(closeWhileAThreadIsHeldUp()).isLessThan(Duration.ofSeconds(3)));
  }

  private Duration closeWhileAThreadIsHeldUp() throws Exception {
    RedisBackend backend = redis.open(PATIENT);
    CountDownLatch called = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    backend.watch(
        claim,
        () -> {
          called.countDown();
          try {
            goOn.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        });
    assertThat(called.await(60, TimeUnit.SECONDS)).isTrue();
    long begin = System.nanoTime();
    backend.close();
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    goOn.countDown();
    return took;
  }

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet();
  }

  private static void awaitNoThreadsBut(Set<Thread> before) {
    await()
        .untilAsserted(
            () ->
                assertThat(threads())
                    .filteredOn(thread -> !before.contains(thread))
                    .filteredOn(thread -> !isOfTheTest(thread))
                    .isEmpty());
  }

  private static boolean isOfTheTest(Thread thread) {
    return Stream.of(
            "awaitility",
            "tunnel",
            "CompletableFutureDelayScheduler",
            "ForkJoinPool",
            "process reaper") // of the program that pauses the server
        .anyMatch(name -> thread.getName().startsWith(name));
  }
}
