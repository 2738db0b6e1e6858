package io.holdfast.simulation;

import java.util.Locale;

/**
 * What only some stores do, counted so that a run in which it did not happen is not taken for
 * proof.
 */
public enum Peculiarity {
  /** A session fell silent and ended, with a lock, although its process lives. */
  SESSIONS_EXPIRED,
  /** A new leader began to count the time of every session anew. */
  LEADER_CHANGES,
  /** A follower answered from a state that was no longer the leader's. */
  READS_THAT_LAGGED,
  /** A claim waited in a line and was granted when it was its turn. */
  TURNS_IN_LINE,
  /** One answer to a heartbeat renewed more than one lock. */
  HEARTBEATS_SHARED,
  /** A connection lived on at the server after its process had given it up. */
  CONNECTIONS_ABANDONED,
  /** A process refused a second claim of its own without asking, which the server would grant. */
  SECOND_CLAIMS_REFUSED,
  /** A row was taken away because it had been idle for long. */
  ROWS_SWEPT,
  /** A release told nobody, because no row said that anyone waits. */
  RELEASES_UNANNOUNCED,
  /** Two masters served at a time. */
  SPLITS,
  /** The old one of two masters granted a lock. */
  GRANTS_BY_THE_OLD_MASTER,
  /** A lock was kept after its release. */
  LOCKS_KEPT,
  /** A hold had a limit. */
  HOLDS_LIMITED;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
