package io.holdfast.cmdb.ingest;

import io.holdfast.cmdb.report.BadReportException;
import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.report.Value;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * A few machines and what is reported of them: keys that bridge, ties, tombstones, stale sources,
 * partial reports, replays, reports without a strong key. With it comes what has to be made of it,
 * worked out here from the set of reports, in another way than the code under test does.
 */
final class World {

  private static final Instant NOW = Instant.parse("2026-11-20T08:00:00Z");
  private static final List<String> SOURCES = List.of("facter", "glpi", "redfish", "ec2", "zabbix");
  private static final List<String> ATTRIBUTES =
      List.of("serial", "os.name", "memory.bytes", "macs", "location.rack", "note");

  private final Random random;
  private final String prefix;
  private final List<Report> reports = new ArrayList<>();

  /** The same seed makes the same world but for the prefix, which keeps its keys from others'. */
  World(long seed, String prefix) {
    this.random = new Random(seed);
    this.prefix = prefix;
    int machines = 1 + random.nextInt(4);
    int wanted = 6 + random.nextInt(9);
    while (reports.size() < wanted) {
      Report report = report(random.nextInt(machines));
      reports.add(report);
      if (random.nextInt(8) == 0) {
        reports.add(report);
      }
    }
  }

  /** In some order, which is the caller's to change. */
  List<Report> reports() {
    return new ArrayList<>(reports);
  }

  private Report report(int machine) {
    Set<Key> keys = new LinkedHashSet<>();
    int kind = random.nextInt(10);
    if (kind < 8) {
      add(keys, Key.Kind.SERIAL, "s" + machine, 2);
      add(keys, Key.Kind.UUID, "u" + machine, 2);
      add(keys, Key.Kind.AGENT_ID, "a" + machine, 4);
      if (random.nextInt(6) == 0) {
        add(keys, Key.Kind.CLOUD_ID, "bridge" + random.nextInt(2), 1);
      }
      if (keys.isEmpty()) {
        add(keys, Key.Kind.SERIAL, "s" + machine, 1);
      }
    }
    add(keys, Key.Kind.HOSTNAME, "h" + machine / 2, 2);
    if (keys.isEmpty() || random.nextInt(4) == 0) {
      add(keys, Key.Kind.HOSTNAME, "h" + random.nextInt(3), 1);
    }
    String source = SOURCES.get(random.nextInt(SOURCES.size()));
    // Few moments, so that there are ties; some so long ago that they are stale.
    Instant moment = NOW.minus(Duration.ofDays(random.nextInt(3) * 20L));
    Map<String, Value> attributes = new LinkedHashMap<>();
    for (String attribute : ATTRIBUTES) {
      int how = random.nextInt(6);
      if (how == 0) {
        attributes.put(attribute, Value.DELETED);
      } else if (how < 4) {
        attributes.put(attribute, value(attribute));
      }
    }
    try {
      return Report.of(source, moment, keys, attributes);
    } catch (BadReportException e) {
      throw new AssertionError(e);
    }
  }

  private void add(Set<Key> keys, Key.Kind kind, String value, int oneIn) {
    if (random.nextInt(oneIn) == 0) {
      keys.add(Key.of(kind, prefix + value).orElseThrow());
    }
  }

  private Value value(String attribute) {
    return switch (attribute) {
      case "memory.bytes" -> Value.of(random.nextInt(4) * 1024L);
      case "macs" ->
          Value.list(List.of(Value.of("m" + random.nextInt(3)), Value.of("m" + random.nextInt(3))));
      default -> Value.of("v" + random.nextInt(3));
    };
  }

  /** Each machine's record, by all keys that find it: the strong ones, else the weak one. */
  Map<SortedSet<Key>, SortedMap<String, Value>> outcome() {
    List<Set<Report>> components = components();
    Map<Key, List<Set<Report>>> claimants = new HashMap<>();
    for (Set<Report> component : components) {
      SortedSet<Key> weak = new TreeSet<>();
      component.forEach(report -> weak.addAll(report.weakKeys()));
      weak.forEach(key -> claimants.computeIfAbsent(key, k -> new ArrayList<>()).add(component));
    }
    Map<Key, Set<Report>> ownOfWeak = new LinkedHashMap<>();
    Map<Set<Report>, List<Report>> guests = new HashMap<>();
    for (Report report : new LinkedHashSet<>(reports)) {
      report
          .primaryWeakKey()
          .ifPresent(
              key -> {
                List<Set<Report>> claiming = claimants.getOrDefault(key, List.of());
                if (claiming.size() == 1) {
                  guests.computeIfAbsent(claiming.get(0), c -> new ArrayList<>()).add(report);
                } else {
                  ownOfWeak.computeIfAbsent(key, k -> new LinkedHashSet<>()).add(report);
                }
              });
    }
    Map<SortedSet<Key>, SortedMap<String, Value>> outcome = new HashMap<>();
    for (Set<Report> component : components) {
      SortedSet<Key> keys = new TreeSet<>();
      component.forEach(report -> keys.addAll(report.strongKeys()));
      List<Report> all = new ArrayList<>(component);
      all.addAll(guests.getOrDefault(component, List.of()));
      outcome.put(keys, Reference.record(all));
    }
    ownOfWeak.forEach((key, own) -> outcome.put(new TreeSet<>(Set.of(key)), Reference.record(own)));
    return outcome;
  }

  /** Reports with strong keys, those together that are connected, by looking again and again. */
  private List<Set<Report>> components() {
    List<Set<Report>> components = new ArrayList<>();
    Set<Report> left = new LinkedHashSet<>(reports);
    left.removeIf(report -> report.strongKeys().isEmpty());
    while (!left.isEmpty()) {
      Set<Report> component = new LinkedHashSet<>(Set.of(left.iterator().next()));
      SortedSet<Key> keys = new TreeSet<>();
      boolean grown = true;
      while (grown) {
        component.forEach(report -> keys.addAll(report.strongKeys()));
        grown = false;
        for (Report report : left) {
          if (report.strongKeys().stream().anyMatch(key -> keys.contains(key))) {
            grown |= component.add(report);
          }
        }
      }
      left.removeAll(component);
      components.add(component);
    }
    return components;
  }
}
