package io.holdfast.spi;

import io.holdfast.LockOptions;
import java.time.Duration;

/** The answer to a renewal. */
public sealed interface Renewal {

  /** The lock is still the claim's; {@code validFor} is counted from this answer's question on. */
  record Renewed(Duration validFor) implements Renewal {
    /**
     * Checks what a store may say.
     *
     * @throws IllegalArgumentException if it is negative or longer than two of the longest leases
     */
    public Renewed {
      check(validFor);
    }
  }

  /** The lock is not the claim's, and will never be again. */
  record Gone() implements Renewal {}

  /** What any store may promise: arithmetic in nanoseconds stays far from an overflow. */
  static void check(Duration validFor) {
    if (validFor.isNegative() || validFor.compareTo(LockOptions.LONGEST.multipliedBy(2)) > 0) {
      throw new IllegalArgumentException("validFor is 0 to 48 h, not " + validFor);
    }
  }
}
