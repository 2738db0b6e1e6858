package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.awaitility.pollinterval.IterativePollInterval;
import org.jspecify.annotations.Nullable;

/**
 * A thread that calls something which may block, and what became of it. Used by the thread of the
 * test.
 *
 * @param <T> what the call answers
 */
final class Caller<T> {

  /** Longer than anything here takes on any machine. */
  static final Duration LIMIT = Duration.ofSeconds(60);

  /** Looks again and again, soon at first. */
  static ConditionFactory eventually() {
    return await()
        .atMost(LIMIT)
        .pollInterval(new IterativePollInterval(Caller::longer, Duration.ofMillis(1)))
        .pollDelay(Duration.ZERO);
  }

  private static Duration longer(Duration last) {
    return last.toMillis() < 50 ? last.multipliedBy(2) : last;
  }

  private final CompletableFuture<T> outcome = new CompletableFuture<>();
  private final CompletableFuture<Boolean> flag = new CompletableFuture<>();
  private final Thread thread;

  private Caller(Callable<T> call, boolean interruptedBefore) {
    thread =
        new Thread(
            () -> {
              if (interruptedBefore) {
                Thread.currentThread().interrupt();
              }
              run(call);
            },
            "caller");
    thread.setDaemon(true);
  }

  private void run(Callable<T> call) {
    try {
      T answer = call.call();
      flag.complete(Thread.currentThread().isInterrupted());
      outcome.complete(answer);
    } catch (Exception | Error e) {
      flag.complete(Thread.currentThread().isInterrupted());
      outcome.completeExceptionally(e);
    }
  }

  /** Starts a thread that makes a call. */
  static <T> Caller<T> of(Callable<T> call) {
    return started(new Caller<>(call, false));
  }

  /** Starts a thread that is interrupted before it makes a call. */
  static <T> Caller<T> interrupted(Callable<T> call) {
    return started(new Caller<>(call, true));
  }

  private static <T> Caller<T> started(Caller<T> caller) {
    caller.thread.start();
    return caller;
  }

  /** Returns once the thread stands still in its call. */
  Caller<T> waiting() {
    eventually().until(() -> outcome.isDone() || standsStill());
    assertThat(outcome).as("what the waiting caller was told").isNotDone();
    return this;
  }

  /** In the engine's one wait for callers, and not at a lock that it met on its way there. */
  private boolean standsStill() {
    boolean isThere =
        Stream.of(thread.getStackTrace())
            .anyMatch(at -> at.getClassName().equals(Blocking.class.getName()));
    return isThere
        && (thread.getState() == Thread.State.WAITING
            || thread.getState() == Thread.State.TIMED_WAITING);
  }

  /** Interrupts the thread. */
  Caller<T> interrupt() {
    thread.interrupt();
    return this;
  }

  /** Whether an interrupt has reached the thread and was not seen by it yet. */
  boolean isFlagged() {
    return thread.isInterrupted();
  }

  boolean isDone() {
    return outcome.isDone();
  }

  /** What the call answered. */
  T answer() {
    try {
      return outcome.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new CompletionException(e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("The caller has not come back", e);
    }
  }

  /** What the call threw; null if it answered. */
  @Nullable Throwable failure() {
    try {
      answer();
      return null;
    } catch (CompletionException e) {
      return e.getCause();
    }
  }

  /** Whether the thread was interrupted when the call came back. */
  boolean stillInterrupted() {
    return flag.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
  }
}
