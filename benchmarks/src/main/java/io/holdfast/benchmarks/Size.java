package io.holdfast.benchmarks;

import java.time.Duration;

/**
 * How much is done.
 *
 * @param machines of C1 to C3
 * @param single reports of one turn of C1 with a transaction each
 * @param batched reports of one turn of C1 in batches
 * @param rounds of C1 to C3, in which each method has one turn
 * @param mixLasts a turn of C2 and C3
 * @param sweptMachines of C4
 * @param lockRounds of S9
 * @param locksLast a turn of S9; twice that where all want one name
 * @param locksBefore how often a contender of S9 is to have locked before its rounds count
 */
record Size(
    int machines,
    int single,
    int batched,
    int rounds,
    Duration mixLasts,
    int sweptMachines,
    int lockRounds,
    Duration locksLast,
    int locksBefore) {

  static final Size QUICK =
      new Size(
          2_000, 3_000, 10_000, 3, Duration.ofSeconds(3), 5_000, 15, Duration.ofMillis(200), 0);
  static final Size FULL =
      new Size(
          20_000,
          20_000,
          60_000,
          5,
          Duration.ofSeconds(10),
          100_000,
          30,
          Duration.ofSeconds(1),
          30_000);
}
