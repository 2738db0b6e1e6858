package io.holdfast.engine;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.spi.Time;
import java.time.Duration;
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

  /** Is told in the mailbox: one of the two, or {@code failed} and later {@code answered}. */
  interface Answers<A> {
    void answered(A answer);

    void failed(LockException reason);
  }

  private final Duration timeout;
  private final Answers<A> answers;
  private boolean over;

  private Question(Duration timeout, Answers<A> answers) {
    this.timeout = timeout;
    this.answers = answers;
  }

  static <A> void put(
      Time time,
      Duration timeout,
      Mailbox mailbox,
      Supplier<CompletionStage<A>> question,
      Answers<A> answers) {
    Question<A> put = new Question<>(timeout, answers);
    Time.Timer timer = time.schedule(timeout, () -> mailbox.post(put::timedOut));
    ask(question)
        .whenComplete(
            (answer, failure) -> {
              timer.cancel();
              mailbox.post(() -> put.completed(answer, failure));
            });
  }

  private static <A> CompletionStage<A> ask(Supplier<CompletionStage<A>> question) {
    try {
      return question.get();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private void timedOut() {
    if (!over) {
      over = true;
      answers.failed(new BackendException("The store has not answered within " + timeout));
    }
  }

  private void completed(@Nullable A answer, @Nullable Throwable failure) {
    if (answer != null) {
      over = true;
      answers.answered(answer);
    } else if (!over) {
      over = true;
      answers.failed(reason(failure));
    }
  }

  private static LockException reason(@Nullable Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException wrapped && wrapped.getCause() != null
            ? wrapped.getCause()
            : failure;
    if (cause instanceof LockException known) {
      return known;
    }
    return cause == null
        ? new BackendException("The backend completed a question without an answer")
        : new BackendException("The question to the store failed", cause);
  }
}
