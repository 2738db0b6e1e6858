package io.holdfast.jdbc;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Time;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Some connections, each with the one thread that waits for it, because JDBC blocks. A question
 * goes to one that is at rest, the last that came to it first; while none is, questions stand in
 * line in the order in which they came, and one connection more is opened, up to the limit. What is
 * spare for a while is closed, but for the last one. A lane ends with its connection, at the first
 * failure; no question is ever sent twice.
 *
 * <p>A question that could not be put within the request timeout fails unsent: whoever asked has
 * given it up by then, and it must not take a lock for nobody. Thread-safe.
 */
final class Lanes implements AutoCloseable {

  /** Opens a connection, each time one is needed. */
  @FunctionalInterface
  interface Opener {
    Connection open() throws SQLException;
  }

  /** A question; runs on the thread of a lane. */
  @FunctionalInterface
  interface Question<A> {
    A on(Connection connection) throws SQLException;
  }

  /** After this long without a question a connection is tried before it is trusted. */
  private static final Duration TRUSTED = Duration.ofSeconds(10);

  private static final Duration SPARE = Duration.ofSeconds(30);
  private static final Duration PAUSE_AFTER_REFUSAL = Duration.ofSeconds(10);
  private static final Duration END_OF_THREADS = Duration.ofSeconds(2);

  private record Task<A>(
      Question<A> question, long since, Duration patience, CompletableFuture<A> answer) {}

  private final Opener opener;
  private final Time time;
  private final Duration requestTimeout;
  private final int most;
  private final String name;
  private final String about;

  private final ReentrantLock line = new ReentrantLock();
  private final Deque<Task<?>> waiting = new ArrayDeque<>();
  private final Set<Lane> lanes = new HashSet<>();
  private final Deque<Lane> atRest = new ArrayDeque<>();
  private int started;
  private boolean isOpening;
  private boolean isPausing;
  private long lastRefusal; // of a connection that was one more
  private long lastFailure; // what was at rest then may have ended, too
  private boolean isClosed;

  /**
   * No connection yet; the first question opens one.
   *
   * @param most of them
   * @param name what the threads' names begin with
   * @param about the server, for messages
   */
  Lanes(Opener opener, Time time, Duration requestTimeout, int most, String name, String about) {
    this.opener = opener;
    this.time = time;
    this.requestTimeout = requestTimeout;
    this.most = most;
    this.name = name;
    this.about = about;
    this.lastFailure = time.nanoTime();
  }

  /** Puts a question as soon as a connection is at rest; fails with a {@link LockException}. */
  <A> CompletableFuture<A> run(Question<A> question) {
    return run(question, requestTimeout);
  }

  /**
   * Puts a question as soon as a connection is at rest; fails with a {@link LockException}.
   *
   * @param patience for how long it may stand in line, a request timeout at most; after that it
   *     fails unsent
   */
  <A> CompletableFuture<A> run(Question<A> question, Duration patience) {
    Duration least = patience.compareTo(requestTimeout) < 0 ? patience : requestTimeout;
    Task<A> task = new Task<>(question, time.nanoTime(), least, new CompletableFuture<>());
    @Nullable LockException failure = null;
    line.lock();
    try {
      @Nullable Lane free = atRest.poll();
      if (isClosed) {
        failure = closed();
      } else if (free != null) {
        free.take(task);
      } else {
        waiting.add(task);
        openOneMore();
        if (lanes.isEmpty()) {
          waiting.remove(task);
          failure = new BackendException("No thread for a connection to " + about);
        }
      }
    } finally {
      line.unlock();
    }
    if (failure != null) {
      task.answer().completeExceptionally(failure);
    }
    return task.answer();
  }

  private BackendException closed() {
    return new BackendException("The connection to " + about + " is closed");
  }

  private BackendException tooLate(Duration patience) {
    return new BackendException(
        "Not sent: no connection to %s was free within %s".formatted(about, patience));
  }

  /** Nobody waits for it who has another: if it cannot be opened, that is tried anew later. */
  private void openOneMore() {
    long pause = PAUSE_AFTER_REFUSAL.toNanos();
    isPausing &= time.nanoTime() - lastRefusal - pause < 0;
    boolean mayBeOneMore = lanes.size() < most && !isOpening && !isPausing;
    if (!isClosed && !waiting.isEmpty() && (lanes.isEmpty() || mayBeOneMore)) {
      Lane lane = new Lane();
      lane.thread.setDaemon(true);
      try {
        lane.thread.start(); // it waits for the line
        lanes.add(lane);
        isOpening = true;
      } catch (OutOfMemoryError e) { // what the JVM says when there is no thread more
        refused();
      }
    }
  }

  private void refused() {
    isPausing = !lanes.isEmpty();
    lastRefusal = time.nanoTime();
  }

  /** Nothing stands in line while a lane is at rest. */
  private void handOut() {
    while (!waiting.isEmpty() && !atRest.isEmpty()) {
      atRest.remove().take(waiting.remove());
    }
  }

  /** All but what its own thread alone uses is guarded by the line. */
  private final class Lane {
    private final Condition news = line.newCondition();
    private final Thread thread = new Thread(this::run, name + "-" + ++started);
    private @Nullable Connection connection;
    private @Nullable Task<?> handed;
    private long lastAnswer;
    private Runnable tell = () -> {};

    private void take(Task<?> task) {
      handed = task;
      news.signal();
    }

