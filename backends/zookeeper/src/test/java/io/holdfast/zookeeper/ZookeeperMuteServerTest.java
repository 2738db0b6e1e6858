package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.TestZookeeper.LONGEST;
import static io.holdfast.zookeeper.TestZookeeper.SESSION;
import static io.holdfast.zookeeper.TestZookeeper.answer;
import static io.holdfast.zookeeper.TestZookeeper.granted;
import static io.holdfast.zookeeper.TestZookeeper.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.Lease;
import io.holdfast.LeaseState;
import io.holdfast.LockEvent;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.StoreContext;
import io.holdfast.testkit.ManualTime;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A server that says nothing, and whose connections stay open all the same. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ZookeeperMuteServerTest {

  private final TestZookeeper zookeeper = TestZookeeper.one();

  @AfterAll
  void stop() {
    zookeeper.close();
  }

  @Test
  void isLeftWhileThereIsTimeToRenewElsewhere() throws Exception {
    ManualTime time = new ManualTime();
    try (Wire wire = new Wire(zookeeper.server().getPort());
        ZookeeperBackend backend = zookeeper.open(wire.url(), LONGEST, time)) {
      Claim claim = newClaim();
      Duration validFor = granted(backend, claim).validFor();
      Duration third = validFor.dividedBy(3);
      time.pass(third);
      wire.freeze();
      isLeftAfter(validFor.minus(third).dividedBy(3), claim, backend, time);
    }
  }

  /** Then only the lock's own node is asked for. */
  @Test
  void isLeftAlsoIfTheLeaderWasHeardAMomentAgo() throws Exception {
    ManualTime time = new ManualTime();
    try (Wire wire = new Wire(zookeeper.server().getPort());
        ZookeeperBackend backend = zookeeper.open(wire.url(), LONGEST, time)) {
      Claim claim = newClaim();
      Duration validFor = granted(backend, claim).validFor();
      assertThat(answer(backend.renew(claim, LONGEST))).isEqualTo(new Renewal.Renewed(validFor));
      wire.freeze();
      isLeftAfter(validFor.dividedBy(3), claim, backend, time);
    }
  }

  /** Another one would know no more, if it is the leader that says nothing. */
  @Test
  void isNotLeftOnceMoreBeforeTheLeaderHasAnswered() throws Exception {
    ManualTime time = new ManualTime();
    try (Wire wire = new Wire(zookeeper.server().getPort());
        ZookeeperBackend backend = zookeeper.open(wire.url(), LONGEST, time)) {
      Claim claim = newClaim();
      Duration third = granted(backend, claim).validFor().dividedBy(3);
      List<Integer> unused = wire.questions(); // what comes now is of the next connection
      wire.freeze();
      wire.before(OpCode.sync, wire::freeze); // the next connection, when it asks for the leader
      CompletableFuture<Renewal> left = backend.renew(claim, LONGEST).toCompletableFuture();
      time.pass(third);
      await().until(left::isCompletedExceptionally);
      CompletableFuture<Renewal> stays = backend.renew(claim, LONGEST).toCompletableFuture();
      await().until(() -> wire.questionsSoFar().contains(OpCode.sync));
      time.pass(third);
      await().until(() -> leaving().isEmpty());
      wire.unfreeze();
      assertThat(answer(stays)).isInstanceOf(Renewal.Renewed.class);
    }
  }

  private static List<Thread> leaving() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("holdfast-zookeeper-leave"))
        .toList();
  }

  /** The client by itself would wait for minutes, and would not look up before its next ping. */
  private static void isLeftAfter(
      Duration silence, Claim claim, ZookeeperBackend backend, ManualTime time) {
    CompletableFuture<Renewal> renewal = backend.renew(claim, LONGEST).toCompletableFuture();
    time.pass(silence.minusMillis(1));
    assertThat(renewal).isNotDone();
    time.pass(Duration.ofMillis(1));
    await().until(renewal::isCompletedExceptionally);
    await()
        .ignoreExceptions()
        .until(() -> answer(backend.renew(claim, LONGEST)) instanceof Renewal.Renewed);
  }

  /** As a server may that is met while it starts; the client gives up on it by itself. */
  @Test
  @Tag("slow")
  void costsNoLockIfItIsTheOnlyOneAndAnswersWhoeverComesOnceMore() throws Exception {
    AtomicInteger renewed = new AtomicInteger();
    LocksConfig config =
        TestZookeeper.config(SESSION)
            .listener(
                event -> {
                  if (event instanceof LockEvent.Renewed) {
                    renewed.incrementAndGet();
                  }
                });
    try (Wire wire = new Wire(zookeeper.server().getPort());
        Locks locks = Locks.connect(wire.url(), config);
        Lease lease = locks.acquire("comes-back")) {
      await().until(() -> renewed.get() > 0);
      wire.shut();
      wire.loseAnswers();
      wire.open();
      await().until(wire::hasLostAnAnswer);
      wire.loseNoMore();
      int before = renewed.get();
      await().until(() -> renewed.get() > before || !lease.isHeld());
      assertThat(lease.state()).isEqualTo(LeaseState.HELD);
    }
  }

  /** Whoever begins with it has time for another one; half of these do. */
  @Test
  @Tag("slow")
  void isNoHindranceToConnecting() throws Exception {
    try (ServerSocket mute = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      String url = TestZookeeper.urlOf(zookeeper.servers() + ",127.0.0.1:" + mute.getLocalPort());
      StoreContext context =
          new StoreContext(TestZookeeper.REAL, Duration.ofSeconds(15), SESSION, warning -> {});
      List<CompletableFuture<ZookeeperBackend>> all =
          Stream.generate(
                  () ->
                      CompletableFuture.supplyAsync(
                          () -> ZookeeperBackend.connect(ZookeeperUrl.parse(url), context),
                          task -> new Thread(task).start()))
              .limit(8)
              .toList();
      for (CompletableFuture<ZookeeperBackend> each : all) {
        answer(each).close();
      }
    }
  }
}
