package io.holdfast.cli.race;

import java.util.Optional;

/**
 * One line that a worker writes: what has happened to a merge. The acknowledgements among them are
 * the witness outside the database.
 *
 * @param kind what has happened
 * @param about the report id of the merge; for {@link Kind#FAILED} the reason
 */
record Report(Kind kind, String about) {

  enum Kind {
    /** The worker is connected and takes orders. */
    HELLO,
    /** A gate: has asked whether the lock is free, heard yes, and not yet taken it. */
    CHECKED,
    /** A gate: has read, merged and ensured that it holds the lock, and not yet written. */
    READY,
    /** The commit of the write has returned. */
    ACKNOWLEDGED,
    /** The record refused the write because a newer holder has been here. */
    REFUSED_STALE_TOKEN,
    /** The record refused the write because it is no longer what was read. */
    REFUSED_STALE_READ,
    /** The lease had ended before the merge did, and the worker noticed. */
    LEASE_LOST,
    /** Releasing, the worker freed a lock that was someone else's by then. */
    RELEASED_ANOTHERS,
    /** Others had the lock for as long as the worker would wait. */
    BLOCKED,
    /** The merge is over, acknowledged or not. */
    END,
    /** A phase of free running is over. */
    DONE,
    /** The worker cannot go on, and ends. */
    FAILED
  }

  String line() {
    return kind + " " + about.replaceAll("\\s+", " ");
  }

  static Optional<Report> parse(String line) {
    int space = line.indexOf(' ');
    if (space < 0) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Report(Kind.valueOf(line.substring(0, space)), line.substring(space + 1)));
    } catch (IllegalArgumentException unknown) {
      return Optional.empty();
    }
  }
}
