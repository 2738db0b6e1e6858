package io.holdfast.spi;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What the engine lends a backend.
 *
 * @param time the time
 * @param requestTimeout how long the engine waits for one answer; connecting may take as long
 * @param leaseFor the lease of every call that brings none of its own; where the session is the
 *     lease, how long it has to live
 * @param warnings takes what the store's operator should change; the engine logs each text once. No
 *     secret and no claim in it
 */
public record StoreContext(
    Time time, Duration requestTimeout, Duration leaseFor, Consumer<String> warnings) {

  /**
   * Waits for what may block its caller, connecting or an examination: at most one request timeout,
   * by the real clock. A {@link LockException} in the stage is thrown as it is. An interrupt ends
   * the wait, and the thread's flag stays set.
   *
   * @param about what is asked, for messages: a server, without secrets
   * @param meaning what any other failure means
   * @throws BackendException if there is no answer in time, or the thread is interrupted
   */
  public <A> A await(
      CompletionStage<A> answer, String about, Function<Throwable, LockException> meaning) {
    try {
      return answer.toCompletableFuture().get(requestTimeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
      throw cause instanceof LockException known ? known : meaning.apply(cause);
    } catch (TimeoutException e) {
      throw new BackendException("No answer from " + about + " within " + requestTimeout);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BackendException("Interrupted while waiting for " + about);
    }
  }
}
