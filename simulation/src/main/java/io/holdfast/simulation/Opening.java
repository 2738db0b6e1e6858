package io.holdfast.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/**
 * A session that is being opened, and what waits for it. Questions go out in the order in which
 * they were put; the dependents of one {@link CompletableFuture} would run in the reverse. Used by
 * one thread.
 *
 * @param <S> the session's number
 */
final class Opening<S> {

  private final CompletableFuture<S> opened = new CompletableFuture<>();
  private final List<Runnable> waiting = new ArrayList<>();

  /** Puts a question as soon as it is open. */
  <A> CompletionStage<A> then(Function<S, CompletionStage<A>> question) {
    if (opened.isDone()) {
      return opened.thenCompose(question);
    }
    CompletableFuture<A> answer = new CompletableFuture<>();
    waiting.add(
        () -> {
          var unused =
              opened
                  .thenCompose(question)
                  .whenComplete(
                      (said, failure) -> {
                        if (failure == null) {
                          answer.complete(said);
                        } else {
                          answer.completeExceptionally(failure);
                        }
                      });
        });
    return answer;
  }

  boolean isDone() {
    return opened.isDone();
  }

  void complete(S number) {
    opened.complete(number);
    drain();
  }

  void fail(Throwable reason) {
    opened.completeExceptionally(reason);
    drain();
  }

  private void drain() {
    List<Runnable> all = List.copyOf(waiting);
    waiting.clear();
    all.forEach(Runnable::run);
  }
}
