package io.holdfast.cmdb.store;

import io.holdfast.cmdb.merge.State;
import io.holdfast.cmdb.store.Ledger.Entry;
import java.util.List;
import java.util.Optional;

/**
 * A write to one machine that is to be done.
 *
 * @param before the machine as it was read
 * @param after what its sources say then
 * @param mergedInto what it turns out to be
 * @param token of the lease under which it was read
 * @param cause why
 * @param reports the ids that this version takes in, new ones and moved ones
 * @param entries the new ones, to be entered in the ledger; their version is the write's to fill in
 */
record Change(
    Machine before,
    State after,
    Optional<String> mergedInto,
    long token,
    Cause cause,
    List<String> reports,
    List<Entry> entries) {

  /** Why a machine is written. */
  enum Cause {
    REPORTS,
    JOIN,
    MOVE,
    RULES;

    String label() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }
}
