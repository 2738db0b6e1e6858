package io.holdfast.engine;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One question to the store and what becomes of it: an answer, or none within the timeout. An
 * answer that comes after the timeout is still delivered, after the failure: it may be a grant.
 *
 * @param <A> the answer
 */
final class Question<A> {

  /** Is told in the mailbox: an answer or a failure, or a failure and later an answer. */
  @FunctionalInterface
  interface Listener<A> {
    void hears(@Nullable A answer, @Nullable LockException failure);
  }

  private final Duration timeout;
  private final Listener<A> listener;
  private boolean over;

  private Question(Duration timeout, Listener<A> listener) {
    this.timeout = timeout;
    this.listener = listener;
  }

  static <A> void put(
      Time time,
      Duration timeout,
      Mailbox mailbox,
      Supplier<CompletionStage<A>> question,
      Listener<A> listener) {
    Question<A> put = new Question<>(timeout, listener);
    Time.Timer timer = time.schedule(timeout, () -> mailbox.post(put::timedOut));
    var unused =
        ask(question)
            .whenComplete(
                (answer, failure) -> {
                  timer.cancel();
                  mailbox.post(() -> put.completed(answer, failure));
                });
  }

  private static <A> CompletionStage<A> ask(Supplier<CompletionStage<A>> question) {
    try {
      return Objects.requireNonNull(question.get(), "The backend answered with no stage");
    } catch (RuntimeException | Error e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private void timedOut() {
    if (!over) {
      over = true;
      listener.hears(null, new BackendException("The store has not answered within " + timeout));
    }
  }

  private void completed(@Nullable A answer, @Nullable Throwable failure) {
    if (answer != null || !over) {
      over = true;
      listener.hears(answer, answer == null ? reason(failure) : null);
    }
  }

  private static LockException reason(@Nullable Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return cause instanceof LockException known
        ? known
        : new BackendException("The question to the store failed", cause);
  }
}
