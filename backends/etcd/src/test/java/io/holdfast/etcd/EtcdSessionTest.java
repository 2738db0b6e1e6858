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

import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.lease.LeaseTimeToLiveResponse;
import io.etcd.jetcd.options.LeaseOption;
import io.etcd.jetcd.options.PutOption;
import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LockName;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import io.holdfast.testkit.ManualTime;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** One etcd lease for all locks of a process: its life, its end, and what is left of it. */
@NeedsEtcd
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EtcdSessionTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final TestEtcd etcd = new TestEtcd();

  @AfterAll
  void stop() {
    etcd.close();
  }

  private static long granted(EtcdBackend through, Claim claim) throws Exception {
    return ((Attempt.Granted) answer(through.ask(trying(claim)))).firstToken();
  }

  private long leaseOf(Claim claim) throws Exception {
    return etcd.entries("lock_=" + claim.name() + "=").stream()
        .max(Comparator.comparing(KeyValue::getCreateRevision)) // who came last
        .orElseThrow()
        .getLease();
  }

  private void revoke(long lease) throws Exception {
    answer(etcd.plain().getLeaseClient().revoke(lease));
  }

  /** Questions about leases and keys; other tests' backends may still be ending theirs. */
  private long calls() {
    return Stream.of("LeaseKeepAlive", "LeaseTimeToLive", "etcdserverpb.KV")
        .mapToLong(what -> etcd.counted("grpc_server_started_total", what))
        .sum();
  }

  @Test
  void allLocksOfAProcessHangOnOneLease() throws Exception {
    EtcdBackend backend = etcd.open();
    Claim one = newClaim(newName());
    Claim other = newClaim(newName());
    granted(backend, one);
    granted(backend, other);
    assertThat(leaseOf(one)).isEqualTo(leaseOf(other)).isNotZero();
  }

  @Test
  void revokedLeaseEndsAllItsLocksAtOnceAndTheNextAskOpensAnother() throws Exception {
    EtcdBackend backend = etcd.open();
    Claim one = newClaim(newName());
    Claim other = newClaim(newName());
    long token = granted(backend, one);
    granted(backend, other);
    long lease = leaseOf(one);
    revoke(lease);
    assertThat(granted(etcd.open(), newClaim(one.name()))).isGreaterThan(token);

    assertThat(answer(backend.renew(one, LEASE))).isInstanceOf(Renewal.Gone.class);
    long before = calls();
    assertThat(answer(backend.renew(other, LEASE))).isInstanceOf(Renewal.Gone.class);
    assertThat(calls()).as("without asking").isEqualTo(before);

    Claim next = newClaim(other.name());
    granted(backend, next);
    assertThat(leaseOf(next)).isNotEqualTo(lease);
  }

  @Test
  void waiterWhoseLeaseIsRevokedTakesAPlaceOnAnotherAndStillHearsOfTheRelease() throws Exception {
    EtcdBackend holding = etcd.open();
    EtcdBackend backend = etcd.open();
    Claim first = newClaim(newName());
    granted(holding, first);
    Claim second = newClaim(first.name());
    answer(backend.ask(waiting(second)));
    AtomicInteger hints = new AtomicInteger();
    Watch watch = backend.watch(second, hints::incrementAndGet);
    long lease = leaseOf(second);
    revoke(lease);
    await().atMost(LIMIT).until(() -> hints.get() > 0);
    assertThat(answer(backend.ask(waiting(second)))).isInstanceOf(Attempt.Refused.class);
    assertThat(leaseOf(second)).isNotEqualTo(lease);
    int before = hints.get();
    answer(holding.release(first, 0, Duration.ZERO));
    await().atMost(LIMIT).until(() -> hints.get() > before);
    assertThat(answer(backend.ask(waiting(second)))).isInstanceOf(Attempt.Granted.class);
    watch.close();
    await().atMost(LIMIT).until(() -> etcd.counted("etcd_debugging_mvcc_watcher_total", "") == 0);
  }

  @Test
  void releaseAfterTheEndOfTheLeaseIsGoneAndFreesNobodyElse() throws Exception {
    EtcdBackend backend = etcd.open();
    Claim first = newClaim(newName());
    granted(backend, first);
    revoke(leaseOf(first));
    Claim second = newClaim(first.name());
    granted(etcd.open(), second);
    assertThat(answer(backend.release(first, 0, Duration.ZERO))).isEqualTo(Release.GONE);
    assertThat(etcd.keys("lock_=" + first.name() + "=")).hasSize(1);
  }

  @Test
  void askOnALeaseThatEndedUnnoticedIsGrantedOnANewOne() throws Exception {
    EtcdBackend backend = etcd.open();
    Claim first = newClaim(newName());
    granted(backend, first);
    long lease = leaseOf(first);
    revoke(lease);
    Claim next = newClaim(newName());
    granted(backend, next);
    assertThat(leaseOf(next)).isNotEqualTo(lease);
    assertThat(answer(backend.renew(first, LEASE))).isInstanceOf(Renewal.Gone.class);
  }

  @Test
  void renewalsOfManyLocksAreOneQuestion() throws Exception {
    EtcdBackend backend = etcd.open();
    List<Claim> claims = new java.util.ArrayList<>();
    for (int i = 0; i < 20; i++) {
      claims.add(newClaim(newName()));
      granted(backend, claims.get(i));
    }
    long before = calls();
    List<CompletableFuture<Renewal>> renewals =
        claims.stream().map(claim -> backend.renew(claim, LEASE).toCompletableFuture()).toList();
    for (CompletableFuture<Renewal> renewal : renewals) {
      Renewal.Renewed renewed = (Renewal.Renewed) answer(renewal);
      assertThat(renewed.validFor())
          .isBetween(LEASE.minusMinutes(1), LEASE.minus(Session.GRANULARITY));
    }
    assertThat(calls() - before).as("a keep-alive, and what hangs on it").isBetween(2L, 4L);
  }

  @Test
  void grantPromisesNoMoreThanTheSessionHasLeft() throws Exception {
    ManualTime time = new ManualTime();
    EtcdBackend backend = etcd.open(time, LEASE);
    Duration whole = LEASE.minus(Session.GRANULARITY);
    assertThat(promised(backend)).isEqualTo(whole);
    Duration quarter = LEASE.dividedBy(4);
    time.pass(quarter);
    assertThat(promised(backend)).as("nothing was asked since").isEqualTo(whole.minus(quarter));
    time.pass(quarter);
    assertThat(promised(backend)).as("it was old, and is kept").isEqualTo(whole);
  }

  private static Duration promised(EtcdBackend through) throws Exception {
    Claim claim = newClaim(newName());
    return ((Attempt.Granted) answer(through.ask(trying(claim)))).validFor();
  }

  @Test
  void leaseThatIsKeptAliveInItsLastSecondIsNotTakenForGone() throws Exception {
    await()
        .atMost(LIMIT)
        .untilAsserted( // until the keep-alive comes in time, after so long a wait for the end
            () -> {
              io.etcd.jetcd.Lease leases = etcd.plain().getLeaseClient();
              long id = answer(leases.grant(2)).getID();
              Session session =
                  new Session(
                      atTheLastMoment(leases),
                      TestEtcd.REAL,
                      id,
                      Duration.ofSeconds(2),
                      0,
                      (one, keys) -> {});
              Duration lives = answer(session.beat(System.nanoTime())).answer().length();
              assertThat(lives).as("kept alive in time").isPositive();
              assertThat(session.isGone()).isFalse();
            });
  }

  /** Keeps a lease alive when it has less than a second left; that is what is said of it, too. */
  private static io.etcd.jetcd.Lease atTheLastMoment(io.etcd.jetcd.Lease leases) {
    return (io.etcd.jetcd.Lease)
        Proxy.newProxyInstance(
            EtcdSessionTest.class.getClassLoader(),
            new Class<?>[] {io.etcd.jetcd.Lease.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "timeToLive" ->
                      lastSecond(leases, (long) arguments[0], (LeaseOption) arguments[1]);
                  case "keepAliveOnce" ->
                      lastSecond(leases, (long) arguments[0], LeaseOption.DEFAULT)
                          .thenCompose(held -> leases.keepAliveOnce((long) arguments[0]));
                  default -> method.invoke(leases, arguments);
                });
  }

  private static CompletableFuture<LeaseTimeToLiveResponse> lastSecond(
      io.etcd.jetcd.Lease leases, long id, LeaseOption option) {
    return leases
        .timeToLive(id, option)
        .thenCompose(
            held ->
                held.getTTL() > 0
                    ? lastSecond(leases, id, option)
                    : CompletableFuture.completedFuture(held));
  }

  @Test
  void askThatIsSlowReplacesNoPlaceOnALaterLease() {
    Places places = new Places(new Keys("lock_"));
    Claim claim = newClaim(newName());
    places.want(claim);
    Session early = session(1);
    early.end();
    Place place = places.forQuestion(claim, session(2)).orElseThrow().place();
    assertThat(places.forQuestion(claim, early)).isEmpty();
    assertThat(places.of(claim)).isSameAs(place);
  }

  private Session session(long id) {
    return new Session(
        etcd.plain().getLeaseClient(), TestEtcd.REAL, id, LEASE, 0, (one, keys) -> {});
  }

  @Test
  void leaseOfAProcessThatWantsNothingEndsAndLeavesNothing() throws Exception {
    EtcdBackend backend = etcd.open(etcd.server().url(), Duration.ofSeconds(2), PATIENT);
    Claim claim = newClaim(newName());
    granted(backend, claim);
    await().atMost(LIMIT).until(() -> etcd.keys("lock_=" + claim.name() + "=").isEmpty());
    assertThat(answer(backend.renew(claim, LEASE))).isInstanceOf(Renewal.Gone.class);
    granted(backend, newClaim(claim.name()));
  }

  @Test
  void keyOfAnAskThatArrivesAfterItsWithdrawalIsRemovedByTheNextHeartbeat() throws Exception {
    EtcdBackend backend = etcd.open();
    Claim held = newClaim(newName());
    granted(backend, held);
    LockName name = newName();
    Claim late = newClaim(name);
    assertThat(answer(backend.release(late, 0, Duration.ZERO))).isEqualTo(Release.GONE);
    answer(
        etcd.plain()
            .getKVClient()
            .put(
                Keys.of("lock_=" + name + "=" + Long.toHexString(leaseOf(held)) + "-0"),
                Keys.of("0|late"),
                PutOption.builder().withLeaseId(leaseOf(held)).build()));
    assertThat(answer(backend.renew(held, LEASE))).isInstanceOf(Renewal.Renewed.class);
    await().atMost(LIMIT).until(() -> etcd.keys("lock_=" + name + "=").isEmpty());
    assertThat(answer(backend.renew(held, LEASE))).isInstanceOf(Renewal.Renewed.class);
  }

  @Test
  void holderIsToldOfARevokedLeaseAndTheNextHasAGreaterToken() throws Exception {
    LocksConfig config = TestEtcd.config(Duration.ofSeconds(20)); // no shorter than a pause
    LockName name = newName();
    try (Locks one = Locks.connect(etcd.server().url(), config);
        Locks other = Locks.connect(etcd.server().url(), config)) {
      Lease first = one.acquire(name.value());
      CompletableFuture<Boolean> lost = new CompletableFuture<>();
      first.onLost(() -> lost.complete(true));
      CompletableFuture<Lease> waiting = other.acquireAsync(name.value());
      await().atMost(LIMIT).until(() -> etcd.keys("lock_=" + name + "=").size() == 2);
      revoke(
          etcd.entries("lock_=" + name + "=").stream()
              .min(Comparator.comparing(KeyValue::getCreateRevision))
              .orElseThrow()
              .getLease());
      try (Lease second = waiting.get(60, TimeUnit.SECONDS)) {
        assertThat(second.token()).isGreaterThan(first.token());
        assertThat(lost.get(60, TimeUnit.SECONDS)).isTrue();
        assertThat(first.isHeld()).isFalse();
      }
      assertThatThrownBy(first::close).isInstanceOf(LeaseLostException.class);
      one.acquire(name.value()).close();
    }
  }

  @Test
  void closingLeavesOnlyTheBaseAndNoLeaseAndNoThread() throws Exception {
    try (TestEtcd own = new TestEtcd()) { // whose leases are those of this test alone
      assertThat(own.keys("lock_")).isEmpty();
      Set<Thread> before = Thread.getAllStackTraces().keySet();
      // Closing waits for a second: on a machine that stands still then, the lease ends by itself.
      await().atMost(LIMIT).until(() -> closingLeavesOnlyTheBase(own));
      await()
          .atMost(LIMIT)
          .untilAsserted(
              () ->
                  assertThat(Thread.getAllStackTraces().keySet())
                      .filteredOn(thread -> !before.contains(thread))
                      .extracting(Thread::getName)
                      .noneMatch(text -> text.startsWith("jetcd") || text.startsWith("vert.x")));
    }
  }

  private static boolean closingLeavesOnlyTheBase(TestEtcd own) throws Exception {
    own.delete("lock_=");
    long leases = own.counted("etcd_debugging_lease_granted_total", "");
    long ended = own.counted("etcd_debugging_lease_revoked_total", "");
    EtcdBackend backend = own.open();
    EtcdBackend another = own.open();
    LockName name = newName();
    Claim second = newClaim(name);
    granted(backend, newClaim(name));
    answer(another.ask(waiting(second)));
    another.watch(second, () -> {});
    backend.close();
    another.close();
    assertThat(own.counted("etcd_debugging_lease_granted_total", "") - leases).isEqualTo(2);
    List<String> left = own.keys("lock_=");
    return left.size() == 1
        && left.get(0).startsWith("lock_==base")
        && own.counted("etcd_debugging_lease_revoked_total", "") - ended == 2;
  }
}
