package io.holdfast.cli.race;

/**
 * What came of one method: a line of the table.
 *
 * @param method the method
 * @param acknowledged how many reports were acknowledged, each after its commit had returned
 * @param lost how many of these the record does not hold at the end
 * @param doubled how many reports the record holds more than once
 * @param blocked how often a worker gave up waiting for the lock
 * @param wronglyReleased how often a worker freed a lock that was someone else's
 * @param staleTokens how many writes the record refused because of a newer holder
 * @param staleReads how many writes it refused because it was no longer what was read
 * @param leasesLost how many leases ended before their merges did, and the holder noticed
 */
record Outcome(
    Method method,
    int acknowledged,
    int lost,
    int doubled,
    int blocked,
    int wronglyReleased,
    int staleTokens,
    int staleReads,
    int leasesLost) {

  int staleWritesRefused() {
    return staleTokens + staleReads;
  }

  /** Whether it shows what the method is here for. */
  boolean asExpected() {
    return acknowledged > 0
        && doubled == 0
        && switch (method) {
          case NO_LOCK, THREAD_LOCK, FILE_LOCK, GET_THEN_SET, CORRECT_LOCK -> lost > 0;
          case NO_EXPIRY -> lost > 0 && blocked > 0;
          case NO_OWNER_CHECK -> lost > 0 && wronglyReleased > 0;
          case TEXTBOOK_FENCE -> lost > 0 && staleTokens > 0;
          case FENCE_AND_VERSION -> lost == 0 && staleWritesRefused() > 0;
        };
  }
}
