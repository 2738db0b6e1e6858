package io.holdfast.jdbc;

import static org.awaitility.Awaitility.await;

import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.embedded.EmbeddedMariaDb;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Time;
import io.holdfast.testkit.RealTime;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.netcrusher.core.reactor.NioReactor;
import org.netcrusher.tcp.TcpCrusher;
import org.netcrusher.tcp.TcpCrusherBuilder;

/** A database, a client that never heard of Holdfast, and backends to try. */
final class TestDatabase implements AutoCloseable {

  static final Duration LONG = Duration.ofMinutes(10);

  /** Longer than this machine may stall: nothing is given up because of that. */
  static final Duration PATIENT = Duration.ofSeconds(60);

  static {
    Awaitility.setDefaultTimeout(PATIENT);
  }

  /** Real time, which nothing here has to be in charge of. */
  static final Time REAL = new RealTime();

  private final String url;
  private final Runnable stop;
  private final List<LockBackend> backends = new ArrayList<>();
  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private final Connection plain;

  /** One that runs already. */
  TestDatabase(String url, Runnable stop) {
    this.url = url;
    this.stop = stop;
    try {
      this.plain = DriverManager.getConnection(url);
    } catch (SQLException e) {
      stop.run();
      throw new IllegalStateException(e);
    }
  }

  /** A server for all tests of this JVM that do not harm it; it ends with the JVM. */
  private static final class SharedPostgreSql {
    static final EmbeddedPostgreSql SERVER =
        EmbeddedPostgreSql.builder().setting("scram_iterations", "1").start();
  }

  private static final class SharedMariaDb {
    static final EmbeddedMariaDb SERVER = EmbeddedMariaDb.start();
  }

  private static final AtomicInteger DATABASES = new AtomicInteger();

  /** A database of its own on the shared server. */
  static TestDatabase postgreSql() {
    return onShared(SharedPostgreSql.SERVER.jdbcUrl(), "/postgres?");
  }

  /** A database of its own on the shared server. */
  static TestDatabase mariaDb() {
    return onShared(SharedMariaDb.SERVER.jdbcUrl(), "/holdfast?");
  }

  private static TestDatabase onShared(String url, String usual) {
    String name = "test" + DATABASES.incrementAndGet();
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + name);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return new TestDatabase(url.replace(usual, "/" + name + "?"), () -> {});
  }

  static TestDatabase h2() {
    return new TestDatabase("jdbc:h2:mem:" + UUID.randomUUID(), () -> {});
  }

  String url() {
    return url;
  }

  /** The URL with parameters more. */
  String url(String parameter, String... more) {
    boolean semicolons = url.startsWith("jdbc:h2") || url.startsWith("jdbc:sqlserver");
    StringBuilder all = new StringBuilder(url).append(semicolons ? ";" : "&").append(parameter);
    for (String one : more) {
      all.append(semicolons ? ";" : "&").append(one);
    }
    return all.toString();
  }

  List<String> warnings() {
    return warnings;
  }

  /** Opens one on a table that it creates. */
  LockBackend open() {
    return open(url("holdfast.create=true"), PATIENT);
  }

  LockBackend open(String with, Duration requestTimeout) {
    return open(with, context(requestTimeout));
  }

  LockBackend open(String with, StoreContext context) {
    LockBackend backend = new JdbcBackendProvider().connect(with, context);
    backends.add(backend);
    return backend;
  }

  StoreContext context(Duration requestTimeout) {
    return context(REAL, requestTimeout, LockOptions.DEFAULTS.leaseFor());
  }

  StoreContext context(Time time, Duration requestTimeout, Duration leaseFor) {
    return new StoreContext(time, requestTimeout, leaseFor, warnings::add);
  }

  /** As a user connects, but for the patience. */
  Locks connect() {
    return Locks.connect(url, LocksConfig.DEFAULTS.requestTimeout(PATIENT));
  }

  /** A way to a port; another process may take the one that was just found free for it. */
  static TcpCrusher way(NioReactor reactor, int port) throws IOException {
    for (int tries = 10; ; tries--) {
      int free;
      try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        free = socket.getLocalPort();
      }
      try {
        return TcpCrusherBuilder.builder()
            .withReactor(reactor)
            .withBindAddress("127.0.0.1", free)
            .withConnectAddress("127.0.0.1", port)
            .buildAndOpen();
      } catch (RuntimeException taken) {
        if (tries == 1) {
          throw taken;
        }
      }
    }
  }

  /** Another connection of the plain client. */
  Connection connection() throws SQLException {
    return DriverManager.getConnection(url);
  }

  /**
   * Somebody has a name's row in a transaction, as a person at a console may, until it is closed.
   */
  Connection lockedByHand(String name) throws SQLException {
    Connection hand = connection();
    hand.setAutoCommit(false);
    try (Statement statement = hand.createStatement()) {
      statement.execute("select 1 from holdfast_lock where name = '" + name + "' for update");
    }
    return hand;
  }

  /** Until so many statements wait for somebody's row; of PostgreSQL. */
  void awaitWaitingForARow(int statements) {
    await()
        .until(
            () ->
                rows("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                        + " and datname = current_database()")
                    .get(0)
                    .equals(Integer.toString(statements)));
  }

  /** Runs a statement of the plain client's. */
  void run(String sql) {
    try (Statement statement = plain.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The rows that the plain client sees, each with its columns in one text. */
  List<String> rows(String sql) {
    List<String> found = new ArrayList<>();
    try (Statement statement = plain.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        List<String> columns = new ArrayList<>();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
          columns.add(String.valueOf(rows.getString(i)));
        }
        found.add(String.join(" | ", columns));
      }
      return found;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    backends.forEach(LockBackend::close);
    try {
      plain.close();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    } finally {
      stop.run();
    }
  }

  static Claim newClaim() {
    return Claim.on(new LockName("test:" + UUID.randomUUID()), "a test");
  }

  static Ask asking(Claim claim) {
    return asking(claim, false);
  }

  static Ask asking(Claim claim, boolean mayWait) {
    return new Ask(claim, LONG, mayWait, 1, 0);
  }

  static <A> A answer(CompletionStage<A> question) throws Exception {
    return question.toCompletableFuture().get(PATIENT.toSeconds(), TimeUnit.SECONDS);
  }
}
