package io.holdfast.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.Lease;
import io.holdfast.LockOptions;
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
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
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
import java.util.regex.Pattern;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All backends on one class path, as a fleet has it that moves from one store to another. */
class EveryStoreTest {

  /** Schemes that are another one with TLS. */
  private static final Set<String> WITH_TLS = Set.of("rediss", "etcds");

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final Deque<AutoCloseable> SERVERS = new ArrayDeque<>();

  @TempDir private static Path folder;

  /** A URL of each store for which a server can be had here. */
  @SuppressWarnings("NullAway.Init")
  private static Map<String, String> urls;

  /** Where a CMDB may be. */
  @SuppressWarnings("NullAway.Init")
  private static String database;

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  @BeforeAll
  static void startServers() throws Exception {
    urls = new LinkedHashMap<>();
    urls.put("memory:", "memory:");
    urls.put("file:", folder.toUri().toString());
    urls.put("redis:", start(EmbeddedRedis.start()).url());
    database = start(EmbeddedPostgreSql.start()).jdbcUrl();
    urls.put("jdbc:postgresql:", database + "&holdfast.create=true");
    urls.put("jdbc:postgresql: session", database + "&holdfast=session&holdfast.create=true");
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
    for (String url : urls.values()) {
      connect(url).close(); // what is made once is made, so that it delays no command
    }
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
  private static Locks connect(String url) {
    return Locks.connect(url, LocksConfig.DEFAULTS.requestTimeout(Duration.ofSeconds(30)));
  }

  private Locks open(String url) {
    Locks locks = connect(url);
    opened.push(locks);
    return locks;
  }

  @AfterEach
  void disconnect() throws Exception {
    close(opened);
  }

  /** The stores that several processes can share. */
  private static List<String> shared() {
    return urls.values().stream().filter(url -> !url.equals("memory:")).toList();
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
      Locks locks = open(url);
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
    List<String> rows = new ArrayList<>();
    for (Map.Entry<String, String> store : urls.entrySet()) {
      rows.add(GuaranteesTable.row(store.getKey(), open(store.getValue())));
    }
    String table = Files.readString(page).split(Pattern.quote(GuaranteesTable.HEAD), 2)[1];
    assertThat(table.strip().lines().takeWhile(line -> !line.isBlank()))
        .as("the rows of %s below%n%s", page, GuaranteesTable.HEAD)
        .filteredOn(row -> EmbeddedEtcd.isInstalled() || !row.startsWith("| `etcd:` "))
        .containsExactlyElementsOf(rows);
  }

  @Test
  void whoTellsTheHolderInEachStore() throws Exception {
    for (String url : shared()) {
      try (Lease lease = open(url).acquire("seen", LockOptions.DEFAULTS.label("nightly"))) {
        JsonNode held = json("who", "--store", url, "--json", "seen");
        assertThat(held.get("held").asBoolean()).as(url).isTrue();
        assertThat(held.get("label").asText()).as(url).isEqualTo("nightly");
        assertThat(held.get("token").asLong()).as(url).isEqualTo(lease.token());
      }
      JsonNode free = json("who", "--store", url, "--json", "seen");
      assertThat(free.get("held").asBoolean()).as(url).isFalse();
    }
  }

  @Test
  void doctorTriesALockInEachStore() throws Exception {
    for (String url : urls.values()) {
      JsonNode found = json("doctor", "--json", url);
      assertThat(found.get("refused").asBoolean()).as("%s", found).isFalse();
      assertThat(found.get("findings"))
          .as(url)
          .anyMatch(
              one ->
                  one.get("subject").asText().equals("a lock")
                      && one.get("level").asText().equals("ok"));
    }
  }

  /** The locks of a CMDB move from one store to another, and its fences stay where they are. */
  @Test
  void fencesOfAFleetAcceptWhoeverMovesFromStoreToStoreAndBack() throws Exception {
    List<String> way = new ArrayList<>();
    if (EmbeddedEtcd.isInstalled()) {
      String redis = requireNonNull(urls.get("redis:"));
      String etcd = requireNonNull(urls.get("etcd:"));
      way.addAll(List.of(redis, etcd));
    }
    way.addAll(shared());
    long fence = 0;
    for (int hour = 0; hour < way.size(); hour++) {
      String store = way.get(hour);
      Path report = folder.resolve("report.jsonl");
      Files.writeString(
          report,
          """
          {"source":"a","observedAt":"2026-11-20T%02d:00:00Z","keys":{"serial":"s1"},\
          "attributes":{"note":"%d"}}
          """
              .formatted(hour, hour));
      long now = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
      json("cmdb", "ingest", "--db", database, "--store", store, "--json", report.toString());
      long next = fence();
      assertThat(next).as("after a report under " + store).isGreaterThan(Math.max(fence, now));
      fence = next;
    }
    JsonNode audit = json("cmdb", "audit", "--db", database, "--json");
    assertThat(audit.get("reports").asInt()).isEqualTo(way.size());
  }

  private static long fence() throws SQLException {
    try (Connection connection = DriverManager.getConnection(database);
        Statement query = connection.createStatement();
        ResultSet row = query.executeQuery("SELECT max(fence), count(*) FROM machine")) {
      assertThat(row.next()).isTrue();
      assertThat(row.getLong(2)).isEqualTo(1);
      return row.getLong(1);
    }
  }

  @Test
  @Tag("slow")
  void runHoldsTheLockInEachStoreWhileItsCommandRuns() throws Exception {
    for (String url : shared()) {
      Map<String, String> store = Map.of("HOLDFAST_STORE", url);
      try (CliProcess run =
          CliProcess.start(
              folder, store, "run", "runs", "--", "sh", "-c", "echo $HOLDFAST_TOKEN; cat")) {
        await().atMost(LIMIT).until(() -> !run.out().isEmpty());
        JsonNode held = json("who", "--store", url, "--json", "runs");
        assertThat(held.get("held").asBoolean()).as(url).isTrue();
        assertThat(run.out().strip()).as(url).isEqualTo(held.get("token").asText());
        run.writeStdin(""); // and its end
        assertThat(run.exitCode()).as(url).isZero();
        assertThat(run.errLines()).as(url).noneMatch(line -> line.startsWith("holdfast"));
      }
      JsonNode free = json("who", "--store", url, "--json", "runs");
      assertThat(free.get("held").asBoolean()).as(url).isFalse();
    }
  }

  @Test
  @Tag("slow")
  void raceLosesNothingWhereTheSessionIsTheLease() throws Exception {
    for (String url : sessionStores()) {
      Path outcomes = folder.resolve("race.json");
      CommandLineRun race =
          CommandLineRun.of(
              "race",
              "--quick",
              "--rounds=1",
              "--merges=20",
              "--store=" + url,
              "--json=" + outcomes);
      assertThat(race.exitCode()).as(url + race.out() + race.err()).isZero();
      assertThat(Files.readString(outcomes)).contains("(ours)");
    }
  }

  @Test
  @Tag("slow")
  void demoLosesNothingWhereTheSessionIsTheLease() throws Exception {
    for (String url : sessionStores()) {
      Path summary = folder.resolve("demo.json");
      CommandLineRun demo;
      try (EmbeddedPostgreSql postgres = EmbeddedPostgreSql.start()) {
        String own = "--db=" + postgres.jdbcUrl();
        demo = CommandLineRun.of("demo", "--quick", "--store=" + url, own, "--json=" + summary);
      }
      assertThat(demo.exitCode()).as(url + demo.out() + demo.err()).isZero();
      JsonNode result = new ObjectMapper().readTree(summary.toFile());
      assertThat(result.get("lost").asInt()).isZero();
      assertThat(result.get("workersKilled").asInt()).isPositive();
      assertThat(result.get("staleWritesRefused").asInt()).isPositive();
    }
  }

  private static List<String> sessionStores() {
    return urls.entrySet().stream()
        .filter(store -> Set.of("etcd:", "zookeeper:").contains(store.getKey()))
        .map(Map.Entry::getValue)
        .toList();
  }

  private static JsonNode json(String... words) throws IOException {
    CommandLineRun run = CommandLineRun.of(words);
    assertThat(run.exitCode()).as(List.of(words) + run.out() + run.err()).isZero();
    return run.json();
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
