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
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Some connections, each with the one thread that waits for it, because JDBC blocks. A question
 * goes to one that is at rest, the last that came to it first; while none is, questions stand in
 * line, urgent ones before the others and else in the order in which they came, and one connection
 * more is opened, up to the limit. What is spare for a while is closed, but for the last one. A
 * lane ends with its connection, at the first failure; no question is ever sent twice. While it
 * tells an answer, what comes stands in line, so that another lane can take it.
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

  /** For so long it may be silent when it is tried; JDBC knows nothing shorter. */
  private static final Duration SIGN_OF_LIFE = Duration.ofSeconds(1);

  private static final Duration PAUSE_AFTER_REFUSAL = Duration.ofSeconds(10);
  private static final Duration END_OF_THREADS = Duration.ofSeconds(2);

  private record Task<A>(
      Question<A> question,
      boolean isUrgent,
      LongSupplier since,
      Duration patience,
      CompletableFuture<A> answer) {}

  private final Opener opener;
  private final Time time;
  private final Duration requestTimeout;
  private final int most;
  private final Duration spare;
  private final String name;
  private final String about;

  private final ReentrantLock line = new ReentrantLock();
  private final Deque<Task<?>> urgent = new ArrayDeque<>();
  private final Deque<Task<?>> patient = new ArrayDeque<>();
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
   * @param spare for how long one rests before it is closed; the last one stays, unless this is
   *     zero
   * @param name what the threads' names begin with
   * @param about the server, for messages
   */
  Lanes(
      Opener opener,
      Time time,
      Duration requestTimeout,
      int most,
      Duration spare,
      String name,
      String about) {
    this.opener = opener;
    this.time = time;
    this.requestTimeout = requestTimeout;
    this.most = most;
    this.spare = spare;
    this.name = name;
    this.about = about;
    this.lastFailure = time.nanoTime();
  }

  /** Puts a question as soon as a connection is at rest; fails with a {@link LockException}. */
  <A> CompletableFuture<A> run(Question<A> question) {
    return put(question, false, now(), requestTimeout);
  }

  /**
   * The same before those that are not urgent.
   *
   * @param since when it was asked, in {@link Time#nanoTime}; called once, when its turn has come
   * @param patience how old it may be then, a request timeout at most; after that it fails unsent
   */
  <A> CompletableFuture<A> urgently(Question<A> question, LongSupplier since, Duration patience) {
    boolean isShorter = patience.compareTo(requestTimeout) < 0;
    return put(question, true, since, isShorter ? patience : requestTimeout);
  }

  private LongSupplier now() {
    long now = time.nanoTime();
    return () -> now;
  }

  private <A> CompletableFuture<A> put(
      Question<A> question, boolean isUrgent, LongSupplier since, Duration patience) {
    Task<A> task = new Task<>(question, isUrgent, since, patience, new CompletableFuture<>());
    @Nullable LockException failure = null;
    line.lock();
    try {
      @Nullable Lane free = atRest.poll();
      if (isClosed) {
        failure = closed();
      } else if (free != null) {
        free.take(task);
      } else {
        lineOf(task).add(task);
        openOneMore();
        if (lanes.isEmpty()) {
          lineOf(task).remove(task);
          failure = noLane();
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

  private Deque<Task<?>> lineOf(Task<?> task) {
    return task.isUrgent() ? urgent : patient;
  }

  private @Nullable Task<?> firstInLine() {
    @Nullable Task<?> first = urgent.poll();
    return first != null ? first : patient.poll();
  }

  private BackendException closed() {
    return new BackendException("The connection to " + about + " is closed");
  }

  private BackendException tooLate(Duration patience) {
    return new BackendException(
        "Not sent: no connection to %s was free within %s".formatted(about, patience));
  }

  /**
   * If more stand in line than lanes come soon. Nobody waits for it who has another: if it cannot
   * be opened, that is tried anew later.
   */
  private void openOneMore() {
    long pause = PAUSE_AFTER_REFUSAL.toNanos();
    isPausing &= time.nanoTime() - lastRefusal - pause < 0;
    boolean mayBeOneMore = lanes.size() < most && !isOpening && !isPausing;
    long tooMany = urgent.size() + patient.size() - lanes.stream().filter(l -> l.isTelling).count();
    if (!isClosed && tooMany > 0 && (lanes.isEmpty() || mayBeOneMore)) {
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
    while (!atRest.isEmpty() && !(urgent.isEmpty() && patient.isEmpty())) {
      atRest.remove().take((urgent.isEmpty() ? patient : urgent).remove());
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
    private boolean isTelling;
    private boolean isLeaving;

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
      tellAnswer();
      line.lock();
      try {
        isTelling = false;
        Task<?> first = firstInLine();
        if (first == null) {
          return handedOver();
        }
        openOneMore(); // for those behind it
        return first;
      } finally {
        line.unlock();
      }
    }

    /** Whoever hears the answer and asks on needs no other lane: this one comes soon. */
    private void tellAnswer() {
      line.lock();
      try {
        isTelling = true;
      } finally {
        line.unlock();
      }
      tell.run();
      tell = () -> {};
    }

    private @Nullable Task<?> handedOver() {
      atRest.push(this);
      try {
        long left = spare.toNanos();
        while (handed == null && !isClosed && !isLeaving && (left > 0 || isTheLast())) {
          left = news.awaitNanos(left > 0 ? left : spare.toNanos());
        }
      } catch (InterruptedException e) {
        isLeaving = true; // by nobody of ours
      }
      atRest.remove(this);
      Task<?> task = handed;
      handed = null;
      isLeaving |= task == null;
      return task;
    }

    private boolean isTheLast() {
      return !spare.isZero() && lanes.stream().allMatch(lane -> lane == this || lane.isLeaving);
    }

    private boolean leaves() {
      isLeaving = true;
      news.signal();
      return true;
    }

    /**
     * If not, another one is opened for the question, which was not put; and those at rest that
     * would have to be tried, too, go with it, lest each of them keep a question waiting.
     */
    private boolean isTrusted(Task<?> task, Connection server) {
      if (isFresh() || isThere(server)) {
        return true;
      }
      line.lock();
      try {
        lineOf(task).addFirst(task);
        isLeaving = true;
        atRest.removeIf(other -> !other.isFresh() && other.leaves());
        handOut();
        openOneMore(); // this one counts until its end, which may take its time
        return false;
      } finally {
        line.unlock();
      }
    }

    private boolean isFresh() {
      line.lock();
      try {
        boolean isRecent = time.nanoTime() - lastAnswer - TRUSTED.toNanos() <= 0;
        return isRecent && lastAnswer - lastFailure >= 0;
      } finally {
        line.unlock();
      }
    }

    /** The limit is set as well, because not every driver obeys the one that it is given. */
    private boolean isThere(Connection server) {
      try {
        int usual = server.getNetworkTimeout();
        int shorter = (int) SIGN_OF_LIFE.toMillis();
        server.setNetworkTimeout(Runnable::run, usual > 0 ? Math.min(usual, shorter) : shorter);
        boolean isThere = server.isValid((int) SIGN_OF_LIFE.toSeconds());
        server.setNetworkTimeout(Runnable::run, usual);
        lastAnswer = isThere ? time.nanoTime() : lastAnswer;
        return isThere;
      } catch (SQLException | RuntimeException e) { // whatever the driver throws
        return false;
      }
    }

    /** Whether the connection is of use any more. */
    private <A> boolean isAnswered(Task<A> task, Connection server) {
      long since = task.since().getAsLong();
      if (time.nanoTime() - since - task.patience().toNanos() > 0) {
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

    private void suspectAll() {
      line.lock();
      try {
        isLeaving = true;
        lastFailure = time.nanoTime();
      } finally {
        line.unlock();
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
        if (notOpened == null || !lanes.isEmpty()) {
          openOneMore();
        }
        if (isClosed || lanes.isEmpty()) { // nobody comes for them
          unanswered.addAll(urgent);
          unanswered.addAll(patient);
          urgent.clear();
          patient.clear();
        }
      } finally {
        line.unlock();
      }
      for (Task<?> task : unanswered) {
        task.answer().completeExceptionally(notOpened == null ? noLane() : meaning(notOpened));
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

  private BackendException noLane() {
    return isClosed() ? closed() : new BackendException("No thread for a connection to " + about);
  }

  private LockException meaning(Throwable failure) {
    return isClosed() ? closed() : JdbcFailure.of(failure, about);
  }

  private static void close(Connection connection) {
    try {
      connection.close();
    } catch (SQLException | RuntimeException e) { // whatever the driver throws:
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
        if (lane.connection != null && !lane.isTelling && !atRest.contains(lane)) {
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
    } catch (SQLException | RuntimeException e) { // whatever the driver throws:
      // Then the network timeout ends the wait, a little later.
    }
  }
}
