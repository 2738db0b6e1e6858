package io.holdfast;

/**
 * The lease ended before it was released. Decide: stop. What was done since may have been done
 * beside another holder; only a resource that checks the token has refused it.
 */
public final class LeaseLostException extends LockException {

  private static final long serialVersionUID = 1;

  private final long token;

  /** The lease of a lock, with this token, was lost. */
  public LeaseLostException(LockName name, long token) {
    super("The lease ended before it was released: " + name + ", token " + token);
    this.token = token;
  }

  /** The token of the lost lease. */
  public long token() {
    return token;
  }
}
