package io.holdfast.spi;

import io.holdfast.BackendException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one question that keeps a session and all locks of it, put once for all who want to know.
 *
 * <p>A store whose session is the lease has one answer for every lock of a process. Each lock is
 * renewed by itself, so a thousand of them would ask a thousand times; here whoever comes while the
 * question is under way, or soon after its answer, hears that answer. Its age is part of it: what
 * the store promises counts from when the question was put.
 *
 * <p>Puts a question only when it is asked for a beat, and never repeats one by itself.
 * Thread-safe.
 *
 * @param <A> what the store says of the session, such as which locks it has
 */
public final class Heartbeat<A> {

  /**
   * An answer.
   *
   * @param askedAt when its question was put, by {@link Time#nanoTime()}
   * @param answer what the store said
   */
  public record Beat<A>(long askedAt, A answer) {}

  private record Asked<A>(long askedAt, CompletableFuture<Beat<A>> beat) {}

  private final Time time;
  private final Supplier<CompletionStage<A>> question;
  private final AtomicReference<@Nullable Asked<A>> last = new AtomicReference<>();

  /**
   * Nothing is asked yet.
   *
   * @param question asks the store; does not block
   */
  public Heartbeat(Time time, Supplier<CompletionStage<A>> question) {
    this.time = time;
    this.question = question;
  }

  /**
   * The answer to a question that was put no earlier than a moment: the one under way or the last
   * one answered if it is young enough, else a new one. A question that failed is not shared with
   * those who come after the failure.
   *
   * @param notBefore by {@link Time#nanoTime()}; not before the grant of the lock that is asked
   *     about, because an older answer knows nothing of it
   */
  public CompletionStage<Beat<A>> beat(long notBefore) {
    Asked<A> present = last.get();
    if (present != null && serves(present, notBefore)) {
      return present.beat();
    }
    Asked<A> next = new Asked<>(time.nanoTime(), new CompletableFuture<>());
    if (!last.compareAndSet(present, next)) {
      return beat(notBefore);
    }
    put(next);
    return next.beat();
  }

  private static boolean serves(Asked<?> asked, long notBefore) {
    return asked.askedAt() - notBefore >= 0 && !asked.beat().isCompletedExceptionally();
  }

  private void put(Asked<A> asked) {
    try {
      var unused =
          question
              .get()
              .whenComplete(
                  (answer, failure) -> {
                    if (failure == null) {
                      asked.beat().complete(new Beat<>(asked.askedAt(), answer));
                    } else {
                      asked.beat().completeExceptionally(failure);
                    }
                  });
    } catch (RuntimeException | Error e) {
      asked
          .beat()
          .completeExceptionally(new BackendException("The heartbeat could not be sent", e));
    }
  }
}
