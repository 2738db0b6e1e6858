package io.holdfast.cmdb.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.cmdb.merge.Rules;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.store.Ack;
import io.holdfast.cmdb.store.Audit;
import io.holdfast.cmdb.store.Database;
import io.holdfast.cmdb.store.MachineStore;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.embedded.EmbeddedRedis;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The unhappy half, on real servers. */
class IngestTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static EmbeddedPostgreSql postgres;
  private static EmbeddedRedis redis;

  private final Queue<Ack> acks = new ConcurrentLinkedQueue<>();
  private final Deque<AutoCloseable> open = new ConcurrentLinkedDeque<>();
  private Database database;

  @BeforeAll
  static void start() {
    postgres = EmbeddedPostgreSql.builder().setting("scram_iterations", "1").start();
    redis = EmbeddedRedis.start();
  }

  @AfterAll
  static void stop() {
    redis.close();
    postgres.close();
  }

  @BeforeEach
  void emptyDatabase() throws Exception {
    sql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public");
    database = Database.openToMerge(postgres.jdbcUrl(), 40);
    open.push(database);
  }

  @AfterEach
  void close() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  private static void sql(String... statements) throws Exception {
    try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl());
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  private static void flushRedis() {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), redis.port())) {
      socket.getOutputStream().write("FLUSHALL\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(socket.getInputStream().readNBytes(3), StandardCharsets.US_ASCII))
          .isEqualTo("+OK");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static long number(String query) throws Exception {
    try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl());
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      row.next();
      return row.getLong(1);
    }
  }

  /** As in a process of its own: with its own connection to the locks. */
  private Ingest ingest(Settings settings, Tally tally, Gate gate) {
    return ingest(MachineStore.of(database), settings, tally, gate);
  }

  private Ingest ingest(MachineStore machines, Settings settings, Tally tally, Gate gate) {
    Locks locks = Locks.connect(redis.url(), LocksConfig.DEFAULTS.listener(tally));
    open.push(locks);
    Ingest ingest =
        new Ingest(
            locks,
            machines,
            settings,
            tally,
            acknowledged -> acknowledged.forEach(each -> acks.add(each.ack())),
            gate);
    open.push(ingest);
    return ingest;
  }

  private Ingest ingest() {
    return ingest(Settings.DEFAULTS.leaseFor(Duration.ofSeconds(2)), new Tally(), Gate.OPEN);
  }

  private Audit.Result audit() throws Exception {
    return Audit.of(database, acks.stream().map(ack -> ack.report().id()).toList().iterator());
  }

  private void assertClean() throws Exception {
    Audit.Result audit = audit();
    assertThat(audit.findings()).isEmpty();
    assertThat(audit.isClean()).isTrue();
  }

  @Test
  void firstReportsOfOneMachineThroughDifferentKeysMakeOneMachine() throws Exception {
    List<Ingest> ingests = List.of(ingest(), ingest(), ingest());
    int machines = 60;
    List<List<Report>> all = new ArrayList<>();
    for (int i = 0; i < machines; i++) {
      List<Report> ofOne = new ArrayList<>();
      ofOne.add(Reports.of("a", "a", "serial:s" + i, "uuid:u" + i));
      ofOne.add(Reports.of("b", "b", "uuid:u" + i, "agentId:a" + i));
      ofOne.add(Reports.of("c", "c", "agentId:a" + i, "cloudId:c" + i));
      ofOne.add(Reports.of("d", "d", "serial:s" + i));
      Collections.shuffle(ofOne, new Random(i));
      all.add(ofOne);
    }
    for (List<Report> ofOne : all) {
      for (int i = 0; i < ofOne.size(); i++) {
        ingests.get(i % ingests.size()).submit(ofOne.get(i), i);
      }
    }
    for (Ingest ingest : ingests) {
      ingest.awaitAll();
    }

    assertThat(acks).hasSize(machines * 4);
    assertThat(number("SELECT count(*) FROM machine WHERE merged_into IS NULL"))
        .isEqualTo(machines);
    assertThat(
            number(
                "SELECT count(*) FROM machine WHERE record @>"
                    + " '{\"a\":\"by a\",\"b\":\"by b\",\"c\":\"by c\",\"d\":\"by d\"}'"))
        .isEqualTo(machines);
    assertClean();
  }

  @Test
  void aReportMayJoinTwoMachinesWhileBothAreWritten() throws Exception {
    List<Ingest> ingests = List.of(ingest(), ingest());
    int pairs = 15;
    for (int i = 0; i < pairs; i++) {
      ingests.get(0).submit(Reports.of("first", "x", "serial:s" + i), 0);
      ingests.get(1).submit(Reports.of("first", "y", "uuid:u" + i), 0);
    }
    for (Ingest ingest : ingests) {
      ingest.awaitAll();
    }
    assertThat(number("SELECT count(*) FROM machine")).isEqualTo(2L * pairs);

    for (int round = 0; round < 6; round++) {
      for (int i = 0; i < pairs; i++) {
        String source = "source" + round;
        ingests.get(round % 2).submit(Reports.of(source, "x" + round, "serial:s" + i), 0);
        ingests.get((round + 1) % 2).submit(Reports.of(source, "y" + round, "uuid:u" + i), 0);
        if (round == 3) {
          Report joining = Reports.of("joining", "z", "serial:s" + i, "uuid:u" + i);
          ingests.get(i % 2).submit(joining, 0);
        }
      }
    }
    for (Ingest ingest : ingests) {
      ingest.awaitAll();
    }

    assertThat(number("SELECT count(*) FROM machine WHERE merged_into IS NULL")).isEqualTo(pairs);
    assertThat(number("SELECT count(*) FROM machine WHERE merged_into IS NOT NULL"))
        .as("redirects")
        .isEqualTo(pairs);
    assertThat(number("SELECT count(*) FROM machine WHERE record ?& array['x','y','z','x5','y5']"))
        .isEqualTo(pairs);
    assertClean();
  }

  @Test
  void aReportWithoutAStrongKeyLivesWithTheOneMachineThatClaimsItsName() throws Exception {
    Ingest ingest = ingest();
    Report byName = Reports.of("monitor", "seen", "hostname:web1");

    submitAll(ingest, byName);
    assertThat(number("SELECT count(*) FROM machine WHERE merged_into IS NULL")).isEqualTo(1);
    submitAll(ingest, Reports.of("a", "a", "serial:s1", "hostname:web1"));
    assertThat(number("SELECT count(*) FROM machine WHERE record ?& array['a','seen']"))
        .as("it moves to the first that claims the name")
        .isEqualTo(1);
    submitAll(ingest, Reports.of("b", "b", "serial:s2", "hostname:web1"));
    assertThat(
            number(
                "SELECT count(*) FROM machine WHERE record ? 'seen' AND NOT record ?| array['a','b']"))
        .as("and away when a second does")
        .isEqualTo(1);
    submitAll(ingest, Reports.of("c", "c", "serial:s1", "serial:s2"));
    assertThat(number("SELECT count(*) FROM machine WHERE record ?& array['a','b','c','seen']"))
        .as("and back when both turn out to be one")
        .isEqualTo(1);
    assertThat(number("SELECT count(*) FROM machine WHERE merged_into IS NULL")).isEqualTo(1);
    assertClean();
  }

  private static void submitAll(Ingest ingest, Report... reports) throws Exception {
    for (Report report : reports) {
      ingest.submit(report, 0);
    }
    ingest.awaitAll();
  }

  @Test
  void whatWasAcknowledgedIsThereWhenTheDatabaseWasKilled() throws Exception {
    Ingest ingest = ingest();
    int wanted = 4_000;
    int before = 3_000;
    CompletableFuture<Void> killed =
        CompletableFuture.runAsync(
            () -> {
              await().atMost(LIMIT).until(() -> acks.size() > 1_000);
              postgres.kill();
            });
    for (int i = 0; i < wanted; i++) {
      if (i == before) {
        killed.join(); // what comes now meets a database that is away
      }
      ingest.submit(Reports.of("source" + i % 5, "note", "serial:s" + i / 5), i);
    }
    postgres.restart();
    ingest.awaitAll();

    assertThat(acks).hasSize(wanted);
    assertThat(number("SELECT count(*) FROM report")).isEqualTo(wanted);
    assertClean();
  }

  @Test
  void aStoreThatIsKilledFlushedAndRestartedLosesNothing() throws Exception {
    Tally tally = new Tally();
    Ingest ingest =
        ingest(Settings.DEFAULTS.leaseFor(Duration.ofSeconds(1)).batch(20), tally, Gate.OPEN);
    Ingest other =
        ingest(Settings.DEFAULTS.leaseFor(Duration.ofSeconds(1)).batch(20), tally, Gate.OPEN);
    int wanted = 3_000;
    CompletableFuture<Void> trouble =
        CompletableFuture.runAsync(
            () -> {
              await().atMost(LIMIT).until(() -> acks.size() > 500);
              flushRedis();
              await().atMost(LIMIT).until(() -> acks.size() > 1_000);
              redis.kill();
              redis.restart();
            });
    for (int i = 0; i < wanted; i++) {
      // Both meet on the same machines.
      (i % 2 == 0 ? ingest : other)
          .submit(Reports.of("source" + i % 10, "note", "serial:s" + i / 10), i);
    }
    trouble.join();
    ingest.awaitAll();
    other.awaitAll();

    assertThat(acks).hasSize(wanted);
    assertThat(number("SELECT count(*) FROM report")).isEqualTo(wanted);
    assertClean();
  }

  @Test
  void whoGivesMoreThanMayBeOnItsWayWaitsUntilSomeIsMerged() throws Exception {
    Held held = new Held();
    held.armed.set(true);
    Settings settings = Settings.DEFAULTS.workers(1).batch(40).ahead(2);
    Ingest ingest = ingest(settings, new Tally(), held);
    AtomicInteger given = new AtomicInteger();
    Thread giver = give(100, ingest, given, new AtomicReference<>());
    try {
      held.stands.await();
      awaitWaiting(giver, given, 80);
      assertThat(acks).isEmpty();
    } finally {
      held.opened.countDown();
    }
    giver.join();
    ingest.awaitAll();
    assertThat(acks).hasSize(100);
    assertClean();
  }

  @Test
  void whoWaitsForRoomHearsThatTheIngestIsClosed() throws Exception {
    Held held = new Held();
    held.armed.set(true);
    Ingest ingest = ingest(Settings.DEFAULTS.workers(1).batch(40).ahead(2), new Tally(), held);
    AtomicInteger given = new AtomicInteger();
    AtomicReference<Exception> heard = new AtomicReference<>();
    Thread giver = give(100, ingest, given, heard);
    held.stands.await();
    awaitWaiting(giver, given, 80);
    ingest.close(); // interrupts whoever stands at the gate
    giver.join();
    assertThat(heard.get()).isInstanceOf(IngestException.class).hasMessageContaining("closed");
    assertThat(given).hasValue(80);
  }

  private static Thread give(
      int number, Ingest ingest, AtomicInteger given, AtomicReference<Exception> heard) {
    Thread giver =
        new Thread(
            () -> {
              try {
                for (int i = 0; i < number; i++) {
                  ingest.submit(Reports.of("source", "note", "serial:s" + i), i);
                  given.incrementAndGet();
                }
              } catch (IngestException | InterruptedException e) {
                heard.set(e);
              }
            });
    giver.setDaemon(true);
    giver.start();
    return giver;
  }

  private static void awaitWaiting(Thread giver, AtomicInteger given, int limit) {
    await()
        .atMost(LIMIT)
        .until(() -> given.get() >= limit && giver.getState() == Thread.State.WAITING);
    assertThat(given).hasValue(limit);
  }

  @Test
  void howMuchIsTakenAheadHasALimit() {
    assertThatThrownBy(() -> Settings.DEFAULTS.ahead(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("ahead");
    assertThatThrownBy(() -> Settings.DEFAULTS.ahead(65)).hasMessageContaining("65");
    assertThat(Settings.DEFAULTS.oneOf(1).ahead()).isEqualTo(8);
    assertThat(Settings.DEFAULTS.oneOf(2).ahead()).isEqualTo(2);
    Settings four = Settings.DEFAULTS.workers(4).batch(100);
    assertThat(four.ahead(1).inFlight()).isEqualTo(400);
    assertThat(four.ahead(64).inFlight()).isEqualTo(25_600);
    assertThat(four.batch(10).ahead(1).inFlight()).as("the least").isEqualTo(64);
  }

  /** Stands at the gate once, for this machine alone. */
  private static final class Held implements Gate {
    private final CountDownLatch stands = new CountDownLatch(1);
    private final CountDownLatch opened = new CountDownLatch(1);
    private final AtomicBoolean armed = new AtomicBoolean();

    @Override
    public void beforeWrite(java.util.Set<String> machines) {
      if (armed.compareAndSet(true, false)) {
        stands.countDown();
        try {
          opened.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /**
   * The lease ends under its holder, another merges, the holder writes: what demo shows, in one
   * JVM.
   */
  private Tally playStaleWrite(MachineStore machines) throws Exception {
    Held held = new Held();
    Tally tally = new Tally();
    Ingest paused = ingest(machines, Settings.DEFAULTS, tally, held);
    Ingest other = ingest();
    submitAll(paused, Reports.of("known", "known", "serial:hot"));

    held.armed.set(true);
    paused.submit(Reports.of("paused", "paused", "serial:hot"), 0);
    held.stands.await();
    flushRedis(); // as if its lease had run out
    submitAll(other, Reports.of("overtaking", "overtaking", "serial:hot"));
    held.opened.countDown();
    paused.awaitAll();
    return tally;
  }

  @Test
  void aStaleWriteIsRefusedAndMergedAgain() throws Exception {
    Tally tally = playStaleWrite(MachineStore.of(database));

    assertThat(tally.counts().staleWritesRefused()).isEqualTo(1);
    assertThat(
            number(
                "SELECT count(*) FROM machine WHERE record ?& array['known','paused','overtaking']"))
        .isEqualTo(1);
    assertClean();
  }

  @Test
  void withoutTheGuardAnAcknowledgedReportIsLostAndTheAuditFindsIt() throws Exception {
    Tally tally = playStaleWrite(MachineStore.withoutGuard(database));

    assertThat(tally.counts().staleWritesRefused()).isZero();
    Audit.Result audit = audit();
    assertThat(audit.lost())
        .containsExactly(Reports.of("overtaking", "overtaking", "serial:hot").id());
    assertThat(audit.isClean()).isFalse();
  }

  @Test
  void theSameReportGivenManyTimesAtOnceIsInTheLedgerOnce() throws Exception {
    List<Ingest> ingests = List.of(ingest(), ingest());
    Report report = Reports.of("a", "a", "serial:s1");
    for (int i = 0; i < 50; i++) {
      ingests.get(i % 2).submit(report, i);
    }
    for (Ingest ingest : ingests) {
      ingest.awaitAll();
    }

    assertThat(acks).hasSize(50);
    assertThat(acks.stream().filter(ack -> ack.status() == Ack.Status.APPLIED)).hasSize(1);
    assertThat(number("SELECT count(*) FROM report")).isEqualTo(1);
    assertThat(number("SELECT version FROM machine")).isEqualTo(1);
    assertClean();
  }

  @Test
  void newRulesMakeEveryRecordAnew() throws Exception {
    Ingest ingest = ingest();
    submitAll(
        ingest,
        Reports.of("one", "note", "serial:s1"),
        Reports.of("two", Reports.NOON.plusSeconds(1), "note", "serial:s1"));
    assertThat(number("SELECT count(*) FROM machine WHERE record->>'note' = 'by two'"))
        .isEqualTo(1);

    MachineStore machines = MachineStore.of(database);
    machines.putInForce(
        Rules.parse(
            "{\"attributes\":{\"*\":{\"strategy\":\"precedence\",\"sources\":[\"one\"]}}}"));
    try (Locks locks = Locks.connect(redis.url())) {
      assertThat(audit().byOlderRules()).isEqualTo(1);
      assertThat(Remerge.all(locks, machines)).isEqualTo(1);
    }

    assertThat(number("SELECT count(*) FROM machine WHERE record->>'note' = 'by one'"))
        .isEqualTo(1);
    assertThat(number("SELECT count(*) FROM history WHERE cause = 'rules'")).isEqualTo(1);
    assertClean();
    assertThat(audit().byOlderRules()).isZero();
  }

  @Test
  void anIngestThatCannotBearWitnessStops() throws Exception {
    try (Locks locks = Locks.connect(redis.url());
        Ingest ingest =
            new Ingest(
                locks,
                MachineStore.of(database),
                Settings.DEFAULTS,
                new Tally(),
                acknowledged -> {
                  throw new IOException("No space left on device");
                },
                Gate.OPEN)) {
      ingest.submit(Reports.of("a", "a", "serial:s1"), 0);
      assertThatThrownBy(ingest::awaitAll)
          .isInstanceOf(IngestException.class)
          .hasMessageContaining("No space left on device");
      assertThatThrownBy(() -> ingest.submit(Reports.of("b", "b", "serial:s1"), 0))
          .isInstanceOf(IngestException.class);
    }
  }
}
