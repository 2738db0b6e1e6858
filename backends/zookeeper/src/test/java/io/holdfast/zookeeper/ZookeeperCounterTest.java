package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.TestZookeeper.answer;
import static io.holdfast.zookeeper.TestZookeeper.asking;
import static io.holdfast.zookeeper.TestZookeeper.granted;
import static io.holdfast.zookeeper.TestZookeeper.newClaim;
import static io.holdfast.zookeeper.TestZookeeper.newName;
import static io.holdfast.zookeeper.TestZookeeper.waiting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.Lease;
import io.holdfast.LockName;
import io.holdfast.Locks;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZKUtil;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A folder whose counter comes to its end, as it does after two thousand million claims. The server
 * runs in this JVM, so that its counter can be set forward.
 */
class ZookeeperCounterTest {

  /** The last number with which anybody waits or locks. */
  private static final int LAST = Integer.MAX_VALUE - (1 << 24) - 1;

  private static final int PROCESSES = 4;
  private static final int ROUNDS = 20;

  @TempDir private Path data;
  private ZooKeeperServer server;
  private ServerCnxnFactory connections;
  private final List<ZookeeperBackend> backends = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    server = new ZooKeeperServer(data.toFile(), data.toFile(), TestZookeeper.TICK);
    server.setMinSessionTimeout(400);
    server.setMaxSessionTimeout(Math.toIntExact(TestZookeeper.LONGEST.toMillis()));
    connections =
        ServerCnxnFactory.createFactory(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    connections.startup(server);
  }

  @AfterEach
  void stop() {
    backends.forEach(ZookeeperBackend::close);
    connections.shutdown();
  }

  private String url() {
    return TestZookeeper.urlOf("127.0.0.1:" + connections.getLocalPort());
  }

  private ZookeeperBackend open() {
    ZookeeperBackend backend =
        ZookeeperBackend.connect(
            ZookeeperUrl.parse(url()), TestZookeeper.context(TestZookeeper.SESSION));
    backends.add(backend);
    return backend;
  }

  /** The number that the next node gets. */
  private void setCounter(LockName name, int next) {
    server
        .getZKDatabase()
        .getDataTree()
        .getNode(TestZookeeper.folderOf(name))
        .stat
        .setCversion(next);
  }

  /** A creation is none where the counter stands still; a deletion is. */
  private long lastChange(LockName name) {
    return server
        .getZKDatabase()
        .getDataTree()
        .getNode(TestZookeeper.folderOf(name))
        .stat
        .getPzxid();
  }

  private List<Integer> sequences(LockName name) throws Exception {
    return server
        .getZKDatabase()
        .getDataTree()
        .getChildren(TestZookeeper.folderOf(name), null, null)
        .stream()
        .map(node -> Integer.valueOf(node.substring(33)))
        .toList();
  }

  @Test
  void whoComesAtTheEndOfTheCounterIsServedInANewFolderAfterAllBefore() throws Exception {
    ZookeeperBackend backend = open();
    LockName name = newName();
    Claim holder = Claim.on(name, "the holder");
    long first = granted(backend, holder).firstToken();
    setCounter(name, LAST);
    Claim last = Claim.on(name, "the last");
    Claim late = Claim.on(name, "late");
    assertThat(((Attempt.Refused) answer(backend.ask(waiting(last)))).position()).hasValue(1);
    Attempt.Refused refused = (Attempt.Refused) answer(backend.ask(waiting(late)));
    assertThat(refused.position()).isEmpty();
    assertThat(sequences(name)).containsExactlyInAnyOrder(0, LAST);
    long lastChange = lastChange(name);
    assertThat(answer(backend.ask(waiting(late)))).isInstanceOf(Attempt.Refused.class);
    assertThat(lastChange(name)).as("nobody comes there twice").isEqualTo(lastChange);
    AtomicInteger hints = new AtomicInteger();
    backend.watch(late, hints::incrementAndGet);
    hints.set(0);

    answer(backend.release(holder, first, Duration.ZERO));
    long second = granted(backend, last).firstToken();
    assertThat(second).isGreaterThan(first);
    assertThat(answer(backend.ask(asking(late)))).isInstanceOf(Attempt.Refused.class);
    assertThat(hints).as("of the holder's end").hasPositiveValue();
    assertThat(answer(backend.release(last, second, Duration.ZERO))).isEqualTo(Release.RELEASED);
    assertThat(granted(backend, late).firstToken()).isGreaterThan(second);
    assertThat(sequences(name)).containsExactly(0);
  }

  @Test
  void whoKnowsAFolderThatWasSpentStandsInTheLineOfTheNextOne() throws Exception {
    ZookeeperBackend one = open();
    ZookeeperBackend other = open();
    Claim late = Claim.on(newName(), "late");
    LockName name = late.name();
    long unused = meetsASpentFolderThatGoes(one, late, other);
    granted(other, Claim.on(name, "the next holder"));
    assertThat(((Attempt.Refused) answer(one.ask(waiting(late)))).position()).hasValue(1);
    assertThat(sequences(name)).containsExactlyInAnyOrder(0, 1);
  }

