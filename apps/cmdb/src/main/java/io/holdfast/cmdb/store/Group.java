package io.holdfast.cmdb.store;

import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Report;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Reports of one machine, to be merged into it under its lock.
 *
 * @param machineId the machine; perhaps one that is not there yet
 * @param reports the reports
 * @param newKeys strong keys that nobody had when it was looked
 * @param newClaims weak keys that this machine did not claim when it was looked
 */
public record Group(
    String machineId, List<Report> reports, SortedSet<Key> newKeys, SortedSet<Key> newClaims) {

  /** This group and another of the same machine as one. */
  public Group and(Group other) {
    if (!other.machineId.equals(machineId)) {
      throw new IllegalArgumentException(other.machineId + " is not " + machineId);
    }
    List<Report> all = new ArrayList<>(reports);
    all.addAll(other.reports);
    SortedSet<Key> keys = new TreeSet<>(newKeys);
    keys.addAll(other.newKeys);
    SortedSet<Key> claims = new TreeSet<>(newClaims);
    claims.addAll(other.newClaims);
    return new Group(machineId, all, keys, claims);
  }
}
