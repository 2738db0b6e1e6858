package io.holdfast.redis;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Time;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.codec.StringCodec;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One connection, from its opening to its end. What is asked over it reaches the server in the
 * order of the calls, also what is asked before it is open, and at most once: it never reconnects,
 * and at its end every question without an answer fails. Open it is when the server has accepted
 * the {@link Greeting} and is one that may answer. Thread-safe.
 */
final class Link {

  private final Time time;
  private final CompletableFuture<StatefulRedisConnection<String, String>> connected =
      new CompletableFuture<>();
  private final CompletableFuture<ServerInfo> greeted = new CompletableFuture<>();
  private final CompletableFuture<ServerInfo> opened = new CompletableFuture<>();
  private final ReentrantLock ordering = new ReentrantLock();
  private final Queue<Long> unansweredSince = new ConcurrentLinkedQueue<>();
  private volatile CompletableFuture<ServerInfo> lastInLine = opened;
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile long heardAt;

  /** A link that {@link #open} opens. */
  Link(Time time) {
    this.time = time;
    this.heardAt = time.nanoTime();
  }

  void open(RedisClient client, RedisUrl url, StoreContext context) {
    try {
      var unused =
          client
              .connectAsync(StringCodec.UTF8, url.forLettuce(context.requestTimeout()))
              .whenComplete(this::connected);
    } catch (RuntimeException e) {
      connected(null, e); // closed meanwhile
    }
    var unused =
        connected
            .thenCompose(connection -> new Greeting(url).over(connection.async()))
            .whenComplete((server, failure) -> greeted(url.about(), server, failure));
  }

  private void connected(
      @Nullable StatefulRedisConnection<String, String> connection, @Nullable Throwable failure) {
    if (connection == null) {
      connected.completeExceptionally(failure == null ? ended() : failure);
    } else {
      connected.complete(connection);
    }
  }

  private void greeted(String about, @Nullable ServerInfo server, @Nullable Throwable failure) {
    if (server == null) {
      neverOpens(failure == null ? ended() : failure);
      return;
    }
    heardAt = time.nanoTime();
    greeted.complete(server);
    try {
      server.checkReopened(about);
      opened.complete(server);
    } catch (LockException unusable) {
      opened.completeExceptionally(unusable);
    }
  }

  private void neverOpens(Throwable reason) {
    greeted.completeExceptionally(reason);
    opened.completeExceptionally(reason);
  }

  /** Completes with what the server said of itself, also if it is not one that may answer. */
  CompletableFuture<ServerInfo> whenGreeted() {
    return greeted.copy();
  }

  /** Whether what is sent over it may arrive. */
  boolean isAlive() {
    if (closed.get()) {
      return false;
    }
    if (!opened.isDone()) {
      return true; // asked first: it may be done, and have failed, a moment later
    }
    return isOpen() && connected.join().isOpen();
  }

  /** Whether the server has been greeted and may be asked. */
  boolean isOpen() {
    return opened.isDone() && !opened.isCompletedExceptionally();
  }

  /** Whether nothing has been heard for longer than a span, although something was asked. */
  boolean isSilentFor(Duration span) {
    Long oldest = unansweredSince.peek();
    long now = time.nanoTime();
    return oldest != null && now - oldest > span.toNanos() && now - heardAt > span.toNanos();
  }

  /**
   * Runs a script. A server that does not know it (yet, or any more) is sent its text, unless
   * {@code isStillWanted} says no: that server did nothing, but the text would come behind a
   * withdrawal that was sent meanwhile.
   *
   * <p>A withdrawal may still slip in between that look and the text. Then the server grants what
   * nobody wants any more, which heals: the answer is a grant of a claim that the engine has given
   * up, and it gives that back. If the answer is lost, too, the engine withdraws once more after a
   * request timeout, because the ask has no answer; at the latest the lease ends unrenewed.
   */
  CompletableFuture<List<Object>> run(
      Script script, BooleanSupplier isStillWanted, String[] keys, String... arguments) {
    return this.<List<Object>>send(
            redis -> redis.evalsha(script.digest(), ScriptOutputType.MULTI, keys, arguments))
        .exceptionallyCompose(
            failure ->
                isUnknownScript(failure) && isStillWanted.getAsBoolean()
                    ? send(
                        redis -> redis.eval(script.text(), ScriptOutputType.MULTI, keys, arguments))
                    : CompletableFuture.failedFuture(failure));
  }

  private static boolean isUnknownScript(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return cause instanceof RedisNoScriptException;
  }

  /** Sends a command behind all that were sent before. */
  <T> CompletableFuture<T> send(
      Function<RedisAsyncCommands<String, String>, RedisFuture<T>> command) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    unansweredSince.add(time.nanoTime());
    if (lastInLine.isDone()) {
      var unused = lastInLine.whenComplete((server, failure) -> send(failure, command, answer));
    } else {
      ordering.lock();
      try {
        // One behind the other: dependents of one and the same future run in no certain order.
        lastInLine = lastInLine.whenComplete((server, failure) -> send(failure, command, answer));
      } finally {
        ordering.unlock();
      }
    }
    return answer;
  }

  private <T> void send(
      @Nullable Throwable failure,
      Function<RedisAsyncCommands<String, String>, RedisFuture<T>> command,
      CompletableFuture<T> answer) {
    if (failure != null) {
      heard(answer, null, failure);
      return;
    }
    try {
      command
          .apply(connected.join().async())
          .whenComplete((reply, noReply) -> heard(answer, reply, noReply));
    } catch (RuntimeException e) {
      heard(answer, null, e);
    }
  }

  private <T> void heard(
      CompletableFuture<T> answer, @Nullable T reply, @Nullable Throwable failure) {
    unansweredSince.poll();
    heardAt = time.nanoTime();
    if (reply != null) {
      answer.complete(reply);
      return;
    }
    Throwable reason = failure == null ? ended() : failure;
    if (!RedisFailure.isOfThisQuestionOnly(reason)) {
      close(); // before anyone hears of it, so that nobody asks over it once more
    }
    answer.completeExceptionally(reason);
  }

  /** Ends the connection; what has no answer fails. */
  void close() {
    if (closed.compareAndSet(false, true)) {
      neverOpens(ended());
      var unused = connected.thenCompose(StatefulRedisConnection::closeAsync);
    }
  }

  /** The client ends the connection, together with itself. */
  void leaveToClient() {
    closed.set(true);
    neverOpens(ended());
  }

  private static BackendException ended() {
    return new BackendException("The connection was closed before an answer came");
  }
}
