package io.holdfast.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.Lease;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.embedded.ChildJvm;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A process that has a lock of its session is killed, or stopped: the next one gets it in time. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SessionCrashTest {

  private static final Duration LEASE = Duration.ofSeconds(6);

  /** What a machine under load may add to what the store and the waiter's pauses take. */
  private static final Duration LOAD = Duration.ofSeconds(30);

  private final Map<String, SessionServer> servers =
      Map.of(
          "PostgreSQL", SessionServer.sharedPostgreSql(),
          "MariaDB", SessionServer.sharedMariaDb());

  Stream<String> servers() {
    return servers.keySet().stream();
  }

  private SessionServer server(String product) {
    return Objects.requireNonNull(servers.get(product));
  }

  @AfterAll
  void stop() {
    servers.values().forEach(SessionServer::close);
  }

  private static LocksConfig config() {
    return LocksConfig.DEFAULTS
        .options(LockOptions.DEFAULTS.leaseFor(LEASE).waitAtMost(Duration.ofMinutes(1)))
        .requestTimeout(TestDatabase.PATIENT);
  }

  private static ChildJvm holder(String url, String name, BlockingQueue<String> said)
      throws InterruptedException {
    ChildJvm holder =
        ChildJvm.start(
            SessionHolder.class,
            List.of(),
            List.of(url, Long.toString(LEASE.toMillis()), name),
            Map.of(),
            line -> said.add(line.orElse("ended")));
    String first = said.poll(60, TimeUnit.SECONDS);
    assertThat(first).as(holder.lastWords()).startsWith("has ");
    return holder;
  }

  @ParameterizedTest
  @MethodSource("servers")
  void killedHoldersLockIsFreeAtOnce(String product) throws Exception {
    String url = server(product).url();
    String name = "crash:" + UUID.randomUUID();
    BlockingQueue<String> said = new LinkedBlockingQueue<>();
    try (Locks locks = Locks.connect(url, config());
        ChildJvm holder = holder(url, name, said)) {
      holder.kill();
      long since = System.nanoTime();
      try (Lease lease = locks.acquire(name)) {
        Duration took = Duration.ofNanos(System.nanoTime() - since);
        assertThat(took).isLessThan(LEASE.plus(LOAD));
        assertThat(lease.isHeld()).isTrue();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("servers")
  void stoppedHoldersLockIsFreeAfterTheLeaseAndItKnowsOnWaking(String product) throws Exception {
    SessionServer server = server(product);
    String name = "crash:" + UUID.randomUUID();
    BlockingQueue<String> said = new LinkedBlockingQueue<>();
    try (Locks locks = Locks.connect(server.url(), config());
        ChildJvm holder = holder(server.url(), name, said)) {
      holder.send("?");
      assertThat(said.poll(60, TimeUnit.SECONDS)).isEqualTo("held");
      holder.stop();
      long since = System.nanoTime();
      try (Lease lease = locks.acquire(name)) {
        Duration took = Duration.ofNanos(System.nanoTime() - since);
        assertThat(took).isBetween(Duration.ofSeconds(1), LEASE.plusSeconds(1).plus(LOAD));
        holder.goOn();
        holder.send("?");
        assertThat(said.poll(60, TimeUnit.SECONDS)).isEqualTo("lost");
        assertThat(lease.isHeld()).isTrue();
      }
    }
  }
}
