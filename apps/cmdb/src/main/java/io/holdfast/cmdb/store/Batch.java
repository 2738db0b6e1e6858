package io.holdfast.cmdb.store;

import io.holdfast.cmdb.merge.State;
import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.store.Change.Cause;
import io.holdfast.cmdb.store.Keys.Claim;
import io.holdfast.cmdb.store.Ledger.Entry;
import io.holdfast.cmdb.store.Ledger.Place;
import io.holdfast.cmdb.store.Writer.Known;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** The transaction that merges groups of reports, each into the one machine it concerns. */
final class Batch {

  private final Writer writer;
  private final Connection connection;

  Batch(Writer writer, Connection connection) {
    this.writer = writer;
    this.connection = connection;
  }

  /**
   * Merges, without the commit.
   *
   * @param tokens the token of each group's lease
   * @throws Again if a group concerns another machine by now, or several
   */
  List<Ack> merge(Map<Group, Long> tokens, Checkpoint checkpoint) throws SQLException, Again {
    Collection<Group> groups = tokens.keySet();
    claimAndGive(groups);

    List<String> ids = new ArrayList<>();
    groups.forEach(group -> group.reports().forEach(report -> ids.add(report.id())));
    Known known = writer.read(connection, ids, groups.stream().map(Group::machineId).toList());

    SortedSet<String> others = new TreeSet<>();
    for (Machine machine : known.machines().values()) {
      if (machine.mergedInto().isPresent()) {
        // Also where all reports are known: what was claimed for it above must not stay.
        others.add(machine.id());
      }
    }
    for (Group group : groups) {
      boolean findsItByWhatItHad = group.newKeys().isEmpty() && group.newClaims().isEmpty();
      if (findsItByWhatItHad && !known.machines().containsKey(group.machineId())) {
        others.add(group.machineId()); // the database is an older one than was asked
      }
    }
    if (!others.isEmpty()) {
      throw new Again("machines turned out to be others", others);
    }
    List<Ack> acks = new ArrayList<>();
    List<Change> changes = new ArrayList<>();
    tokens.forEach(
        (group, token) -> {
          Machine machine =
              known.machines().getOrDefault(group.machineId(), Machine.absent(group.machineId()));
          Map<String, Report> fresh = new LinkedHashMap<>();
          for (Report report : group.reports()) {
            Place place = known.places().get(report.id());
            if (place != null) {
              acks.add(new Ack(report, Ack.Status.DUPLICATE, place.machineId(), place.version()));
            } else if (fresh.putIfAbsent(report.id(), report) != null) {
              acks.add(new Ack(report, Ack.Status.DUPLICATE, machine.id(), machine.version() + 1));
            }
          }
          if (!fresh.isEmpty()) {
            changes.add(change(machine, fresh.values(), token));
          }
        });
    checkpoint.beforeWrite();
    Map<String, Long> versions = writer.write(connection, known.rules(), changes);
    for (Change change : changes) {
      for (Entry entry : change.entries()) {
        acks.add(
            new Ack(
                entry.report(),
                entry.outdated() ? Ack.Status.OUTDATED : Ack.Status.APPLIED,
                entry.machineId(),
                versions.getOrDefault(entry.machineId(), 0L)));
      }
    }
    return acks;
  }

  private void claimAndGive(Collection<Group> groups) throws SQLException, Again {
    SortedSet<Claim> claims = new TreeSet<>();
    SortedMap<Key, String> keys = new TreeMap<>();
    for (Group group : groups) {
      group.newClaims().forEach(key -> claims.add(new Claim(key, group.machineId())));
      for (Key key : group.newKeys()) {
        String other = keys.putIfAbsent(key, group.machineId());
        if (other != null && !other.equals(group.machineId())) {
          throw new Again("two machines of one batch share a key", Set.of(group.machineId()));
        }
      }
    }
    if (!claims.isEmpty()) {
      SortedSet<Key> weak = new TreeSet<>();
      claims.forEach(claim -> weak.add(claim.key()));
      Keys.lockShared(connection, weak);
      Map<Key, String> homes = Keys.homes(connection, weak);
      SortedSet<String> about = new TreeSet<>();
      claims.stream()
          .filter(claim -> homes.containsKey(claim.key()))
          .forEach(claim -> about.add(claim.machineId()));
      if (!about.isEmpty()) {
        throw new Again("reports without a strong key have to be moved", about);
      }
      Keys.addClaims(connection, claims);
    }
    Keys.give(connection, keys);
  }

  /** What these reports, none of which is in the ledger, make of a machine. */
  static Change change(Machine machine, Collection<Report> reports, long token) {
    List<Entry> entries = new ArrayList<>();
    List<String> ids = new ArrayList<>();
    State state = machine.state();
    for (Report report : reports) {
      State next = state.with(List.of(report));
      entries.add(new Entry(report, machine.id(), 0, next.equals(state)));
      ids.add(report.id());
      state = next;
    }
    return new Change(machine, state, Optional.empty(), token, Cause.REPORTS, ids, entries);
  }
}
