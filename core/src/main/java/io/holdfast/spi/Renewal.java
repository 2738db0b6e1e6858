package io.holdfast.spi;

import java.time.Duration;

/** The answer to a renewal. */
public sealed interface Renewal {

  /** The lock is still the claim's; {@code validFor} is counted from this answer's question on. */
  record Renewed(Duration validFor) implements Renewal {}

  /** The lock is not the claim's, and will never be again. */
  record Gone() implements Renewal {}
}
