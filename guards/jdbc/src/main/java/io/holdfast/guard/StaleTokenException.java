package io.holdfast.guard;

/**
 * A holder with a newer token was here; in a {@link ClaimedTable}, or another one with the same
 * token, which a store that broke its word granted twice. Decide: stop. Roll back the whole
 * transaction and do not try again under this lease, which is over whatever its holder believes; a
 * new lease has a newer token.
 */
public final class StaleTokenException extends GuardException {

  private static final long serialVersionUID = 1;

  private final long storedFence;

  StaleTokenException(String table, String key, long token, long storedFence) {
    super(
        storedFence == token
            ? "Another holder of the same token was here"
            : "A newer holder was here",
        table,
        key,
        token,
        "stored fence " + storedFence);
    this.storedFence = storedFence;
  }

  /** The token that is stored; greater than {@link #token()}, or the same of another holder. */
  public long storedFence() {
    return storedFence;
  }
}
