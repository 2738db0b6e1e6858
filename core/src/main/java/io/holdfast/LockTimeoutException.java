package io.holdfast;

import java.time.Duration;

/** Someone else had the lock for as long as the caller would wait. Decide: later, or give up. */
public final class LockTimeoutException extends LockException {

  private static final long serialVersionUID = 1;

  /** Someone else had the lock for as long as the caller waited. */
  public LockTimeoutException(LockName name, Duration waited) {
    super("Someone else has the lock: " + name + ", waited " + waited);
  }
}
