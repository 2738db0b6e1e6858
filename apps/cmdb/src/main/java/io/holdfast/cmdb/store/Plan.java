package io.holdfast.cmdb.store;

import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Report;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a report means for the machines there are, worked out from the tables as they are now. The
 * rules:
 *
 * <ul>
 *   <li>Machines are the connected components over strong keys. A report whose strong keys belong
 *       to several machines makes one of them: the oldest stays.
 *   <li>A report without a strong key is stood for by one weak key, and lives with the machine that
 *       claims that key, if it is exactly one; else with a machine of that weak key's own.
 * </ul>
 *
 * <p>The second rule has no memory: when a key is claimed for the first or the second time, or two
 * that claim it turn out to be one, the reports that it stands for move. So where a report is, is a
 * function of the set of reports, as the record is.
 *
 * @param target the machine that takes the report in
 * @param joined machines that turn out to be the target
 * @param moves where the reports live from now on that a weak key stands for, by that key; only
 *     where that changes
 * @param weak the weak keys that this plan hangs on
 * @param machines all machines that are to be written, the target too
 */
record Plan(
    String target,
    SortedSet<String> joined,
    SortedMap<Key, String> moves,
    SortedSet<Key> weak,
    SortedSet<String> machines) {

  static Plan of(Connection connection, Report report) throws SQLException {
    return report.primaryWeakKey().isPresent()
        ? ofWeak(connection, report.primaryWeakKey().get())
        : ofStrong(connection, report);
  }

  private static Plan ofWeak(Connection connection, Key primary) throws SQLException {
    SortedSet<Key> weak = new TreeSet<>(Set.of(primary));
    String home =
        home(primary, Keys.claims(connection, weak).getOrDefault(primary, new TreeSet<>()));
    SortedMap<Key, String> moves = new TreeMap<>();
    SortedSet<String> machines = new TreeSet<>(Set.of(home));
    Optional<String> before = Optional.ofNullable(Keys.homes(connection, weak).get(primary));
    if (!before.equals(Optional.of(home))) {
      moves.put(primary, home);
      before.ifPresent(id -> machines.add(id));
    }
    return new Plan(home, new TreeSet<>(), moves, weak, machines);
  }

  private static Plan ofStrong(Connection connection, Report report) throws SQLException {
    SortedSet<Key> keys = report.strongKeys();
    SortedSet<String> owners = new TreeSet<>(Keys.owners(connection, keys).values());
    String target = owners.isEmpty() ? Keys.machineId(keys.first()) : oldest(connection, owners);
    SortedSet<String> joined = new TreeSet<>(owners);
    joined.remove(target);

    SortedSet<Key> weak = new TreeSet<>(report.weakKeys());
    if (!joined.isEmpty()) {
      weak.addAll(Keys.weakKeysOf(connection, owners));
    }
    Map<Key, SortedSet<String>> claims = Keys.claims(connection, weak);
    Map<Key, String> homes = Keys.homes(connection, weak);
    SortedMap<Key, String> moves = new TreeMap<>();
    SortedSet<String> machines = new TreeSet<>(owners);
    machines.add(target);
    homes.forEach(
        (key, before) -> {
          SortedSet<String> claimants = new TreeSet<>(claims.getOrDefault(key, new TreeSet<>()));
          if (claimants.removeAll(joined) || report.weakKeys().contains(key)) {
            claimants.add(target);
          }
          String after = home(key, claimants);
          if (!after.equals(before)) {
            moves.put(key, after);
            machines.add(before);
            machines.add(after);
          }
        });
    return new Plan(target, joined, moves, weak, machines);
  }

  private static String home(Key weak, Collection<String> claimants) {
    return claimants.size() == 1 ? claimants.iterator().next() : Keys.machineId(weak);
  }

  /** By the token of the first write; it rises with time over all machines. */
  private static String oldest(Connection connection, SortedSet<String> machines)
      throws SQLException {
    if (machines.size() == 1) {
      return machines.first();
    }
    Map<String, Long> created = new HashMap<>();
    Writer.read(connection, machines).forEach((id, machine) -> created.put(id, machine.created()));
    return machines.stream()
        .min(
            Comparator.<String>comparingLong(id -> created.getOrDefault(id, Long.MAX_VALUE))
                .thenComparing(Comparator.naturalOrder()))
        .orElseThrow();
  }

  /** Where a report that is with a machine belongs after this. */
  String placeOf(Report report, String machine) {
    return report
        .primaryWeakKey()
        .flatMap(key -> Optional.ofNullable(moves.get(key)))
        .orElse(joined.contains(machine) ? target : machine);
  }
}
