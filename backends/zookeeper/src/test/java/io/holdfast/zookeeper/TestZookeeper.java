package io.holdfast.zookeeper;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.LocksConfig;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Time;
import io.holdfast.testkit.RealTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingCluster;
import org.apache.curator.test.TestingServer;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** Real servers, a client that never heard of Holdfast, and backends to try. */
final class TestZookeeper implements AutoCloseable {

  static final String BASE = "/holdfast/test/%base";
  static final int TICK = 200;

  /** The servers stand still with this JVM, and then end sessions before they hear of them. */
  static final Duration SESSION = Duration.ofSeconds(60);

  /** The longest session that servers grant here. */
  static final Duration LONGEST = Duration.ofMinutes(10);

  /** Longer than a machine stands still that has too much to do. */
  static final Duration PATIENT = Duration.ofSeconds(60);

  /** Real time, which nothing here has to be in charge of. */
  static final Time REAL = new RealTime();

  static {
    System.setProperty("zookeeper.forceSync", "no"); // no server here loses its power
    Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
    System.setProperty("znode.container.checkIntervalMs", "500"); // a minute by default
    System.setProperty("zookeeper.4lw.commands.whitelist", "*");
  }

  private final List<ZookeeperBackend> backends = new ArrayList<>();
  private final @Nullable TestingServer server;
  private final @Nullable TestingCluster cluster;
  private @Nullable ZooKeeper plain;

  private TestZookeeper(@Nullable TestingServer server, @Nullable TestingCluster cluster) {
    this.server = server;
    this.cluster = cluster;
  }

  /** One server. */
  static TestZookeeper one() {
    return one(Map.of());
  }

  static TestZookeeper one(Map<String, Object> settings) {
    try {
      return new TestZookeeper(new TestingServer(spec(0, settings), true), null); // at a free port
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** An ensemble of three. */
  static TestZookeeper three() {
    try {
      TestingCluster cluster =
          new TestingCluster(List.of(spec(-1, Map.of()), spec(-1, Map.of()), spec(-1, Map.of())));
      cluster.start();
      return new TestZookeeper(null, cluster);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Sessions of any length up to {@link #LONGEST}, ticks of {@link #TICK} ms; servers bear each
   * other's silence for longer than this JVM stands still.
   */
  static InstanceSpec spec(int port, Map<String, Object> settings) {
    Map<String, Object> all = new java.util.HashMap<>(settings);
    all.putIfAbsent("minSessionTimeout", "400");
    all.putIfAbsent("maxSessionTimeout", Long.toString(LONGEST.toMillis()));
    all.putIfAbsent("initLimit", "300");
    all.putIfAbsent("syncLimit", "300");
    all.putIfAbsent("admin.enableServer", "false");
    return new InstanceSpec(null, port, -1, -1, true, -1, TICK, -1, all);
  }

  TestingServer server() {
    return Objects.requireNonNull(server);
  }

  TestingCluster cluster() {
    return Objects.requireNonNull(cluster);
  }

  String servers() {
    return server == null ? cluster().getConnectString() : server.getConnectString();
  }

  String url() {
    return urlOf(servers());
  }

  static String urlOf(String servers) {
    return "zookeeper://" + servers + "/holdfast/test?tickTime=" + TICK;
  }

  ZookeeperBackend open() {
    return open(url(), SESSION);
  }

  ZookeeperBackend open(String url, Duration session) {
    return open(url, context(session));
  }

  /** Whose clock is in the test's hands. */
  ZookeeperBackend open(String url, Duration session, Time time) {
    return open(url, new StoreContext(time, PATIENT, session, warning -> {}));
  }

  private ZookeeperBackend open(String url, StoreContext context) {
    ZookeeperBackend backend = ZookeeperBackend.connect(ZookeeperUrl.parse(url), context);
    backends.add(backend);
    return backend;
  }

  static StoreContext context(Duration session) {
    return new StoreContext(REAL, PATIENT, session, warning -> {});
  }

  /** Of locks that are patient with the store and with each other. */
  static LocksConfig config(Duration leaseFor) {
    return LocksConfig.DEFAULTS
        .requestTimeout(PATIENT)
        .options(LockOptions.DEFAULTS.leaseFor(leaseFor).waitAtMost(Duration.ofMinutes(2)));
  }

  /**
   * Puts the base so far ahead of the clock that nobody lifts it for the clock's sake, however late
   * it is: where what is sent, or which base a token has, must not hang on that.
   */
  void liftBaseFarAhead() throws Exception {
    open().close(); // makes it
    Stat stat = new Stat();
    long base = Long.parseLong(new String(plain().getData(BASE, false, stat), US_ASCII));
    byte[] ahead = Long.toString(base + 3_600_000_000L).getBytes(US_ASCII);
    plain().setData(BASE, ahead, stat.getVersion());
  }

  /** A client with all rights. */
  ZooKeeper plain() {
    if (plain == null) {
      try {
        plain = new ZooKeeper(servers(), (int) LONGEST.toMillis(), event -> {});
      } catch (java.io.IOException e) {
        throw new IllegalStateException(e);
      }
    }
    return Objects.requireNonNull(plain);
  }

  static String folderOf(LockName name) {
    return "/holdfast/test/" + Line.folderOf(name);
  }

  /** The names of the nodes of a lock, in no order. */
  List<String> nodes(LockName name) {
    try {
      plain().sync("/");
      return new Line(plain().getChildren(folderOf(name), false)).nodes();
    } catch (KeeperException.NoNodeException e) {
      return List.of();
    } catch (KeeperException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  void deleteNodes(LockName name) {
    try {
      for (String node : nodes(name)) {
        plain().delete(folderOf(name) + "/" + node, -1);
      }
    } catch (KeeperException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    backends.forEach(ZookeeperBackend::close);
    try {
      if (plain != null) {
        plain.close();
      }
      if (server != null) {
        server.close();
      }
      if (cluster != null) {
        cluster.close();
      }
    } catch (java.io.IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A name whose folder is there, and stays: there is another node in it. */
  LockName usedName(ZookeeperBackend backend) throws Exception {
    Claim before = newClaim();
    granted(backend, before);
    plain()
        .create(
            folderOf(before.name()) + "/stays",
            new byte[0],
            ZooDefs.Ids.OPEN_ACL_UNSAFE,
            CreateMode.PERSISTENT);
    answer(backend.release(before, 0, Duration.ZERO));
    return before.name();
  }

  static LockName newName() {
    return new LockName("test:" + UUID.randomUUID());
  }

  static Claim newClaim() {
    return Claim.on(newName(), "a test");
  }

  static Ask asking(Claim claim) {
    return new Ask(claim, SESSION, false, 1, 0);
  }

  static Ask waiting(Claim claim) {
    return new Ask(claim, SESSION, true, 1, 0);
  }

  static Ask asking(Claim claim, int span) {
    return new Ask(claim, SESSION, false, span, 0);
  }

  static Attempt.Granted granted(ZookeeperBackend backend, Claim claim) throws Exception {
    return (Attempt.Granted) answer(backend.ask(asking(claim)));
  }

  static <A> A answer(CompletionStage<A> question) throws Exception {
    return question.toCompletableFuture().get(60, TimeUnit.SECONDS);
  }
}
