package io.holdfast.benchmarks;

import io.holdfast.Locks;
import io.holdfast.benchmarks.BenchCommand.Store;
import io.holdfast.embedded.EmbeddedEtcd;
import io.holdfast.embedded.EmbeddedServerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The stores of S9, ours on each, and beside it what is usual there. */
final class Contenders implements AutoCloseable {

  private final List<Contender> all = new ArrayList<>();
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  private Contenders() {}

  /**
   * Starts what {@code servers} lacks.
   *
   * @param stores which
   * @param absent is told what is left out, and why
   */
  static Contenders start(Servers servers, Set<Store> stores, Consumer<String> absent)
      throws SQLException, InterruptedException {
    Contenders contenders = new Contenders();
    try {
      for (Store store : new TreeSet<>(stores)) {
        switch (store) {
          case MEMORY -> contenders.inOneJvm();
          case FILE -> contenders.onFiles();
          case REDIS -> contenders.onRedis(servers);
          case POSTGRESQL -> contenders.onPostgreSql(servers);
          case ZOOKEEPER -> contenders.onZooKeeper();
          case ETCD -> contenders.onEtcd(absent);
        }
      }
      return contenders;
    } catch (EmbeddedServerException | IOException e) {
      contenders.close();
      throw new BenchException(BenchException.UNAVAILABLE, String.valueOf(e.getMessage()), e);
    } catch (SQLException | InterruptedException | RuntimeException e) {
      contenders.close();
      throw e;
    }
  }

  List<Contender> all() {
    return List.copyOf(all);
  }

  private void inOneJvm() {
    addInside("thread: ReentrantLock", "memory", false, new ThreadLocks());
    addInside("memory (ours)", "memory", true, ours("memory:bench"));
  }

  private void onFiles() throws IOException {
    Path folder = Files.createTempDirectory("holdfast-bench-");
    open.push(() -> remove(folder));
    addInside("file (ours)", "file", true, ours(folder.toUri().toString()));
  }

  private void onRedis(Servers servers) {
    add("Redis (ours)", "Redis", true, () -> ours(servers.redisUrl()), servers.redisPid());
  }

  private void onPostgreSql(Servers servers) throws SQLException {
    long postgres = servers.postgresPid();
    String table = servers.newDatabase();
    createTable(table);
    add("PostgreSQL row (ours)", "row", true, () -> ours(table), postgres);
    Locker row = new RowStatement(table);
    add("PostgreSQL row, bare", "row", false, () -> row, postgres);
    String sessions = servers.newDatabase();
    createTable(sessions);
    String ours = sessions + "&holdfast=session";
    add("PostgreSQL session (ours)", "session", true, () -> ours(ours), postgres);
    Locker advisory = new AdvisoryStatement(sessions);
    add("PostgreSQL advisory, bare", "session", false, () -> advisory, postgres);
  }

  private static void createTable(String url) throws SQLException {
    try (Connection connection = DriverManager.getConnection(url);
        Statement create = connection.createStatement()) {
      create.execute(Locks.schema(url).orElseThrow());
    }
  }

  private void onZooKeeper() throws InterruptedException {
    ZooKeeperProcess server = ZooKeeperProcess.start();
    open.push(server);
    String url = "zookeeper://" + server.address() + "/holdfast";
    add("ZooKeeper (ours)", "ZooKeeper", true, () -> ours(url), server.pid());
    Supplier<Locker> curator = () -> new CuratorLocks(server.address());
    add("ZooKeeper, Curator's mutex", "ZooKeeper", false, curator, server.pid());
  }

  private void onEtcd(Consumer<String> absent) {
    if (!EmbeddedEtcd.isInstalled()) {
      absent.accept("etcd: left out, because there is none on PATH");
      return;
    }
    EmbeddedEtcd server = EmbeddedEtcd.start();
    open.push(server);
    add("etcd (ours)", "etcd", true, () -> ours(server.url()), server.pid());
    Supplier<Locker> jetcd = () -> new JetcdLocks("http://127.0.0.1:" + server.port());
    add("etcd, jetcd's Lock", "etcd", false, jetcd, server.pid());
  }

  private static Locker ours(String url) {
    return new OurLocks(Locks.connect(url));
  }

  private void add(
      String label, String store, boolean ours, Supplier<Locker> another, long server) {
    Locker locker = another.get();
    open.push(locker);
    all.add(new Contender(label, store, ours, locker, Optional.of(another), List.of(server)));
  }

  private void addInside(String label, String store, boolean ours, Locker locker) {
    open.push(locker);
    all.add(new Contender(label, store, ours, locker, Optional.empty(), List.of()));
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  /** The last opened first: servers after their clients. */
  @Override
  public void close() {
    RuntimeException failed = null;
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (Exception e) {
        BenchException one =
            new BenchException(BenchException.FAILED, "cannot close: " + e.getMessage(), e);
        if (failed == null) {
          failed = one;
        } else {
          failed.addSuppressed(one);
        }
      }
    }
    if (failed != null) {
      throw failed;
    }
  }
}