  @Test
  void whoKnowsAFolderThatWasSpentAndHasGoneMakesTheNextOne() throws Exception {
    ZookeeperBackend one = open();
    Claim late = Claim.on(newName(), "late");
    long token = meetsASpentFolderThatGoes(one, late, open());
    assertThat(granted(one, late).firstToken()).isGreaterThan(token);
    assertThat(sequences(late.name())).containsExactly(0);
  }

  /** Answers the token of another's lock in that folder. */
  private long meetsASpentFolderThatGoes(
      ZookeeperBackend backend, Claim late, ZookeeperBackend other) throws Exception {
    Claim holder = Claim.on(late.name(), "the holder");
    long token = granted(other, holder).firstToken();
    setCounter(late.name(), LAST + 1);
    assertThat(((Attempt.Refused) answer(backend.ask(waiting(late)))).position()).isEmpty();
    answer(other.release(holder, token, Duration.ZERO));
    try (ZooKeeper plain = plain()) {
      plain.delete(TestZookeeper.folderOf(late.name()), -1);
    }
    return token;
  }

  /** As often as the deletion by chance comes in between; until it is seen. */
  @Test
  void whoseFolderIsDeletedAsSoonAsItIsThereIsToAskAgain() throws Exception {
    ZookeeperBackend backend = open();
    LockName name = newName();
    AtomicBoolean enough = new AtomicBoolean();
    CompletableFuture<Void> deletions = CompletableFuture.runAsync(() -> delete(name, enough));
    try {
      await("a deletion between the folder and the node")
          .until(
              () -> {
                Claim claim = Claim.on(name, "a test");
                Attempt attempt = answer(backend.ask(asking(claim)));
                if (attempt instanceof Attempt.Granted granted) {
                  answer(backend.release(claim, granted.firstToken(), Duration.ZERO));
                }
                return attempt instanceof Attempt.Refused refused && refused.position().isEmpty();
              });
    } finally {
      enough.set(true);
    }
    deletions.get(TestZookeeper.PATIENT.toSeconds(), TimeUnit.SECONDS);
    granted(backend, Claim.on(name, "a test"));
  }

  private void delete(LockName name, AtomicBoolean enough) {
    try (ZooKeeper plain = plain()) {
      while (!enough.get()) {
        try {
          plain.delete(TestZookeeper.folderOf(name), -1);
        } catch (KeeperException.NoNodeException | KeeperException.NotEmptyException e) {
          Thread.onSpinWait(); // not there yet, or somebody is in it
        }
      }
    } catch (IOException | KeeperException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private ZooKeeper plain() throws IOException {
    int session = Math.toIntExact(TestZookeeper.SESSION.toMillis());
    return new ZooKeeper("127.0.0.1:" + connections.getLocalPort(), session, event -> {});
  }

  @Test
  void whoAsksWhereTheRootIsGoneHearsItAtOnce() throws Exception {
    ZookeeperBackend backend = open();
    try (ZooKeeper plain = plain()) {
      ZKUtil.deleteRecursive(plain, "/holdfast");
    }
    CompletableFuture<Attempt> asked = backend.ask(waiting(newClaim())).toCompletableFuture();
    assertThatThrownBy(() -> answer(asked)).hasMessageContaining("NONODE");
  }

  /** Where it stands still, two nodes have one number. */
  @Test
  void aCounterThatStandsStillLetsNoTwoIn() throws Exception {
    LockName name = newName();
    ZookeeperBackend first = open();
    Claim holder = Claim.on(name, "the holder");
    long token = granted(first, holder).firstToken();
    setCounter(name, Integer.MAX_VALUE);
    AtomicInteger inside = new AtomicInteger(1);
    AtomicLong lastToken = new AtomicLong(token);
    long lastChange = lastChange(name);
    ExecutorService threads = Executors.newFixedThreadPool(PROCESSES);
    try {
      List<Future<Boolean>> done = new ArrayList<>();
      for (int i = 0; i < PROCESSES; i++) {
        Callable<Boolean> work = () -> lockAndUnlock(name, inside, lastToken);
        done.add(threads.submit(work));
      }
      await("one that came and left").until(() -> lastChange(name) > lastChange);
      inside.decrementAndGet();
      answer(first.release(holder, token, Duration.ZERO));
      for (Future<Boolean> each : done) {
        assertThat(each.get(TestZookeeper.PATIENT.toSeconds(), TimeUnit.SECONDS)).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private boolean lockAndUnlock(LockName name, AtomicInteger inside, AtomicLong lastToken)
      throws InterruptedException {
    try (Locks locks = Locks.connect(url(), TestZookeeper.config(TestZookeeper.SESSION))) {
      for (int i = 0; i < ROUNDS; i++) {
        try (Lease lease = locks.acquire(name.value())) {
          assertThat(inside.incrementAndGet()).isEqualTo(1);
          assertThat(lease.token()).isGreaterThan(lastToken.getAndSet(lease.token()));
          if (i % 5 == 0) {
            setCounter(name, Integer.MAX_VALUE);
          }
          inside.decrementAndGet();
        }
      }
      return true;
    }
  }
}
