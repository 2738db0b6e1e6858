package io.holdfast.jdbc;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Time;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection and the one thread that waits for it, because JDBC blocks: questions are put in
 * the order in which they came. After a failure the connection is closed, and the next question
 * opens another; none is ever sent twice.
 *
 * <p>A question that could not be put within the request timeout fails unsent: whoever asked has
 * given it up by then, and it must not take a lock for nobody. Thread-safe.
 */
final class Lane implements AutoCloseable {

  /** Opens a connection, each time one is needed. */
  @FunctionalInterface
  interface Opener {
    Connection open() throws SQLException;
  }

  /** A question; runs on the lane's thread. */
  @FunctionalInterface
  interface Question<A> {
    A on(Connection connection) throws SQLException;
  }

  /** After this long without a question a connection is tried before it is trusted. */
  private static final Duration IDLE = Duration.ofSeconds(10);

  private static final Duration END_OF_THREAD = Duration.ofSeconds(2);

  private final Opener opener;
  private final Time time;
  private final Duration requestTimeout;
  private final String about;
  private final ThreadPoolExecutor thread;
  private volatile @Nullable Connection connection; // set by the lane's thread only
  private volatile boolean inUse;
  private volatile boolean closed;
  private long lastUsed;

  /**
   * A lane without a connection; the first question opens it.
   *
   * @param name of the thread
   * @param about the server, for messages
   */
  Lane(Opener opener, Time time, Duration requestTimeout, String name, String about) {
    this.opener = opener;
    this.time = time;
    this.requestTimeout = requestTimeout;
    this.about = about;
    this.thread =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread started = new Thread(task, name);
              started.setDaemon(true);
              return started;
            });
  }

  /** Puts a question when those before it are answered; fails with a {@link LockException}. */
  <A> CompletableFuture<A> run(Question<A> question) {
    CompletableFuture<A> answer = new CompletableFuture<>();
    long since = time.nanoTime();
    try {
      thread.execute(() -> put(question, since, answer));
    } catch (RejectedExecutionException e) {
      answer.completeExceptionally(isClosed());
    }
    return answer;
  }

  private BackendException isClosed() {
    return new BackendException("The connection to " + about + " is closed");
  }

  private <A> void put(Question<A> question, long since, CompletableFuture<A> answer) {
    if (closed) {
      answer.completeExceptionally(isClosed());
      return;
    }
    if (time.nanoTime() - since - requestTimeout.toNanos() > 0) {
      answer.completeExceptionally(
          new BackendException(
              "Not sent: questions before it kept the connection to %s for %s"
                  .formatted(about, requestTimeout)));
      return;
    }
    inUse = true;
    try {
      Connection server = connected();
      if (closed) {
        throw isClosed(); // while it was opened
      }
      A answered = question.on(server);
      inUse = false;
      answer.complete(answered);
    } catch (SQLException | RuntimeException | Error e) {
      inUse = false;
      LockException failure = closed ? isClosed() : JdbcFailure.of(e, about);
      if (!(failure instanceof StoreRefusedException)) {
        disconnect();
      }
      answer.completeExceptionally(failure);
    } finally {
      lastUsed = time.nanoTime();
    }
  }

  private Connection connected() throws SQLException {
    Connection present = connection;
    boolean idle = time.nanoTime() - lastUsed - IDLE.toNanos() > 0;
    if (present != null && idle && !present.isValid((int) seconds(requestTimeout))) {
      disconnect();
      present = null;
    }
    if (present == null) {
      present = opener.open();
      connection = present;
    }
    return present;
  }

  private static long seconds(Duration span) {
    return Math.max(1, (span.toMillis() + 999) / 1000);
  }

  private void disconnect() {
    Connection present = connection;
    connection = null;
    if (present != null) {
      try {
        present.close();
      } catch (SQLException e) {
        // It is of no use any more, and the server ends what it hears nothing of.
      }
    }
  }

  /** Ends connection and thread; a question that is under way fails. */
  @Override
  public void close() {
    closed = true;
    try {
      thread.execute(this::disconnect);
    } catch (RejectedExecutionException e) {
      return; // closed before
    }
    thread.shutdown();
    Connection present = connection;
    try {
      if (inUse && present != null) {
        present.abort(Runnable::run);
      }
      thread.awaitTermination(END_OF_THREAD.toMillis(), TimeUnit.MILLISECONDS);
    } catch (SQLException e) {
      // Then the network timeout ends the wait, a little later.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
