package io.holdfast.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import io.holdfast.testkit.ManualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class StoreContextTest {

  private final LockException meaning = new BackendException("what it means");

  private static StoreContext context(Duration requestTimeout) {
    return new StoreContext(
        new ManualTime(), requestTimeout, Duration.ofSeconds(30), warning -> {});
  }

  private Object await(StoreContext context, CompletionStage<?> answer) {
    return context.await(
        answer,
        "the server",
        failure -> {
          assertThat(failure).isInstanceOf(IOException.class);
          return meaning;
        });
  }

  @Test
  void theAnswerIsReturned() {
    StoreContext context = context(Duration.ofMinutes(1));
    assertThat(await(context, CompletableFuture.completedFuture(42))).isEqualTo(42);
  }

  @Test
  void aFailureThatTheCallerKnowsIsThrownAsItIs() {
    LockException known = new StoreRefusedException("known");
    CompletionStage<Object> failed = CompletableFuture.failedFuture(known);
    assertThatThrownBy(() -> await(context(Duration.ofMinutes(1)), failed)).isSameAs(known);
    assertThatThrownBy(
            () -> await(context(Duration.ofMinutes(1)), failed.thenApply(answer -> answer)))
        .isSameAs(known);
  }

  @Test
  void anyOtherFailureMeansWhatTheBackendSays() {
    CompletionStage<Object> failed = CompletableFuture.failedFuture(new IOException("cut"));
    assertThatThrownBy(
            () -> await(context(Duration.ofMinutes(1)), failed.thenApply(answer -> answer)))
        .isSameAs(meaning);
  }

  @Test
  void silenceEndsWithTheRequestTimeout() {
    assertThatThrownBy(() -> await(context(Duration.ofMillis(1)), new CompletableFuture<>()))
        .isInstanceOf(BackendException.class)
        .hasMessage("No answer from the server within PT0.001S");
  }

  @Test
  void anInterruptEndsTheWaitAndIsKept() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> await(context(Duration.ofMinutes(1)), new CompletableFuture<>()))
        .isInstanceOf(BackendException.class)
        .hasMessageStartingWith("Interrupted");
    assertThat(Thread.interrupted()).isTrue();
  }
}
