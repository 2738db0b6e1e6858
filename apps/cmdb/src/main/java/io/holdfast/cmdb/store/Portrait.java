package io.holdfast.cmdb.store;

import io.holdfast.cmdb.merge.Decision;
import io.holdfast.cmdb.report.Key;
import java.time.Instant;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;

/**
 * All that is known of one machine at one moment.
 *
 * @param redirects the ids that were asked for and turned out to be this machine, in the order in
 *     which they led here
 * @param machine the machine
 * @param updatedAt when it was written
 * @param keys by which it is found
 * @param decisions what became of every statement, by the rules that made the record
 * @param rulesInForce the rules that are in force; the next ingest makes a record by others anew
 */
public record Portrait(
    List<String> redirects,
    Machine machine,
    Instant updatedAt,
    SortedSet<Key> keys,
    SortedMap<String, Decision> decisions,
    String rulesInForce) {

  /** Attributes about which sources that count disagree. */
  public long conflicts() {
    return decisions.values().stream().filter(Decision::isConflict).count();
  }
}
