package io.holdfast;

import org.jspecify.annotations.Nullable;

/**
 * The store gave no answer, so the outcome is unknown: never read it as busy, free or lost. Decide
 * as for any outage of the store. Whatever the question may have left behind is withdrawn by the
 * engine, or ends with its lease.
 */
public final class BackendException extends LockException {

  private static final long serialVersionUID = 1;

  /** No answer, and why as far as is known; no secret and no claim in the text. */
  public BackendException(String message) {
    super(message);
  }

  /** No answer, because of what was caught. */
  public BackendException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
