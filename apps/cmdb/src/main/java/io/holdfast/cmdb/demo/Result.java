package io.holdfast.cmdb.demo;

import io.holdfast.cmdb.ingest.Tally;
import io.holdfast.cmdb.store.Audit;

/**
 * What a demo has come to.
 *
 * @param counts what the workers did, but for those that were killed
 * @param audit what is there, and what is not
 * @param deadLetters how many inputs of the fleet became one
 * @param broken how many should have
 * @param killed workers that were killed
 * @param paused workers that were stopped before their write
 */
record Result(
    Tally.Counts counts,
    Audit.Result audit,
    long deadLetters,
    long broken,
    int killed,
    int paused) {

  /** Whether nothing was lost, and the worst has happened. */
  boolean isGood() {
    return audit.isClean()
        && audit.notDurable().isEmpty()
        && counts.leasesLost() > 0
        && counts.staleWritesRefused() > 0
        && deadLetters == broken;
  }
}
