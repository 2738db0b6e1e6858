package io.holdfast.guard;

/**
 * A holder with a newer token was here. Decide: stop. Roll back the whole transaction and do not
 * try again under this lease, which is over whatever its holder believes; a new lease has a newer
 * token.
 */
public final class StaleTokenException extends GuardException {

  private static final long serialVersionUID = 1;

  private final long storedFence;

  StaleTokenException(String table, String key, long token, long storedFence) {
    super("A newer holder was here", table, key, token, "stored fence " + storedFence);
    this.storedFence = storedFence;
  }

  /** The newer token that is stored; greater than {@link #token()}. */
  public long storedFence() {
    return storedFence;
  }
}
