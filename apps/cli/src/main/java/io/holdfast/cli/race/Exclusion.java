package io.holdfast.cli.race;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * A way to keep others away from the record while one merges. Most of them here are wrong on
 * purpose, each in the one way it is known for, and right otherwise.
 *
 * <p>Each thread of a worker has its own.
 */
interface Exclusion {

  /** Goes in; empty if others had it for as long as given. */
  Optional<Turn> enter(Gate checked, Duration atMost) throws IOException, InterruptedException;

  /** One stay inside. */
  interface Turn {

    /** The fencing token; 0 where there is none. */
    long token();

    /** Whether this turn lasts still, as far as its holder can tell. */
    boolean lasts();

    /** Goes out. */
    Left leave() throws IOException;
  }

  /** How a turn ended. */
  enum Left {
    /** It was ours to the end, as far as its holder can tell. */
    IN_TIME,
    /** It had ended before. */
    TOO_LATE,
    /** It had ended before, and we have freed what was someone else's. */
    FREED_ANOTHERS
  }

  /** A point that a merge passes, and at which the director may want it to stand. */
  interface Gate {
    void pass() throws InterruptedException;
  }
}
