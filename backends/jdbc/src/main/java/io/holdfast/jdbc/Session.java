package io.holdfast.jdbc;

import io.holdfast.LockException;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Heartbeat;
import io.holdfast.spi.Time;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection, the thread that alone uses it, and the locks that live as long as it: from its
 * opening, which is the thread's first deed, to its end, after which it never comes back.
 *
 * <p>Questions are put one at a time, and urgent ones, which are renewals and releases, overtake
 * those that wait. The session ends when it is in doubt: a question failed, and the server does not
 * say that it is still there, or says that a lock of it is gone; when it was silent for as long as
 * the server keeps it; and when it has no locks and nobody wants any for a while. Its locks end
 * with it, and whoever asks for them hears so at once. But the connection of a session in doubt,
 * which may still keep others out, is kept for as long as a holder may rely on it.
 *
 * <p>Thread-safe.
 */
final class Session {

  /** Opens a connection, and makes the server keep it for one lease in silence. */
  @FunctionalInterface
  interface Opening {
    Connection open() throws SQLException;
  }

  /** A question to the server. A {@link LockException} that it throws is its answer. */
  @FunctionalInterface
  interface Question<A> {
    A put(Connection connection) throws SQLException;
  }

  /** Whether the server still has this session, and it these locks. */
  @FunctionalInterface
  interface Intact {
    boolean ask(Connection connection, Collection<SessionKey> locks) throws SQLException;
  }

  /** The failure of every question that a session's end left without an answer. */
  static final class Over extends Exception {
    /** Whether it was the server that had it, and not only we who wanted it. */
    final boolean wasOpen;

    /** Whether the question was on its way, so that nobody knows what came of it. */
    final boolean wasPut;

    Over(boolean wasOpen, boolean wasPut, @Nullable Throwable cause) {
      super("The session is over", cause);
      this.wasOpen = wasOpen;
      this.wasPut = wasPut;
    }
  }

  private static final Duration LONGEST_AT_REST = Duration.ofSeconds(30);

  /** Thrown by a question: what the server has for the session is not what we think it has. */
  static final class Doubtful extends SQLException {
    private static final long serialVersionUID = 1;

    Doubtful(String reason, @Nullable Throwable cause) {
      super(reason, cause);
    }
  }

  private record Task<A>(Question<A> question, CompletableFuture<A> answer) {}

  private final Opening opening;
  private final Time time;
  private final Duration livesFor;
  private final Intact intact;
  private final Heartbeat<Boolean> heartbeat;
  private final Consumer<Session> atEnd;
  private final Map<SessionKey, Claim> locks = new ConcurrentHashMap<>();

  private final ReentrantLock line = new ReentrantLock();
  private final Condition news = line.newCondition();
  private final Deque<Task<?>> urgent = new ArrayDeque<>();
  private final Deque<Task<?>> patient = new ArrayDeque<>();
  private @Nullable Connection connection;
  private boolean isBusy = true; // with opening
  private long busySince;
  private boolean isRetired;
  private boolean isOver;
  private boolean isClosed;
  private boolean isCut;

  /** When the last question was put that the server has answered. */
  private volatile long heardFrom;

  /**
   * Not yet open.
   *
   * @param livesFor how long the server keeps it in silence
   * @param intact what a heartbeat asks
   * @param atEnd is told once, before any question hears that it is over
   */
  Session(Opening opening, Time time, Duration livesFor, Intact intact, Consumer<Session> atEnd) {
    this.opening = opening;
    this.time = time;
    this.livesFor = livesFor;
    this.atEnd = atEnd;
    this.intact = intact;
    this.heartbeat = new Heartbeat<>(time, () -> urgently(this::isIntact));
    this.heardFrom = time.nanoTime();
    this.busySince = heardFrom;
  }

  /**
   * Opens it.
   *
   * @param afterwards runs when nothing is left of it, neither a thread nor a connection
   */
  void start(String name, Runnable afterwards) {
    Thread thread =
        new Thread(
            () -> {
              try {
                run();
              } finally {
                afterwards.run();
              }
            },
            name);
    thread.setDaemon(true);
    try {
      thread.start();
    } catch (OutOfMemoryError e) { // what the JVM says when there is no thread more
      end(false, e, List.of());
      afterwards.run();
    }
  }

  /** The one question that is put for all renewals of this session. */
  Heartbeat<Boolean> heartbeat() {
    return heartbeat;
  }

  /** The claims that have locks by this session; changed by questions alone. */
  Map<SessionKey, Claim> locks() {
    return locks;
  }

  /**
   * Whether the server still has the session with all its locks; by its thread. One that lacks a
   * lock is not what we think it is, and goes with all it has.
   */
  boolean isIntact(Connection server) throws SQLException {
    if (!intact.ask(server, List.copyOf(locks.keySet()))) {
      throw new Doubtful("the session lacks a lock that it took", null);
    }
    return true;
  }

  /** How long the server keeps the session from now on if it hears no more. */
  Duration remaining() {
    return remaining(heardFrom);
  }

  /** How long the server keeps the session from now on if it last heard a question of then. */
  Duration remaining(long askedAt) {
    return Duration.ofNanos(Math.max(0, livesFor.toNanos() - (time.nanoTime() - askedAt)));
  }

  /** Whether further locks should be asked for here: it is not over, and not stuck. */
  boolean isFit(Duration patience) {
    line.lock();
    try {
      boolean isStuck = isBusy && time.nanoTime() - busySince > patience.toNanos();
      return !isOver && !isRetired && !isStuck;
    } finally {
      line.unlock();
    }
  }

  /** Puts a question before those that wait patiently. */
  <A> CompletableFuture<A> urgently(Question<A> question) {
    return put(urgent, question);
  }

