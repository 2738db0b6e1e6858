package io.holdfast.etcd;

import static io.holdfast.etcd.TestEtcd.LEASE;
import static io.holdfast.etcd.TestEtcd.PATIENT;
import static io.holdfast.etcd.TestEtcd.answer;
import static io.holdfast.etcd.TestEtcd.newClaim;
import static io.holdfast.etcd.TestEtcd.newName;
import static io.holdfast.etcd.TestEtcd.trying;
import static io.holdfast.etcd.TestEtcd.waiting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.BackendException;
import io.holdfast.Lease;
import io.holdfast.LockName;
import io.holdfast.Locks;
import io.holdfast.embedded.ChildJvm;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.testkit.ManualTime;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Holders that die or stand still, servers that go and come, connections that break in between. */
@NeedsEtcd
class EtcdFaultsTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final TestEtcd etcd = new TestEtcd();
  private final LockName name = newName();
  private final BlockingQueue<String> said = new LinkedBlockingQueue<>();

  @AfterEach
  void stop() {
    etcd.close();
  }

  private ChildJvm holder(int leaseSeconds) {
    return ChildJvm.start(
        Holder.class,
        List.of(),
        List.of(etcd.server().url(), name.value(), Integer.toString(leaseSeconds)),
        Map.of(),
        line -> line.ifPresent(said::add));
  }

  private String heard() throws InterruptedException {
    String line = said.poll(60, TimeUnit.SECONDS);
    assertThat(line).as("what the holder says").isNotNull();
    return line;
  }

  private Locks locks(int leaseSeconds) {
    return Locks.connect(etcd.server().url(), TestEtcd.config(Duration.ofSeconds(leaseSeconds)));
  }

  private static void awaitFailure(CompletionStage<?> question) {
    assertThatThrownBy(() -> answer(question))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(BackendException.class);
  }

  private List<String> line() throws Exception {
    return etcd.keys("lock_=" + name + "=");
  }

  @Test
  void killedHoldersLockIsGrantedWhenItsLeaseEnds() throws Exception {
    try (ChildJvm holder = holder(2);
        Locks locks = locks(30)) {
      long token = Long.parseLong(heard());
      holder.kill();
      try (Lease next = locks.acquire(name.value())) {
        assertThat(next.token()).isGreaterThan(token);
      }
    }
  }

  @Test
  void stoppedHolderKnowsThatItLostAsSoonAsItRunsAgain() throws Exception {
    try (ChildJvm holder = holder(2);
        Locks locks = locks(30)) {
      long token = Long.parseLong(heard());
      holder.stop();
      try (Lease next = locks.acquire(name.value())) {
        assertThat(next.token()).isGreaterThan(token);
        holder.goOn();
        holder.send("");
        assertThat(List.of(heard(), heard())).containsExactlyInAnyOrder("lost", "not held");
        assertThat(next.isHeld()).isTrue();
      }
    }
  }

  @Test
  void restartedServerKnowsItsHoldersAndKilledOneIsNoAnswer() throws Exception {
    EtcdBackend backend = etcd.open();
    Claim claim = newClaim(name);
    Claim other = newClaim(newName());
    long token = ((Attempt.Granted) answer(backend.ask(trying(claim)))).firstToken();
    answer(backend.ask(trying(other)));
    etcd.server().kill();
    awaitFailure(backend.ask(trying(newClaim(newName()))));
    awaitFailure(backend.renew(claim, LEASE));
    awaitFailure(backend.release(other, 0, Duration.ZERO));
    awaitFailure(backend.inspect(name));
    etcd.server().restart();
    await()
        .atMost(LIMIT)
        .ignoreExceptions()
        .until(() -> answer(backend.renew(claim, LEASE)) instanceof Renewal.Renewed);
    assertThat(answer(backend.release(claim, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
    Attempt.Granted next = (Attempt.Granted) answer(backend.ask(trying(newClaim(name))));
    assertThat(next.firstToken()).isGreaterThan(token);
  }

  @Test
  void waiterOutlivesARestartOfTheServer() throws Exception {
    try (Locks one = locks(300); // longer than the server is away
        Locks other = locks(300)) {
      Lease first = one.acquire(name.value());
      var waiting = other.acquireAsync(name.value());
      await().atMost(LIMIT).until(() -> line().size() == 2);
      etcd.server().restart();
      await().atMost(LIMIT).ignoreExceptions().until(() -> line().size() == 2);
      first.close();
      try (Lease second = waiting.get(60, TimeUnit.SECONDS)) {
        assertThat(second.token()).isGreaterThan(first.token());
      }
    }
  }

  @Test
  void askWhoseAnswerIsLostIsNotSentAgainAndItsWithdrawalLeavesNoKey() throws Exception {
    try (Way way = new Way(etcd.server().port())) {
      EtcdBackend backend = etcd.open(way.url(), LEASE, PATIENT);
      way.holdAnswers();
      Claim claim = newClaim(name);
      CompletionStage<Attempt> asked = backend.ask(waiting(claim));
      await().atMost(LIMIT).until(() -> line().size() == 1);
      long transactions = etcd.counted("grpc_server_started_total", "\"Txn\"");
      way.cut();
      awaitFailure(asked);
      CompletionStage<Release> withdrawn = backend.release(claim, 0, Duration.ZERO);
      assertThat(answer(withdrawn)).isEqualTo(Release.RELEASED);
      assertThat(line()).isEmpty();
      assertThat(etcd.counted("grpc_server_started_total", "\"Txn\"") - transactions)
          .as("the withdrawal alone")
          .isEqualTo(1);
    }
  }

  @Test
  void repeatedAskAfterALostAnswerIsTheSamePlace() throws Exception {
    try (Way way = new Way(etcd.server().port())) {
      EtcdBackend backend = etcd.open(way.url(), LEASE, PATIENT);
      way.holdAnswers();
      Claim claim = newClaim(name);
      CompletionStage<Attempt> asked = backend.ask(waiting(claim));
      await().atMost(LIMIT).until(() -> line().size() == 1);
      way.cut();
      awaitFailure(asked);
      assertThat(answer(backend.ask(waiting(claim)))).isInstanceOf(Attempt.Granted.class);
      assertThat(line()).hasSize(1);
      assertThat(answer(backend.renew(claim, LEASE))).isInstanceOf(Renewal.Renewed.class);
    }
  }

  @Test
  void questionThatNobodyAnswersEndsAfterTheRequestTimeoutAndIsNotSentLater() throws Exception {
    EtcdBackend backend = etcd.openImpatient();
    etcd.server().pause();
    awaitFailure(backend.ask(waiting(newClaim(name))));
    etcd.server().resume();
    await()
        .atMost(LIMIT)
        .ignoreExceptions()
        .until(() -> answer(backend.ask(trying(newClaim(newName())))) != null);
  }

  @Test
  void questionEndsExactlyWhenItsTimeIsOverAndSaysSo() throws Exception {
    ManualTime time = new ManualTime();
    EtcdBackend backend = etcd.open(time, LEASE);
    etcd.server().pause();
    CompletableFuture<Attempt> asked = backend.ask(trying(newClaim(name))).toCompletableFuture();
    time.pass(PATIENT.minusNanos(1));
    assertThat(asked).isNotDone();
    time.pass(Duration.ofNanos(1));
    assertThatThrownBy(() -> answer(asked)).cause().hasMessageContaining("No answer from etcd");
    etcd.server().resume();
    await()
        .atMost(LIMIT)
        .ignoreExceptions()
        .until(() -> answer(backend.ask(trying(newClaim(newName())))) != null);
  }

  @Test
  void nothingIsHeldBackForAServerThatIsNotThere() throws Exception {
    EtcdBackend backend = etcd.open();
    etcd.server().kill();
    for (int i = 0; i < 20; i++) {
      awaitFailure(backend.ask(waiting(newClaim(name))));
    }
    etcd.server().restart();
    await()
        .atMost(LIMIT)
        .ignoreExceptions()
        .until(() -> answer(backend.ask(trying(newClaim(newName())))) != null);
    assertThat(line()).isEmpty();
  }

  @Test
  void portWhereNobodyListensOrAnswersIsNoConnectionInTime() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Duration impatient = Duration.ofSeconds(3);
      String url = "etcd://127.0.0.1:" + silent.getLocalPort();
      long begin = System.nanoTime();
      assertThatThrownBy(() -> etcd.open(url, LEASE, impatient))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("etcd at 127.0.0.1:" + silent.getLocalPort());
      assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(LIMIT);
    }
    try (Socket deaf = new Socket()) { // has the port, so that nobody else does, and never listens
      deaf.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      String url = "etcd://127.0.0.1:" + deaf.getLocalPort();
      assertThatThrownBy(() -> etcd.open(url, LEASE, PATIENT))
          .isInstanceOf(BackendException.class)
          .hasMessageStartingWith("No connection to etcd at 127.0.0.1:");
    }
  }

  @Test
  void questionsToAClosedBackendFail() {
    EtcdBackend backend = etcd.open();
    backend.close();
    awaitFailure(backend.ask(trying(newClaim(name))));
    awaitFailure(backend.release(newClaim(name), 0, Duration.ZERO));
    awaitFailure(backend.inspect(name));
  }
}
