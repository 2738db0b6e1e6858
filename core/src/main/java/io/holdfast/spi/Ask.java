package io.holdfast.spi;

import java.time.Duration;

/**
 * The question whether a claim may have its lock now.
 *
 * @param claim the claim; the same question about it may be asked again until it was granted
 * @param leaseFor how long the store keeps the lock without a renewal; at least 1 ms
 * @param mayWait whether the claim may leave a place in the store's line; if false, a refused ask
 *     leaves nothing behind
 * @param span how many consecutive tokens the grant has, 1 to {@link #MAX_SPAN}, for hand-over to
 *     waiters of the same process
 * @param tokenAbove every token of the grant is greater than this
 */
public record Ask(Claim claim, Duration leaseFor, boolean mayWait, int span, long tokenAbove) {
  /** The most tokens of one grant. */
  public static final int MAX_SPAN = 32;
}
