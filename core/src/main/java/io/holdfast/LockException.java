package io.holdfast;

import org.jspecify.annotations.Nullable;

/**
 * What can go wrong with a lock: one subclass for each decision that the caller can take. Wrong
 * calls are {@link IllegalArgumentException} and {@link IllegalStateException} instead.
 */
public abstract sealed class LockException extends RuntimeException
    permits LockTimeoutException, LeaseLostException, BackendException, StoreRefusedException {

  private static final long serialVersionUID = 1;

  LockException(String message) {
    super(message);
  }

  LockException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
