package io.holdfast.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.Lease;
import io.holdfast.LeaseState;
import io.holdfast.LockEvent.LossCause;
import io.holdfast.LockEvent.Lost;
import io.holdfast.LockName;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that is killed, under a holder and one who waits. */
@Tag("slow")
class ZookeeperKilledServerTest {

  /** Its end is waited for; but it has to outlive a pause of this JVM and its server. */
  private static final Duration SHORT = Duration.ofSeconds(20);

  private static final String NAME = "killed";
  private static final String FOLDER = TestZookeeper.folderOf(new LockName(NAME));

  @TempDir private Path folder;
  private KillableServer server;

  @BeforeEach
  void start() throws Exception {
    server = new KillableServer(folder, TestZookeeper.SESSION);
    server.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void leaseIsRenewedByAServerThatIsBackInTime() throws Exception {
    LocksConfig config = TestZookeeper.config(TestZookeeper.SESSION);
    try (Locks locks = Locks.connect(server.url(), config);
        Locks others = Locks.connect(server.url(), config)) {
      Lease lease = locks.acquire(NAME);
      CompletableFuture<Lease> next = others.acquireAsync(NAME);
      List<String> line = lineOfTwo();
      server.kill();
      await("a renewal fails").until(() -> lease.state() == LeaseState.AT_RISK);
      server.start();
      await("another is answered").until(() -> lease.state() != LeaseState.AT_RISK);
      assertThat(lease.state()).isEqualTo(LeaseState.HELD);
      assertThat(server.children(FOLDER)).isEqualTo(line);
      assertThat(next).isNotDone();
      lease.close();
      try (Lease granted = next.get(60, TimeUnit.SECONDS)) {
        assertThat(granted.token()).isGreaterThan(lease.token());
      }
      nothingButTheBaseIsLeft();
    }
  }

  /** Nobody can have been granted it before: there was no server from the kill to the word. */
  @Test
  void lossIsToldWhileTheServerIsDeadAndTheNextTokenIsGreater() throws Exception {
    LocksConfig config = TestZookeeper.config(SHORT);
    CompletableFuture<LossCause> cause = new CompletableFuture<>();
    LocksConfig listening =
        config.listener(
            event -> {
              if (event instanceof Lost lost) {
                cause.complete(lost.cause());
              }
            });
    try (Locks locks = Locks.connect(server.url(), listening);
        Locks others = Locks.connect(server.url(), config)) {
      Lease lease = locks.acquire(NAME);
      CompletableFuture<Boolean> told = new CompletableFuture<>();
      lease.onLost(() -> told.complete(true));
      CompletableFuture<Lease> next = others.acquireAsync(NAME);
      List<String> unused = lineOfTwo();
      server.kill();
      assertThat(told.get(60, TimeUnit.SECONDS)).isTrue();
      assertThat(lease.state()).isEqualTo(LeaseState.LOST);
      assertThat(cause.get(60, TimeUnit.SECONDS)).isEqualTo(LossCause.EXPIRED);
      assertThat(next).isNotDone();
      server.start();
      long token = lease.token();
      try (Lease granted = next.get(120, TimeUnit.SECONDS)) {
        assertThat(granted.token()).isGreaterThan(token);
        token = granted.token();
      }
      try (Lease again = locks.acquire(NAME)) {
        assertThat(again.token()).isGreaterThan(token);
      }
      nothingButTheBaseIsLeft();
    }
  }

  /** The holder and who waits. */
  private List<String> lineOfTwo() throws Exception {
    await().until(() -> server.children(FOLDER).size() == 2);
    return server.children(FOLDER);
  }

  private void nothingButTheBaseIsLeft() {
    await()
        .untilAsserted(
            () -> assertThat(server.children("/holdfast/test")).containsExactly("%base"));
  }
}
