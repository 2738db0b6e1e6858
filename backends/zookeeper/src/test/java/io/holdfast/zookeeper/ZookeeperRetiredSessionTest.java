package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.TestZookeeper.SESSION;
import static io.holdfast.zookeeper.TestZookeeper.answer;
import static io.holdfast.zookeeper.TestZookeeper.granted;
import static io.holdfast.zookeeper.TestZookeeper.newClaim;
import static io.holdfast.zookeeper.TestZookeeper.waiting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.Lease;
import io.holdfast.Locks;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.testkit.ManualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * A session that is over here and lives on at the server, because a server with other limits has
 * changed its length.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ZookeeperRetiredSessionTest {

  private final TestZookeeper zookeeper = TestZookeeper.one();
  private ManualTime time;
  private Wire wire;
  private ZookeeperBackend backend;
  private ZookeeperBackend other;

  @BeforeEach
  void open() throws Exception {
    wire = new Wire(zookeeper.server().getPort());
    time = new ManualTime();
    backend = zookeeper.open(wire.url(), SESSION, time);
    other = zookeeper.open();
  }

  @AfterEach
  void close() {
    backend.close();
    other.close();
    wire.close();
  }

  @AfterAll
  void stop() {
    zookeeper.close();
  }

  /** Its locks are gone for their holders, as each hears when it renews. */
  private void retireSession() throws Exception {
    Claim witness = newClaim();
    granted(backend, witness);
    wire.askForSessionsOf(SESSION.plusSeconds(1));
    wire.cut();
    await()
        .ignoreExceptions()
        .until(() -> answer(backend.renew(witness, SESSION)) instanceof Renewal.Gone);
    wire.askForSessionsOf(Duration.ZERO);
    granted(backend, newClaim()); // in the next session
  }

  @Test
  void itsLocksAreNobodyElsesWhileAHolderMayRelyOnThem() throws Exception {
    Claim claim = newClaim();
    Attempt.Granted grant = granted(backend, claim);
    Claim next = Claim.on(claim.name(), "next");
    retireSession();
    assertThat(answer(other.ask(waiting(next)))).isInstanceOf(Attempt.Refused.class);
    time.pass(grant.validFor().minusMillis(1));
    granted(backend, newClaim());
    assertThat(answer(other.ask(waiting(next)))).isInstanceOf(Attempt.Refused.class);
    assertThat(answer(backend.renew(claim, SESSION))).isInstanceOf(Renewal.Gone.class);
    assertThat(backend.claims()).as("those of the next session").isEqualTo(2);
    assertThat(answer(other.ask(waiting(next)))).isInstanceOf(Attempt.Refused.class);
    time.pass(Duration.ofMillis(1));
    await().until(() -> answer(other.ask(waiting(next))) instanceof Attempt.Granted);
  }

  @Test
  void releaseFreesALockOfIt() throws Exception {
    Claim claim = newClaim();
    granted(backend, claim);
    retireSession();
    assertThat(zookeeper.nodes(claim.name())).hasSize(1);
    assertThat(answer(backend.release(claim, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
    assertThat(granted(other, Claim.on(claim.name(), "next")).span()).isEqualTo(1);
  }

  @Test
  void whoWaitsInItAsksInTheNextAndHoldsNobodyUp() throws Exception {
    Claim holder = newClaim();
    Claim waiter = Claim.on(holder.name(), "waits in it");
    Claim behind = Claim.on(holder.name(), "behind");
    granted(other, holder);
    answer(backend.ask(waiting(waiter)));
    answer(other.ask(waiting(behind)));
    AtomicInteger hints = new AtomicInteger();
    var unused = backend.watch(waiter, hints::incrementAndGet);
    retireSession();
    await().until(() -> hints.get() > 0);
    assertThat(answer(backend.ask(waiting(waiter)))).isInstanceOf(Attempt.Refused.class);
    await("its former place is given up").until(() -> zookeeper.nodes(holder.name()).size() == 3);
    answer(other.release(holder, 0, Duration.ZERO));
    assertThat(answer(other.ask(waiting(behind)))).isInstanceOf(Attempt.Granted.class);
    answer(other.release(behind, 0, Duration.ZERO));
    assertThat(answer(backend.ask(waiting(waiter)))).isInstanceOf(Attempt.Granted.class);
    answer(backend.release(waiter, 0, Duration.ZERO));
    assertThat(zookeeper.nodes(holder.name())).isEmpty();
  }

  @Test
  void closingEndsItAndItsThreads() throws Exception {
    Claim claim = newClaim();
    assertThat(zookeeper.nodes(claim.name())).isEmpty();
    backend.close();
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    backend = zookeeper.open(wire.url(), SESSION, time);
    granted(backend, claim);
    retireSession();
    assertThat(clients(before)).as("of two sessions").hasSize(4);
    assertThat(zookeeper.nodes(claim.name())).hasSize(1);
    backend.close();
    await()
        .atMost(SESSION.dividedBy(2))
        .until(() -> zookeeper.nodes(claim.name()).isEmpty() && clients(before).isEmpty());
  }

  private static Set<Thread> clients(Set<Thread> before) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> !before.contains(thread))
        .filter(thread -> thread.getName().matches(".*(-SendThread|-EventThread|holdfast).*"))
        .collect(Collectors.toSet());
  }

  private static InstanceSpec spec(Path data, int port, Duration longest) {
    InstanceSpec any =
        TestZookeeper.spec(port, Map.of("maxSessionTimeout", Long.toString(longest.toMillis())));
    return new InstanceSpec(
        data.toFile(),
        any.getPort(),
        any.getElectionPort(),
        any.getQuorumPort(),
        false,
        any.getServerId(),
        TestZookeeper.TICK,
        -1,
        any.getCustomProperties());
  }

  @Test
  @Tag("slow")
  void serverThatComesBackWithOtherLimitsFreesNoLockThatIsBelievedToBeHeld(@TempDir Path data)
      throws Exception {
    Duration shortly = Duration.ofSeconds(20); // longer than a pause of this JVM
    try (TestingServer before = new TestingServer(spec(data, 0, shortly), true)) {
      String url = TestZookeeper.urlOf(before.getConnectString());
      try (Locks locks = Locks.connect(url, TestZookeeper.config(shortly));
          Locks others = Locks.connect(url, TestZookeeper.config(shortly.dividedBy(2)))) {
        Lease lease = locks.acquire("limits");
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        lease.onLost(() -> told.complete(true));
        CompletableFuture<Lease> next = others.acquireAsync("limits").toCompletableFuture();
        CompletableFuture<Boolean> wasHeld = next.thenApply(granted -> lease.isHeld());
        before.stop();
        try (TestingServer after =
            new TestingServer(spec(data, before.getPort(), shortly.minusSeconds(1)), true)) {
          assertThat(answer(wasHeld)).as("held when the next one was granted it").isFalse();
          assertThat(answer(told)).isTrue();
          answer(next).close();
        }
      }
    }
  }
}