  /** Puts a question behind all others. */
  <A> CompletableFuture<A> patiently(Question<A> question) {
    return put(patient, question);
  }

  private <A> CompletableFuture<A> put(Deque<Task<?>> tasks, Question<A> question) {
    Task<A> task = new Task<>(question, new CompletableFuture<>());
    line.lock();
    try {
      if (!isOver) {
        tasks.add(task);
        news.signal();
        return task.answer();
      }
    } finally {
      line.unlock();
    }
    task.answer()
        .completeExceptionally(new Over(true, false, null)); // so that it is put to another
    return task.answer();
  }

  /** Others are asked for further locks; it ends with the last of its own. */
  void retire() {
    line.lock();
    try {
      isRetired = true;
      if (locks.isEmpty() && isBusy) {
        cut();
      }
      news.signal();
    } finally {
      line.unlock();
    }
  }

  /** Ends it, in the middle of whatever it does. */
  void close() {
    line.lock();
    try {
      isOver = true;
      isClosed = true;
      if (isBusy) {
        cut();
      }
      news.signal();
    } finally {
      line.unlock();
    }
  }

  private void cut() {
    Connection cut = connection;
    if (cut == null) {
      isOver = true; // what is still being opened is closed then
    } else {
      isCut = true;
      // A driver may ask the server to end the question, and wait for it.
      Thread thread = new Thread(() -> abort(cut), "holdfast-session-abort");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private static void abort(Connection connection) {
    try {
      connection.abort(Runnable::run);
    } catch (SQLException | RuntimeException e) { // whatever the driver throws:
      // Then it is closed already, or ends with the time limit of its question.
    }
  }

  private void run() {
    try (Connection server = opening.open()) {
      opened(server);
      for (Task<?> task = next(); task != null; task = next()) {
        if (!isAnswered(task, server)) {
          return;
        }
      }
      end(true, null, List.of());
    } catch (SQLException | RuntimeException | Error e) {
      end(false, e, List.of());
    }
  }

  private void opened(Connection server) {
    line.lock();
    try {
      connection = server;
      heardFrom = time.nanoTime();
    } finally {
      line.unlock();
    }
  }

  /** The next question, as soon as there is one; nothing if the session is to end. */
  private @Nullable Task<?> next() {
    long rest = Math.min(livesFor.dividedBy(2).toNanos(), LONGEST_AT_REST.toNanos());
    line.lock();
    try {
      isBusy = false;
      while (!isOver) {
        Deque<Task<?>> tasks = urgent.isEmpty() ? patient : urgent;
        boolean isUseless = isRetired && locks.isEmpty();
        if (remaining().isZero() || (tasks.isEmpty() && (isUseless || rest <= 0))) {
          isOver = true;
        } else if (!tasks.isEmpty()) {
          isBusy = true;
          busySince = time.nanoTime();
          return tasks.remove();
        } else if (locks.isEmpty()) {
          rest = news.awaitNanos(rest);
        } else {
          news.await();
        }
      }
      return null;
    } catch (InterruptedException e) {
      return null; // by nobody of ours; the thread ends
    } finally {
      line.unlock();
    }
  }

  /** Whether the session goes on. */
  private <A> boolean isAnswered(Task<A> task, Connection server) {
    long askedAt = time.nanoTime();
    try {
      A answer = task.question().put(server);
      heardFrom = askedAt;
      if (wasCut()) { // what it has got goes with the session
        end(true, null, List.of(task));
        return false;
      }
      task.answer().complete(answer);
      return true;
    } catch (LockException answer) {
      task.answer().completeExceptionally(answer);
      return true;
    } catch (Doubtful e) {
      boolean hasHolders = !locks.isEmpty();
      end(true, e, List.of(task));
      if (hasHolders) {
        outlastHolders();
      }
      return false;
    } catch (SQLException | RuntimeException | Error e) {
      if (isThere(server)) {
        task.answer().completeExceptionally(e);
        return true;
      }
      abort(server); // before anybody asks elsewhere for what the server may still keep here
      end(true, e, List.of(task));
      return false;
    }
  }

  private boolean wasCut() {
    line.lock();
    try {
      return isCut;
    } finally {
      line.unlock();
    }
  }

  /**
   * Waits for a sign of life for as long as a holder may rely on the session: a driver that gives
   * up closes the connection, and with it goes what the server keeps for them.
   */
  private boolean isThere(Connection server) {
    long askedAt = time.nanoTime();
    try {
      int patience = locks.isEmpty() ? 1 : (int) remaining().toSeconds() + 1;
      boolean isThere = server.isValid(patience);
      if (isThere) {
        heardFrom = askedAt;
      }
      return isThere;
    } catch (SQLException | RuntimeException e) { // whatever the driver throws
      return false;
    }
  }

  /** Keeps what the server still has for us until no holder relies on it. */
  private void outlastHolders() {
    line.lock();
    try {
      long left = remaining().toNanos();
      while (left > 0 && !isClosed) {
        left = news.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // by nobody of ours; the thread ends
    } finally {
      line.unlock();
    }
  }

  private void end(boolean wasOpen, @Nullable Throwable cause, List<Task<?>> underWay) {
    List<Task<?>> neverPut = new ArrayList<>();
    line.lock();
    try {
      isOver = true;
      neverPut.addAll(urgent);
      neverPut.addAll(patient);
      urgent.clear();
      patient.clear();
    } finally {
      line.unlock();
    }
    locks.clear();
    atEnd.accept(this);
    underWay.forEach(task -> task.answer().completeExceptionally(new Over(wasOpen, true, cause)));
    neverPut.forEach(task -> task.answer().completeExceptionally(new Over(wasOpen, false, cause)));
  }
}
