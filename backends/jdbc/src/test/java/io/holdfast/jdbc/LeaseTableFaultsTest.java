package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.LONG;
import static io.holdfast.jdbc.TestDatabase.answer;
import static io.holdfast.jdbc.TestDatabase.asking;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.BackendException;
import io.holdfast.Guarantees;
import io.holdfast.Lease;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.embedded.ChildJvm;
import io.holdfast.embedded.EmbeddedMariaDb;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Renewal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.netcrusher.core.reactor.NioReactor;
import org.netcrusher.tcp.TcpCrusher;

/** Servers, ways and holders that fail. */
@Tag("slow")
class LeaseTableFaultsTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** A server that is stopped and started, with its URL. */
  private record Server(String url, Runnable kill, Runnable restart, Runnable close) {
    static Server of(String product) {
      if (product.equals("PostgreSQL")) {
        EmbeddedPostgreSql server = EmbeddedPostgreSql.start();
        return new Server(server.jdbcUrl(), server::kill, server::restart, server::close);
      }
      EmbeddedMariaDb server = EmbeddedMariaDb.start();
      return new Server(server.jdbcUrl(), server::kill, server::restart, server::close);
    }
  }

  private static String created(TestDatabase database) {
    database.open().close();
    return database.url();
  }

  private static <A> A eventually(Callable<A> question) {
    return await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptionsMatching(e -> e instanceof ExecutionException)
        .until(question, answer -> true);
  }

  @ParameterizedTest
  @ValueSource(strings = {"PostgreSQL", "MariaDB"})
  void lockOutlivesTheRestartOfItsServer(String product) throws Exception {
    Server server = Server.of(product);
    try (TestDatabase database = new TestDatabase(server.url(), server.close())) {
      String url = created(database);
      LockBackend backend = database.open(url, TIMEOUT);
      Claim claim = newClaim();
      long token = ((Attempt.Granted) answer(backend.ask(asking(claim)))).firstToken();
      server.kill().run();
      assertThatThrownBy(() -> answer(backend.renew(claim, LONG)))
          .hasCauseInstanceOf(BackendException.class);
      server.restart().run();
      assertThat(eventually(() -> answer(backend.renew(claim, LONG))))
          .isInstanceOf(Renewal.Renewed.class);
      assertThat(eventually(() -> answer(backend.ask(asking(Claim.on(claim.name(), "another"))))))
          .isInstanceOf(Attempt.Refused.class);
      answer(backend.release(claim, token, Duration.ZERO));
      Attempt.Granted next =
          (Attempt.Granted) answer(backend.ask(asking(Claim.on(claim.name(), "next"))));
      assertThat(next.firstToken()).isGreaterThan(token);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"PostgreSQL", "MariaDB"})
  void cutAndHalfOpenWaysAreNoAnswerAndThenReplaced(String product) throws Exception {
    try (TestDatabase database =
            product.equals("PostgreSQL") ? TestDatabase.postgreSql() : TestDatabase.mariaDb();
        NioReactor reactor = new NioReactor()) {
      String direct = created(database);
      int port = Integer.parseInt(direct.replaceFirst(".*:([0-9]+)/.*", "$1"));
      try (TcpCrusher way = TestDatabase.way(reactor, port)) {
        String through = direct.replace(":" + port, ":" + way.getBindAddress().getPort());
        LockBackend backend = database.open(through, TIMEOUT);
        Claim claim = newClaim();
        answer(backend.ask(asking(claim)));

        way.closeAllPairs();
        assertThat(eventually(() -> answer(backend.renew(claim, LONG))))
            .isInstanceOf(Renewal.Renewed.class);
        eventually(() -> answer(backend.ask(asking(claim))));

        // Open and silent: nobody says that the connection is gone.
        way.freezeAllPairs();
        long since = System.nanoTime();
        assertThatThrownBy(() -> answer(backend.renew(claim, LONG)))
            .hasCauseInstanceOf(BackendException.class);
        assertThat(Duration.ofNanos(System.nanoTime() - since)).isLessThan(TestDatabase.PATIENT);
        assertThat(eventually(() -> answer(backend.renew(claim, LONG))))
            .as("over a new connection, while the old one is still frozen")
            .isInstanceOf(Renewal.Renewed.class);
      }
    }
  }

  /** Of all drivers it alone knows no time limit but one of its URL's. */
  @Test
  void silentH2OverANetworkIsNoAnswer() throws Exception {
    org.h2.tools.Server h2 =
        org.h2.tools.Server.createTcpServer("-tcpPort", "0", "-ifNotExists").start();
    try (NioReactor reactor = new NioReactor();
        TcpCrusher way = TestDatabase.way(reactor, h2.getPort());
        TestDatabase database =
            new TestDatabase("jdbc:h2:tcp://127.0.0.1:" + h2.getPort() + "/mem:a", () -> {})) {
      String direct = created(database);
      String through = direct.replace(":" + h2.getPort(), ":" + way.getBindAddress().getPort());
      LockBackend backend = database.open(through, TIMEOUT);
      answer(backend.ask(asking(newClaim())));
      way.freezeAllPairs();
      assertThatThrownBy(() -> answer(backend.ask(asking(newClaim()))))
          .hasCauseInstanceOf(BackendException.class);
    } finally {
      h2.stop();
    }
  }

  /** A process that takes a lock, and says whether it still has it whenever it is asked. */
  static final class Holder {
    private Holder() {}

    /** Of a URL and a lease in milliseconds. */
    public static void main(String[] arguments) throws Exception {
      LockOptions options =
          LockOptions.DEFAULTS.leaseFor(Duration.ofMillis(Long.parseLong(arguments[1])));
      // A JVM that has just begun, on a busy machine, takes its time to connect.
      LocksConfig config =
          LocksConfig.DEFAULTS.options(options).requestTimeout(Duration.ofSeconds(30));
      try (Locks locks = Locks.connect(arguments[0], config)) {
        Lease lease = locks.acquire("crash");
        System.out.println("held");
        while (System.in.read() >= 0) {
          System.out.println(lease.isHeld() ? "still" : "lost");
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"PostgreSQL KILL", "PostgreSQL STOP", "MariaDB KILL", "MariaDB STOP"})
  void lockOfADeadOrStoppedHolderIsFreeWhenItsLeaseEnds(String how) throws Exception {
    Duration lease = Duration.ofSeconds(2);
    BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();
    try (TestDatabase database =
        how.startsWith("PostgreSQL") ? TestDatabase.postgreSql() : TestDatabase.mariaDb()) {
      String url = created(database);
      try (ChildJvm holder =
              ChildJvm.start(
                  Holder.class,
                  List.of("-Xmx64m"),
                  List.of(url, Long.toString(lease.toMillis())),
                  Map.of(),
                  lines::add);
          Locks locks = database.connect()) {
        assertThat(lines.poll(60, TimeUnit.SECONDS)).as(holder.lastWords()).hasValue("held");
        if (how.endsWith("KILL")) {
          holder.kill();
        } else {
          holder.stop();
        }
        long since = System.nanoTime();
        Guarantees store = locks.guarantees();
        try (Lease next = locks.acquire("crash")) {
          assertThat(Duration.ofNanos(System.nanoTime() - since))
              .isLessThan(lease.plus(store.granularity()).plusSeconds(25)); // of the default's 30
          if (how.endsWith("STOP")) {
            holder.goOn();
            holder.send("");
            assertThat(lines.poll(60, TimeUnit.SECONDS)).hasValue("lost");
            next.ensureHeld();
          }
        }
      }
    }
  }

  @Test
  void standbyIsNoAnswer() {
    // A standby that takes no writes answers as a database that is set to take none.
    try (TestDatabase database = TestDatabase.postgreSql()) {
      created(database);
      String standby = database.url("options=-c%20default_transaction_read_only=on");
      assertThatThrownBy(() -> database.open(standby, Duration.ofSeconds(20)))
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("connect to the primary");
    }
  }
}