    private void run() {
      boolean isOpen = false;
      Throwable failure = null;
      try (Connection server = opener.open()) {
        isOpen = true;
        opened(server);
        Task<?> task = next();
        while (task != null && isTrusted(task, server) && isAnswered(task, server)) {
          task = next();
        }
      } catch (SQLException | RuntimeException | Error e) {
        failure = e; // of the opening; or of the closing of what is of no use any more
      } finally {
        ended(isOpen ? null : failure);
      }
    }

    private void opened(Connection server) {
      line.lock();
      try {
        isOpening = false;
        connection = server;
        lastAnswer = time.nanoTime();
      } finally {
        line.unlock();
      }
    }

    /** The next question, as soon as there is one; nothing if the lane is to end. */
    private @Nullable Task<?> next() {
      Task<?> first = firstInLine();
      // At rest by now, so that whoever hears and asks on needs no other lane.
      tell.run();
      tell = () -> {};
      return first != null ? first : handedOver();
    }

    private @Nullable Task<?> firstInLine() {
      line.lock();
      try {
        Task<?> first = waiting.poll();
        if (first == null) {
          atRest.push(this);
        } else {
          openOneMore(); // for those behind it
        }
        return first;
      } finally {
        line.unlock();
      }
    }

    private @Nullable Task<?> handedOver() {
      line.lock();
      try {
        long left = SPARE.toNanos();
        while (handed == null && !isClosed && (left > 0 || lanes.size() == 1)) {
          left = news.awaitNanos(left > 0 ? left : SPARE.toNanos());
        }
        Task<?> task = handed;
        handed = null;
        return task;
      } catch (InterruptedException e) {
        return null; // by nobody of ours; the lane ends
      } finally {
        atRest.remove(this);
        line.unlock();
      }
    }

    /** If not, another one is opened for the question, which was not put. */
    private boolean isTrusted(Task<?> task, Connection server) {
      line.lock();
      try {
        boolean isFresh = time.nanoTime() - lastAnswer - TRUSTED.toNanos() <= 0;
        if (isFresh && lastAnswer - lastFailure >= 0) {
          return true;
        }
      } finally {
        line.unlock();
      }
      if (isThere(server)) {
        lastAnswer = time.nanoTime();
        return true;
      }
      line.lock();
      try {
        waiting.addFirst(task);
      } finally {
        line.unlock();
      }
      return false;
    }

    private boolean isThere(Connection server) {
      try {
        return server.isValid((int) Math.max(1, requestTimeout.toSeconds()));
      } catch (SQLException e) {
        return false;
      }
    }

    /** Whether the connection is of use any more. */
    private <A> boolean isAnswered(Task<A> task, Connection server) {
      if (time.nanoTime() - task.since() - task.patience().toNanos() > 0) {
        task.answer().completeExceptionally(tooLate(task.patience()));
        return true;
      }
      try {
        if (isClosed()) {
          throw closed();
        }
        A answer = task.question().on(server);
        lastAnswer = time.nanoTime();
        tell = () -> task.answer().complete(answer);
        return true;
      } catch (LockException unasked) {
        tell = () -> task.answer().completeExceptionally(unasked); // the connection is as it was
        return true;
      } catch (SQLException | RuntimeException | Error e) {
        LockException failure = meaning(e);
        boolean isOfUse = failure instanceof StoreRefusedException;
        if (!isOfUse) {
          suspectAll();
          close(server); // before the question is repeated elsewhere
        }
        task.answer().completeExceptionally(failure);
        return isOfUse;
      }
    }

    private void ended(@Nullable Throwable notOpened) {
      List<Task<?>> unanswered = new ArrayList<>();
      line.lock();
      try {
        connection = null;
        lanes.remove(this);
        if (notOpened != null) {
          isOpening = false;
          refused();
        }
        handOut();
        if (isClosed || (notOpened != null && lanes.isEmpty())) {
          unanswered.addAll(waiting);
          waiting.clear();
        } else {
          openOneMore();
        }
      } finally {
        line.unlock();
      }
      for (Task<?> task : unanswered) {
        task.answer().completeExceptionally(notOpened == null ? closed() : meaning(notOpened));
      }
    }
  }

  private boolean isClosed() {
    line.lock();
    try {
      return isClosed;
    } finally {
      line.unlock();
    }
  }

  private LockException meaning(Throwable failure) {
    return isClosed() ? closed() : JdbcFailure.of(failure, about);
  }

  private void suspectAll() {
    line.lock();
    try {
      lastFailure = time.nanoTime();
    } finally {
      line.unlock();
    }
  }

  private static void close(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      // It is of no use any more, and the server ends what it hears nothing of.
    }
  }

  /** Ends connections and threads; questions that are under way or in line fail. */
  @Override
  public void close() {
    List<Connection> busy = new ArrayList<>();
    List<Thread> ending = new ArrayList<>();
    line.lock();
    try {
      isClosed = true;
      for (Lane lane : lanes) {
        lane.news.signal();
        if (lane.thread != Thread.currentThread()) {
          ending.add(lane.thread);
        }
        if (lane.connection != null && !atRest.contains(lane)) {
          busy.add(lane.connection);
        }
      }
    } finally {
      line.unlock();
    }
    busy.forEach(Lanes::abort);
    long end = System.nanoTime() + END_OF_THREADS.toNanos();
    try {
      for (Thread thread : ending) {
        TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(1, end - System.nanoTime()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void abort(Connection connection) {
    try {
      connection.abort(Runnable::run);
    } catch (SQLException e) {
      // Then the network timeout ends the wait, a little later.
    }
  }
}
