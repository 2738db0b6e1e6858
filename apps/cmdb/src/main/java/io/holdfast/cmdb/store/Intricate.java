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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The transaction that takes in one report and, with it, joins machines or moves reports between
 * them. Each machine that changes is made anew from its reports in the ledger, so there is nothing
 * to undo where one leaves.
 */
final class Intricate {

  private final Writer writer;
  private final Connection connection;

  Intricate(Writer writer, Connection connection) {
    this.writer = writer;
    this.connection = connection;
  }

  /**
   * Takes it in, without the commit.
   *
   * @param tokens of the leases that are held, by machine
   * @throws Again if more machines have to be held; {@link Again#machines()} says which
   */
  Ack merge(Report report, Map<String, Long> tokens, Checkpoint checkpoint)
      throws SQLException, Again {
    SortedSet<Key> locked = Plan.of(connection, report).weak();
    Keys.lock(connection, locked);
    Plan plan = Plan.of(connection, report);
    if (!locked.containsAll(plan.weak()) || !tokens.keySet().containsAll(plan.machines())) {
      throw new Again("other machines are concerned by now", plan.machines());
    }

    Known known = writer.read(connection, List.of(report.id()), plan.machines());
    Place place = known.places().get(report.id());
    if (place != null) {
      return new Ack(report, Ack.Status.DUPLICATE, place.machineId(), place.version());
    }
    Map<String, Machine> before = orAbsent(known.machines(), plan);
    takeKeys(report, plan);
    SortedMap<String, List<Entry>> after = new TreeMap<>();
    List<Change> changes = new ArrayList<>();
    if (before.size() == 1) { // only the target: nothing can move
      for (Machine target : before.values()) {
        changes.add(Batch.change(target, List.of(report), token(tokens, target.id())));
      }
    } else {
      after.putAll(placed(plan));
      for (Machine machine : before.values()) {
        changes.add(change(report, plan, machine, after, token(tokens, machine.id())));
      }
    }
    checkpoint.beforeWrite();
    Map<String, Long> versions = writer.write(connection, known.rules(), changes);
    for (Map.Entry<String, List<Entry>> home : after.entrySet()) {
      Ledger.move(
          connection,
          moved(home.getKey(), home.getValue()),
          home.getKey(),
          version(versions, home.getKey()));
    }
    boolean outdated =
        changes.stream().flatMap(change -> change.entries().stream()).anyMatch(Entry::outdated);
    return new Ack(
        report,
        outdated ? Ack.Status.OUTDATED : Ack.Status.APPLIED,
        plan.target(),
        version(versions, plan.target()));
  }

  private static long token(Map<String, Long> tokens, String id) {
    return Optional.ofNullable(tokens.get(id)).orElseThrow();
  }

  private static long version(Map<String, Long> versions, String id) {
    return Optional.ofNullable(versions.get(id)).orElseThrow();
  }

  private static Map<String, Machine> orAbsent(Map<String, Machine> there, Plan plan) throws Again {
    Map<String, Machine> machines = new HashMap<>(there);
    plan.machines().forEach(id -> machines.putIfAbsent(id, Machine.absent(id)));
    for (String joined : plan.joined()) {
      Machine machine = machines.get(joined);
      if (machine != null && machine.mergedInto().isPresent()) {
        throw new Again("a machine turned out to be another", Set.of(joined));
      }
    }
    return machines;
  }

  private void takeKeys(Report report, Plan plan) throws SQLException, Again {
    if (!plan.joined().isEmpty()) {
      Keys.move(connection, plan.joined(), plan.target());
    }
    Keys.give(connection, Keys.all(report.strongKeys(), plan.target()));
    if (report.primaryWeakKey().isEmpty()) {
      SortedSet<Claim> claims = new TreeSet<>();
      report.weakKeys().forEach(key -> claims.add(new Claim(key, plan.target())));
      Keys.addClaims(connection, claims);
    }
    for (Map.Entry<Key, String> move : plan.moves().entrySet()) {
      Keys.setHome(connection, move.getKey(), move.getValue());
    }
  }

  /**
   * The ledger's entries of all machines of the plan, by the machine where they belong after it.
   */
  private SortedMap<String, List<Entry>> placed(Plan plan) throws SQLException {
    SortedMap<String, List<Entry>> placed = new TreeMap<>();
    plan.machines().forEach(id -> placed.put(id, new ArrayList<>()));
    for (Entry entry : Ledger.entries(connection, plan.machines())) {
      String home = plan.placeOf(entry.report(), entry.machineId());
      placed.computeIfAbsent(home, id -> new ArrayList<>()).add(entry);
    }
    return placed;
  }

  private static Change change(
      Report report, Plan plan, Machine before, Map<String, List<Entry>> after, long token) {
    List<Entry> entries = after.getOrDefault(before.id(), List.of());
    State state = State.EMPTY.with(reports(entries));
    List<String> taken = new ArrayList<>(moved(before.id(), entries));
    List<Entry> added = new ArrayList<>();
    if (before.id().equals(plan.target())) {
      State next = state.with(List.of(report));
      added.add(new Entry(report, before.id(), 0, next.equals(state)));
      taken.add(report.id());
      state = next;
    }
    boolean isEmpty = entries.isEmpty() && added.isEmpty();
    Cause cause =
        plan.joined().contains(before.id())
                || (before.id().equals(plan.target()) && !plan.joined().isEmpty())
            ? Cause.JOIN
            : before.id().equals(plan.target()) ? Cause.REPORTS : Cause.MOVE;
    Optional<String> mergedInto =
        isEmpty ? Optional.of(successor(plan, before.id())) : Optional.empty();
    return new Change(before, state, mergedInto, token, cause, taken, added);
  }

  /** Where to look for what was with a machine that has no report left. */
  private static String successor(Plan plan, String emptied) {
    if (plan.joined().contains(emptied)) {
      return plan.target();
    }
    return plan.moves().entrySet().stream()
        .filter(move -> Keys.machineId(move.getKey()).equals(emptied))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse(plan.target());
  }

  private static Collection<Report> reports(List<Entry> entries) {
    return entries.stream().map(Entry::report).toList();
  }

  /** Those that were elsewhere. */
  private static List<String> moved(String home, List<Entry> entries) {
    return entries.stream()
        .filter(entry -> !entry.machineId().equals(home))
        .map(entry -> entry.report().id())
        .toList();
  }
}
