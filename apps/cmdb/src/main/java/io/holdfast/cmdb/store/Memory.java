package io.holdfast.cmdb.store;

import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Report;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which machine has all the keys of a report, strong and weak, as a commit has shown. That stays
 * true until the machine turns out to be another, for ever; whoever merges into it finds that under
 * its lock, and asks the database. So what is no longer true costs one attempt. Thread-safe.
 */
final class Memory {

  /** Some 300 bytes each. When it is full it begins anew. */
  private static final int MOST = 100_000;

  private final Map<SortedSet<Key>, String> machines = new ConcurrentHashMap<>();

  /** The report's group, without new keys and claims; empty if its machine is not remembered. */
  Optional<Group> groupOf(Report report) {
    return Optional.ofNullable(machines.get(report.keys()))
        .map(id -> new Group(id, List.of(report), new TreeSet<>(), new TreeSet<>()));
  }

  /** Takes note of groups that were merged, once that is committed. */
  void merged(Collection<Group> groups) {
    if (machines.size() >= MOST) {
      machines.clear();
    }
    for (Group group : groups) {
      group.reports().forEach(report -> machines.put(report.keys(), group.machineId()));
    }
  }

  /** The database may not be what it was: it failed, and may have come back from a backup. */
  void forgetAll() {
    machines.clear();
  }
}
