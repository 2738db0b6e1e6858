package io.holdfast;

/**
 * The store answered that it will not do this at all: wrong credentials, missing rights, a value of
 * another type in the lock's place, a version that is too old. Decide: fix the configuration;
 * asking again does not help, so the engine does not.
 */
public final class StoreRefusedException extends LockException {

  private static final long serialVersionUID = 1;

  /** What is refused and what to do about it; no secret and no claim in the text. */
  public StoreRefusedException(String message) {
    super(message);
  }

  /** The same, with what was caught. */
  public StoreRefusedException(String message, Throwable cause) {
    super(message, cause);
  }
}
