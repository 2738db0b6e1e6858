package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.TestZookeeper.SESSION;
import static io.holdfast.zookeeper.TestZookeeper.answer;
import static io.holdfast.zookeeper.TestZookeeper.asking;
import static io.holdfast.zookeeper.TestZookeeper.granted;
import static io.holdfast.zookeeper.TestZookeeper.newClaim;
import static io.holdfast.zookeeper.TestZookeeper.newName;
import static io.holdfast.zookeeper.TestZookeeper.waiting;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.LockName;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingCluster;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.FourLetterWordMain;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.netcrusher.core.reactor.NioReactor;
import org.netcrusher.tcp.TcpCrusher;
import org.netcrusher.tcp.TcpCrusherBuilder;

/** Three servers, of which one is the leader, and not always the same. */
@Tag("slow")
class ZookeeperEnsembleTest {

  private static String modeOf(InstanceSpec server) {
    try {
      return FourLetterWordMain.send4LetterWord("127.0.0.1", server.getPort(), "srvr");
    } catch (IOException | org.apache.zookeeper.common.X509Exception.SSLContextException e) {
      return "";
    }
  }

  private static InstanceSpec oneThatIs(String mode, TestingCluster cluster) {
    return await()
        .atMost(60, TimeUnit.SECONDS)
        .until(
            () ->
                cluster.getInstances().stream()
                    .filter(server -> modeOf(server).contains("Mode: " + mode))
                    .findAny(),
            java.util.Optional::isPresent)
        .get();
  }

  private static void awaitFollowers(TestingCluster cluster) {
    await()
        .atMost(60, TimeUnit.SECONDS)
        .until(
            () ->
                cluster.getInstances().stream()
                        .filter(server -> modeOf(server).contains("Mode: follower"))
                        .count()
                    == 2);
  }

  private static String urlOf(InstanceSpec server) {
    return TestZookeeper.urlOf("127.0.0.1:" + server.getPort());
  }

