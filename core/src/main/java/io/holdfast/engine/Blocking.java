package io.holdfast.engine;

import io.holdfast.BackendException;
import io.holdfast.StoreRefusedException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** The one wait that stands between a caller's thread and the engine. */
final class Blocking {

  private Blocking() {}

  static <T> T await(CompletableFuture<T> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw forThisThread(e.getCause());
    }
  }

  /** Waits on through interrupts and leaves the thread interrupted. For futures that surely end. */
  static <T> T awaitUninterruptibly(CompletableFuture<T> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return await(future);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** The same failure with the caller's stack, not only that of the thread that found it out. */
  private static RuntimeException forThisThread(@Nullable Throwable failure) {
    String message = failure == null ? "No reason given" : String.valueOf(failure.getMessage());
    if (failure instanceof BackendException) {
      return new BackendException(message, failure);
    }
    if (failure instanceof StoreRefusedException) {
      return new StoreRefusedException(message, failure);
    }
    return new IllegalStateException(message, failure);
  }
}
