package io.holdfast.jdbc;

import static org.awaitility.Awaitility.await;

import io.holdfast.LockName;
import io.holdfast.embedded.EmbeddedMariaDb;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import java.time.Duration;
import java.util.List;

/** A server as seen by an operator: which session has a lock, and its end. */
abstract class SessionServer implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final TestDatabase database;

  SessionServer(TestDatabase database) {
    this.database = database;
    LockBackend forItsTable = database.open();
    forItsTable.close();
  }

  static SessionServer of(EmbeddedPostgreSql server) {
    return new PostgreSql(server);
  }

  static SessionServer of(EmbeddedMariaDb server) {
    return new MariaDb(server);
  }

  TestDatabase database() {
    return database;
  }

  String url() {
    return database.url("holdfast=session");
  }

  LockBackend open(Duration leaseFor) {
    return open(url(), leaseFor, Duration.ofSeconds(10));
  }

  LockBackend open(String url, Duration leaseFor, Duration requestTimeout) {
    return new JdbcBackendProvider()
        .connect(
            url,
            new StoreContext(
                TestDatabase.REAL, requestTimeout, leaseFor, database.warnings()::add));
  }

  static SessionKey key(LockName name) {
    return SessionKey.of("holdfast_lock", name.value());
  }

  /** The sessions that have the lock. */
  abstract List<String> holders(LockName name);

  /** Tells the server to end a session. */
  abstract void end(String session);

  /** The sessions of backends. */
  abstract List<String> sessions();

  /** Ends whoever has the lock, and waits for it. */
  void endHolder(LockName name) {
    holders(name).forEach(this::end);
    await().atMost(LIMIT).until(() -> holders(name).isEmpty());
  }

  abstract void restart();

  abstract int port();

  @Override
  public void close() {
    database.close();
  }

  private static final class PostgreSql extends SessionServer {
    private final EmbeddedPostgreSql server;

    PostgreSql(EmbeddedPostgreSql server) {
      super(new TestDatabase(server.jdbcUrl(), server::close));
      this.server = server;
    }

    @Override
    List<String> holders(LockName name) {
      return database()
          .rows(
              "select pid from pg_locks where locktype = 'advisory' and granted and objsubid = 1"
                  + " and (classid::bigint << 32 | objid::bigint) = "
                  + key(name).number());
    }

    @Override
    void end(String session) {
      database().run("select pg_terminate_backend(" + session + ")");
    }

    @Override
    List<String> sessions() {
      return database()
          .rows("select pid from pg_stat_activity where application_name = 'Holdfast'");
    }

    @Override
    void restart() {
      server.restart();
    }

    @Override
    int port() {
      return server.port();
    }
  }

  private static final class MariaDb extends SessionServer {
    private final EmbeddedMariaDb server;

    MariaDb(EmbeddedMariaDb server) {
      super(new TestDatabase(server.jdbcUrl(), server::close));
      this.server = server;
    }

    @Override
    List<String> holders(LockName name) {
      String used =
          "is_used_lock(sha2(concat('holdfast/holdfast/', '" + key(name).digits() + "'), 256))";
      return database().rows("select " + used + " from dual where " + used + " is not null");
    }

    @Override
    void end(String session) {
      database().run("kill " + session);
    }

    @Override
    List<String> sessions() {
      return database()
          .rows(
              "select id from information_schema.processlist"
                  + " where user = 'root' and id <> connection_id()");
    }

    @Override
    void restart() {
      server.restart();
    }

    @Override
    int port() {
      return server.port();
    }
  }
}
