package io.holdfast.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.holdfast.Lease;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.embedded.EmbeddedEtcd;
import io.holdfast.embedded.EmbeddedMariaDb;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.embedded.EmbeddedRedis;
import io.holdfast.spi.BackendProvider;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All backends on one class path, as a fleet has it that moves from one store to another. */
class EveryStoreTest {

  /** Schemes that are another one with TLS. */
  private static final Set<String> WITH_TLS = Set.of("rediss", "etcds");

  private static final Deque<AutoCloseable> SERVERS = new ArrayDeque<>();

  @TempDir private static Path folder;

  /** A URL of each store for which a server can be had here. */
  @SuppressWarnings("NullAway.Init")
  private static Map<String, String> urls;

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  @BeforeAll
  static void startServers() throws Exception {
    urls = new LinkedHashMap<>();
    urls.put("memory:", "memory:");
    urls.put("file:", folder.toUri().toString());
    urls.put("redis:", start(EmbeddedRedis.start()).url());
    String postgres = start(EmbeddedPostgreSql.start()).jdbcUrl();
    urls.put("jdbc:postgresql:", postgres + "&holdfast.create=true");
    urls.put("jdbc:postgresql: session", postgres + "&holdfast=session&holdfast.create=true");
    String mariadb = start(EmbeddedMariaDb.start()).jdbcUrl();
    String with = mariadb.contains("?") ? "&" : "?";
    urls.put("jdbc:mariadb:", mariadb + with + "holdfast.create=true");
    urls.put("jdbc:mariadb: session", mariadb + with + "holdfast=session&holdfast.create=true");
    if (EmbeddedEtcd.isInstalled()) {
      urls.put("etcd:", start(EmbeddedEtcd.start()).url());
    } else {
      System.out.println("SKIPPED: no etcd on PATH, so the other stores are tried without it");
    }
    // Last, because its tokens are up to a second ahead of the clock.
    TestingServer zookeeper = start(new TestingServer(likeADefaultServer(), true));
    urls.put("zookeeper:", "zookeeper://" + zookeeper.getConnectString());
  }

  private static <A extends AutoCloseable> A start(A server) {
    SERVERS.push(server);
    return server;
  }

  @AfterAll
  static void stopServers() throws Exception {
    close(SERVERS);
  }

  /** It listens at a port that the system gives it. */
  private static InstanceSpec likeADefaultServer() {
    Map<String, Object> settings =
        Map.of("maxSessionTimeout", "40000", "admin.enableServer", "false");
    return new InstanceSpec(null, 0, -1, -1, true, -1, 2000, -1, settings);
  }

  /** Drivers are loaded and tables made while it connects. */
  private Locks connect(String url) {
    Locks locks = Locks.connect(url, LocksConfig.DEFAULTS.requestTimeout(Duration.ofSeconds(30)));
    opened.push(locks);
    return locks;
  }

  @AfterEach
  void disconnect() throws Exception {
    close(opened);
  }

  private static void close(Deque<AutoCloseable> all) throws Exception {
    while (!all.isEmpty()) {
      all.pop().close();
    }
  }

  @Test
  void oneJvmHoldsALockInEachStoreAtOnceAndTokensGrowFromStoreToStore() throws Exception {
    Set<String> schemes = new TreeSet<>();
    for (BackendProvider provider : ServiceLoader.load(BackendProvider.class)) {
      schemes.addAll(provider.schemes());
    }
    schemes.removeAll(WITH_TLS);
    if (!EmbeddedEtcd.isInstalled()) {
      schemes.remove("etcd");
    }
    Set<String> tried = new TreeSet<>();
    urls.keySet().forEach(url -> tried.add(url.replaceAll(":.*", "")));
    assertThat(tried).as("a store is not tried here").isEqualTo(schemes);

    long before = 0;
    List<Lease> leases = new ArrayList<>();
    for (String url : urls.values()) {
      Locks locks = connect(url);
      Lease lease = locks.acquire("moves");
      assertThat(lease.token()).as(locks.guarantees().store()).isGreaterThan(before);
      before = lease.token();
      leases.add(lease);
    }
    assertThat(leases).allMatch(Lease::isHeld);
    for (Lease lease : leases) {
      lease.close();
    }
  }

  /** The table of docs/guarantees.md is what the stores say of themselves. */
  @Test
  void guaranteesAreWrittenDownAsTheStoresSayThem() throws Exception {
    Path page = Path.of("..", "..", "docs", "guarantees.md");
    String text = Files.readString(page);
    List<String> missing = new ArrayList<>();
    for (Map.Entry<String, String> store : urls.entrySet()) {
      String row = GuaranteesTable.row(store.getKey(), connect(store.getValue()));
      if (!text.contains("\n" + row + "\n")) {
        missing.add(row);
      }
    }
    assertThat(missing)
        .as("rows that %s should have, below%n%s", page, GuaranteesTable.HEAD)
        .isEmpty();
    assertThat(text).contains("\n" + GuaranteesTable.HEAD + "\n");
  }

  @Test
  void keepingOnAStoreThatDoesNotKeepIsWrongUsageAndNothingRuns() {
    assumeTrue(EmbeddedEtcd.isInstalled(), "SKIPPED: there is no etcd on PATH");
    String etcd = requireNonNull(urls.get("etcd:"));
    CommandLineRun keeping =
        CommandLineRun.of("run", "--store=" + etcd, "--keep=5s", "a", "--", "false");

    assertThat(keeping.exitCode()).isEqualTo(64);
    assertThat(keeping.err()).startsWith("holdfast: --keep: this store (etcd) keeps no lock");
  }

  /** Parts of several versions fail late, at the first call of what one of them lacks. */
  @Test
  void allPartsOfNettyAreOfOneVersion() throws IOException {
    Map<String, String> versions = new TreeMap<>();
    for (URL url :
        Collections.list(
            getClass().getClassLoader().getResources("META-INF/io.netty.versions.properties"))) {
      Properties properties = new Properties();
      try (InputStream text = url.openStream()) {
        properties.load(text);
      }
      properties.stringPropertyNames().stream()
          .filter(key -> key.endsWith(".version") && !key.contains("tcnative"))
          .forEach(key -> versions.put(key, properties.getProperty(key)));
    }
    assertThat(versions).hasSizeGreaterThan(5);
    assertThat(Set.copyOf(versions.values())).as("%s", versions).hasSize(1);
  }
}
