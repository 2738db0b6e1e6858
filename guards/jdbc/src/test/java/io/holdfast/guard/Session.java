package io.holdfast.guard;

import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A connection with autocommit off and a thread of its own, so that a step may wait for a lock. */
final class Session implements AutoCloseable {

  static final Duration LIMIT = Duration.ofSeconds(60);

  final Connection connection;
  private final Database database;
  private final String number;
  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private Future<?> last = CompletableFuture.completedFuture("none");

  /** Of PostgreSQL. */
  Session(Isolation isolation) throws SQLException {
    this(PostgreSqlDatabase.POSTGRESQL, isolation);
  }

  Session(Database database, Isolation isolation) throws SQLException {
    this.database = database;
    connection = database.connect();
    connection.setTransactionIsolation(isolation.level);
    number = Database.ask(connection, database.numberOfSession());
    connection.setAutoCommit(false);
  }

  /** A step; it comes after the steps before it and returns a result or throws. */
  interface Step<T> {
    T run(Connection connection) throws SQLException;
  }

  /**
   * Begins the step; returns once it is done, or once the database says that it waits for a lock.
   */
  <T> Future<T> begin(Step<T> step) {
    Callable<T> call = () -> step.run(connection);
    Future<T> begun = thread.submit(call);
    last = begun;
    settle();
    return begun;
  }

  /** Waits until all steps begun are done, or one of them waits for another session's lock. */
  void settle() {
    await()
        .atMost(LIMIT)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(1))
        .until(() -> last.isDone() || isBlocked());
  }

  boolean isBlocked() throws SQLException {
    return database.isBlockedNow(number);
  }

  /** Runs the step and returns its result; its exception comes as it was thrown. */
  <T> T run(Step<T> step) throws SQLException {
    return result(begin(step));
  }

  static <T> T result(Future<T> step) throws SQLException {
    try {
      return step.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof SQLException sql) {
        throw sql;
      }
      if (e.getCause() instanceof RuntimeException runtime) {
        throw runtime;
      }
      throw new AssertionError(e);
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("the step did not end", e);
    }
  }

  void commit() throws SQLException {
    result(beginCommit());
  }

  Future<Boolean> beginCommit() {
    return begin(
        c -> {
          c.commit();
          return true;
        });
  }

  void rollback() throws SQLException {
    run(
        c -> {
          c.rollback();
          return true;
        });
  }

  @Override
  public void close() throws SQLException {
    thread.shutdownNow();
    connection.close();
  }

  /** What a writer read. */
  record Seen(String content, long version) {}

  static Seen read(Connection connection, String id) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery("SELECT content, version FROM record WHERE id = '" + id + "'")) {
      row.next();
      return new Seen(row.getString(1), row.getLong(2));
    }
  }
}
