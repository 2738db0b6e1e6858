package io.holdfast;

/**
 * Where a lease stands. {@code HELD -> AT_RISK -> HELD ...}, then {@code LOST} or {@code RELEASED}.
 */
public enum LeaseState {
  /** The lock is ours, and the last renewal, if any was due, was answered. */
  HELD,
  /** The lock is still ours, but a renewal has failed. It is tried again until the lease ends. */
  AT_RISK,
  /**
   * The lease ended before it was released, or before the store heard of the release. Final: no
   * late answer brings it back.
   */
  LOST,
  /**
   * The lease was given back while it was held. Final, unless the store says that it had not been
   * ours.
   */
  RELEASED
}
