package io.holdfast.cli.race;

import java.time.Duration;

/**
 * How long and how hard the race is.
 *
 * @param workers how many processes; at least three, for the scenes
 * @param rounds how often each method runs freely and then plays its scenes, if there is time
 * @param methodLasts no further round begins that would not end within it
 * @param merges how many merges each thread of each worker makes in a round
 * @param roundLasts when a round of them ends at the latest
 * @param lease how long a lock lasts if it is not renewed
 */
record Plan(
    int workers,
    int rounds,
    Duration methodLasts,
    int merges,
    Duration roundLasts,
    Duration lease) {

  /** Short, because each scene with a pause takes one; not so short that a busy machine ends it. */
  private static final Duration LEASE = Duration.ofMillis(400);

  /** For stores whose session is the lease: few of them grant a session of less than 4 s. */
  private static final Duration SESSION = Duration.ofSeconds(4);

  static Plan quick(int workers) {
    return new Plan(workers, 2, Duration.ofSeconds(4), 400, Duration.ofMillis(800), LEASE);
  }

  static Plan full(int workers) {
    return new Plan(workers, 8, Duration.ofSeconds(30), 2_000, Duration.ofMillis(1_600), LEASE);
  }

  /** The same where the session is the lease: one round, because each scene lasts as long as it. */
  Plan withSessions() {
    return new Plan(workers, 1, methodLasts, merges, roundLasts, SESSION);
  }
}
