package io.holdfast.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.etcd.jetcd.Client;
import io.holdfast.BackendException;
import io.holdfast.Finding;
import io.holdfast.Lease;
import io.holdfast.LockEvent;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.embedded.EmbeddedEtcd;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Three members, of which the leader dies or stands still. */
@NeedsEtcd
@Tag("slow")
class EtcdClusterTest {

  private static final Duration LIMIT = Duration.ofSeconds(90);

  /** The lease is longer than an election and a pause of this JVM together. */
  private static final LocksConfig CONFIG =
      TestEtcd.config(Duration.ofSeconds(24)).requestTimeout(Duration.ofSeconds(3));

  /** More than a lease has: who is renewed so often has outlived the lease of before. */
  private static final int MORE_THAN_A_LEASE = 4;

  private final AtomicInteger renewed = new AtomicInteger();
  private final LocksConfig listening =
      CONFIG.listener(
          event -> {
            if (event instanceof LockEvent.Renewed of && of.name().value().equals("held")) {
              renewed.incrementAndGet();
            }
          });

  private final List<EmbeddedEtcd> members = EmbeddedEtcd.cluster(3);
  private final String url =
      members.stream()
          .map(member -> "127.0.0.1:" + member.port())
          .collect(Collectors.joining(",", "etcd://", ""));

  @AfterEach
  void stop() {
    members.forEach(EmbeddedEtcd::close);
  }

  private Locks connect(LocksConfig config) {
    return await()
        .atMost(LIMIT)
        .ignoreException(BackendException.class)
        .until(() -> Locks.connect(url, config), locks -> true);
  }

  private EmbeddedEtcd leader() {
    try (Client client = Client.builder().endpoints(endpoint(members.get(0))).build()) {
      return await()
          .atMost(LIMIT)
          .ignoreExceptions()
          .until(
              () -> members.stream().filter(member -> leads(client, member)).findAny(),
              Optional::isPresent)
          .orElseThrow();
    }
  }

  private static boolean leads(Client client, EmbeddedEtcd member) {
    var status = client.getMaintenanceClient().statusMember(endpoint(member)).join();
    return status.getLeader() == status.getHeader().getMemberId();
  }

  private static String endpoint(EmbeddedEtcd member) {
    return "http://127.0.0.1:" + member.port();
  }

  @Test
  void locksAreHeldAndHandedOnWhileTheLeaderDies() throws Exception {
    try (Locks one = connect(listening);
        Locks other = connect(CONFIG)) {
      Lease held = one.acquire("held");
      Lease first = one.acquire("handed-on");
      CompletableFuture<Lease> waiting = other.acquireAsync("handed-on");
      leader().kill();
      outlivesItsLease(held);
      first.close();
      try (Lease second = waiting.get(60, TimeUnit.SECONDS)) {
        assertThat(second.token()).isGreaterThan(first.token());
      }
      held.close();
    }
  }

  private void outlivesItsLease(Lease held) {
    int before = renewed.get();
    await().atMost(LIMIT).until(() -> renewed.get() >= before + MORE_THAN_A_LEASE);
    assertThat(held.isHeld()).isTrue();
  }

  @Test
  void membersWhoseHungLeaderWouldEndLivingLeasesAreWarnedOf() {
    leader();
    List<Finding> found =
        Locks.examine(url, CONFIG).stream()
            .filter(finding -> finding.subject().startsWith("member"))
            .toList();
    assertThat(found).hasSize(3);
    for (Finding member : found) {
      String version = member.found().replaceAll("version ([^:]*).*", "$1");
      assertThat(member.level() == Finding.Level.WARNING)
          .as("%s", member)
          .isEqualTo(EtcdExamination.hasLeaderThatOutstays(version));
    }
  }

  @Test
  void frozenLeaderEndsNoLease() throws Exception {
    try (Locks one = connect(listening)) {
      Lease held = one.acquire("held");
      EmbeddedEtcd leader = leader();
      leader.pause();
      outlivesItsLease(held);
      leader.resume();
      held.close();
    }
  }

  @Test
  void noTwoHoldersAndNoTokenTwiceWhileLeadersComeAndGo() throws Exception {
    AtomicLong last = new AtomicLong();
    AtomicLong grants = new AtomicLong();
    try (Locks one = connect(CONFIG);
        Locks other = connect(CONFIG)) {
      CompletableFuture<?> stop = new CompletableFuture<>();
      List<CompletableFuture<Void>> workers =
          List.of(one, other, one, other).stream()
              .map(
                  locks ->
                      CompletableFuture.runAsync(
                          () -> {
                            while (!stop.isDone()) {
                              work(locks, last, grants);
                            }
                          }))
              .toList();
      for (int i = 0; i < 3; i++) {
        long before = grants.get();
        await().atMost(LIMIT).until(() -> grants.get() > before + 20);
        EmbeddedEtcd leader = leader();
        leader.kill();
        long during = grants.get();
        await().atMost(LIMIT).until(() -> grants.get() > during + 20);
        leader.restart();
      }
      stop.complete(null);
      CompletableFuture.allOf(workers.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);
    }
    assertThat(grants).hasValueGreaterThan(100);
  }

  private static void work(Locks locks, AtomicLong last, AtomicLong grants) {
    try (Lease lease = locks.acquire("hot")) {
      long before = last.getAndSet(lease.token());
      assertThat(lease.token()).isGreaterThan(before);
      assertThat(last).hasValue(lease.token());
      grants.incrementAndGet();
    } catch (BackendException noAnswer) {
      // While there is no leader.
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
