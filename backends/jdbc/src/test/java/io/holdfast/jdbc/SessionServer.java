package io.holdfast.jdbc;

import static org.awaitility.Awaitility.await;

import io.holdfast.LockName;
import io.holdfast.embedded.EmbeddedMariaDb;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.List;

/** A server as seen by an operator: which session has a lock, and its end. */
abstract class SessionServer implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final TestDatabase database;
  private final Runnable restart;

  private SessionServer(TestDatabase database, Runnable restart) {
    this.database = database;
    this.restart = restart;
    LockBackend forItsTable = database.open();
    forItsTable.close();
  }

  static SessionServer of(EmbeddedPostgreSql server) {
    TestDatabase database = new TestDatabase(server.jdbcUrl(), server::close);
    return new PostgreSql(database, server::restart);
  }

  static SessionServer of(EmbeddedMariaDb server) {
    TestDatabase database = new TestDatabase(server.jdbcUrl(), server::close);
    return new MariaDb(database, server::restart);
  }

  /** A database of its own on the server of many tests. */
  static SessionServer sharedPostgreSql() {
    return new PostgreSql(TestDatabase.postgreSql(), SessionServer::harm);
  }

  /** A database of its own on the server of many tests. */
  static SessionServer sharedMariaDb() {
    return new MariaDb(TestDatabase.mariaDb(), SessionServer::harm);
  }

  private static void harm() {
    throw new IllegalStateException("others use this server, too");
  }

  TestDatabase database() {
    return database;
  }

  String url() {
    return database.url("holdfast=session");
  }

  LockBackend open(Duration leaseFor) {
    return open(leaseFor, TestDatabase.REAL);
  }

  LockBackend open(Duration leaseFor, Time time) {
    return open(url(), database.context(time, TestDatabase.PATIENT, leaseFor));
  }

  LockBackend open(String url, StoreContext context) {
    return new JdbcBackendProvider().connect(url, context);
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

  void restart() {
    restart.run();
  }

  int port() {
    return Integer.parseInt(database.url().replaceFirst(".*:(\\d+)/.*", "$1"));
  }

  @Override
  public void close() {
    database.close();
  }

  private static final class PostgreSql extends SessionServer {
    PostgreSql(TestDatabase database, Runnable restart) {
      super(database, restart);
    }

    @Override
    List<String> holders(LockName name) {
      return database()
          .rows(
              "select pid from pg_locks join pg_database d on d.oid = database"
                  + " where locktype = 'advisory' and granted and objsubid = 1"
                  + " and datname = current_database()"
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
          .rows(
              "select pid from pg_stat_activity"
                  + " where application_name = 'Holdfast' and datname = current_database()");
    }
  }

  private static final class MariaDb extends SessionServer {
    MariaDb(TestDatabase database, Runnable restart) {
      super(database, restart);
    }

    @Override
    List<String> holders(LockName name) {
      String used =
          "is_used_lock(sha2(concat('holdfast/', database(), '/', '"
              + key(name).digits()
              + "'), 256))";
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
                  + " where db = database() and id <> connection_id()");
    }
  }
}