  @Test
  void deathOfTheLeaderKeepsTheLockAndTokensGrow() throws Exception {
    try (TestZookeeper zookeeper = TestZookeeper.three();
        ZookeeperBackend backend = zookeeper.open();
        ZookeeperBackend other = zookeeper.open()) {
      Claim claim = newClaim();
      long token = granted(backend, claim).firstToken();
      zookeeper.cluster().killServer(oneThatIs("leader", zookeeper.cluster()));
      Claim next = Claim.on(claim.name(), "next");
      await()
          .atMost(60, TimeUnit.SECONDS)
          .ignoreExceptions()
          .until(() -> answer(backend.renew(claim, SESSION)) instanceof Renewal.Renewed);
      await()
          .atMost(60, TimeUnit.SECONDS)
          .ignoreExceptions()
          .untilAsserted(
              () ->
                  assertThat(answer(other.ask(waiting(next)))).isInstanceOf(Attempt.Refused.class));
      assertThat(granted(backend, claim).firstToken()).isEqualTo(token);
      assertThat(answer(backend.release(claim, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
      await()
          .ignoreExceptions()
          .untilAsserted(() -> assertThat(granted(other, next).firstToken()).isGreaterThan(token));
    }
  }

  @Test
  void nothingButTheBaseIsLeftAtRest() throws Exception {
    try (TestZookeeper zookeeper = TestZookeeper.three();
        ZookeeperBackend backend = zookeeper.open()) {
      for (int i = 0; i < 5; i++) {
        Claim claim = newClaim();
        granted(backend, claim);
        answer(backend.release(claim, 0, Duration.ZERO));
      }
      await()
          .atMost(60, TimeUnit.SECONDS)
          .untilAsserted(
              () ->
                  assertThat(zookeeper.plain().getChildren("/holdfast/test", false))
                      .containsExactly("%base"));
      granted(backend, newClaim());
    }
  }

  /**
   * A follower that is cut off from the leader, and does not know it yet, still answers what is
   * read: it shows a session, and its node, that the leader has ended meanwhile.
   */
  @Test
  void followerThatLagsNeitherRenewsNorGrants() throws Exception {
    try (Links links = new Links()) {
      InstanceSpec leader = oneThatIs("leader", links.cluster);
      awaitFollowers(links.cluster); // without the one that is cut off there has to be another
      InstanceSpec follower = oneThatIs("follower", links.cluster);
      LockName name = newName();
      Claim claim = Claim.on(name, "at the follower");
      Claim waiter = Claim.on(name, "waits there, too");
      Claim next = Claim.on(name, "at the leader");
      Duration shortly = Duration.ofSeconds(20); // longer than a pause
      ZooKeeper reader = new ZooKeeper("127.0.0.1:" + follower.getPort(), 30_000, event -> {});
      try (ZookeeperBackend behind = links.open(urlOf(follower), shortly);
          ZookeeperBackend ahead = links.open(urlOf(leader), SESSION)) {
        raiseBase(reader); // or a lift would be sent, which is for the leader, too
        long token = granted(behind, claim).firstToken();
        answer(behind.ask(waiting(waiter)));
        assertThat(reader.getChildren(TestZookeeper.folderOf(name), false)).hasSize(2);
        links.freeze(follower, leader);
        await()
            .atMost(60, TimeUnit.SECONDS)
            .until(() -> answer(ahead.ask(asking(next))) instanceof Attempt.Granted);
        assertThat(granted(ahead, next).firstToken()).isGreaterThan(token);

        CompletableFuture<Attempt> again = behind.ask(asking(claim)).toCompletableFuture();
        CompletableFuture<Attempt> moves = behind.ask(waiting(waiter)).toCompletableFuture();
        for (int i = 0; i < 200; i++) { // long enough for an answer, if there were one
          assertThat(reader.getChildren(TestZookeeper.folderOf(name), false))
              .as("what a follower says that thinks it is one")
              .hasSize(2);
        }
        CompletableFuture<Renewal> renewal = behind.renew(claim, shortly).toCompletableFuture();
        for (int i = 0; i < 200; i++) {
          reader.exists("/holdfast", false);
        }
        links.unfreeze();
        assertThat(outcome(again)).isNotInstanceOf(Attempt.Granted.class);
        assertThat(outcome(moves)).isNotInstanceOf(Attempt.Granted.class);
        assertThat(outcome(renewal)).isNotInstanceOf(Renewal.Renewed.class);
      } finally {
        reader.close();
      }
    }
  }

  private static void raiseBase(ZooKeeper client) throws Exception {
    String node = "/holdfast/test/%base";
    long base = Long.parseLong(new String(client.getData(node, false, null), US_ASCII));
    client.setData(node, Long.toString(base + 3_600_000_000L).getBytes(US_ASCII), -1);
  }

  private static Object outcome(CompletableFuture<?> question) throws Exception {
    return question
        .handle((answer, failure) -> failure == null ? answer : failure)
        .get(60, TimeUnit.SECONDS);
  }

  /** An ensemble whose servers reach each other over links that can be frozen. */
  private static final class Links implements AutoCloseable {
    private final NioReactor reactor = new NioReactor();
    private final Map<String, TcpCrusher> links = new HashMap<>();
    private final TestingCluster cluster;

    private Links() throws Exception {
      List<InstanceSpec> servers = new ArrayList<>();
      for (int id = 1; id <= 3; id++) {
        // A follower that hears nothing gives up after so many ticks.
        InstanceSpec any = TestZookeeper.spec(-1, Map.of("syncLimit", "600"));
        servers.add(like(any, any.getQuorumPort(), id));
      }
      Map<InstanceSpec, java.util.Collection<InstanceSpec>> views = new java.util.LinkedHashMap<>();
      for (InstanceSpec from : servers) {
        List<InstanceSpec> view = new ArrayList<>();
        for (InstanceSpec to : servers) {
          view.add(from.equals(to) ? to : like(to, link(from, to), to.getServerId()));
        }
        views.put(from, view);
      }
      cluster = new TestingCluster(views);
      cluster.start();
    }

    private static InstanceSpec like(InstanceSpec spec, int quorumPort, int id) {
      return new InstanceSpec(
          spec.getDataDirectory(),
          spec.getPort(),
          spec.getElectionPort(),
          quorumPort,
          true,
          id,
          TestZookeeper.TICK,
          -1,
          spec.getCustomProperties());
    }

    private int link(InstanceSpec from, InstanceSpec to) {
      TcpCrusher link =
          TcpCrusherBuilder.builder()
              .withReactor(reactor)
              .withBindAddress("127.0.0.1", InstanceSpec.getRandomPort())
              .withConnectAddress("127.0.0.1", to.getQuorumPort())
              .buildAndOpen();
      links.put(from.getServerId() + ">" + to.getServerId(), link);
      return link.getBindAddress().getPort();
    }

    ZookeeperBackend open(String url, Duration session) {
      return ZookeeperBackend.connect(ZookeeperUrl.parse(url), TestZookeeper.context(session));
    }

    void freeze(InstanceSpec from, InstanceSpec to) {
      Objects.requireNonNull(links.get(from.getServerId() + ">" + to.getServerId()))
          .freezeAllPairs();
    }

    void unfreeze() {
      links.values().forEach(TcpCrusher::closeAllPairs);
    }

    @Override
    public void close() throws IOException {
      cluster.close();
      links.values().forEach(TcpCrusher::close);
      reactor.close();
    }
  }
}
