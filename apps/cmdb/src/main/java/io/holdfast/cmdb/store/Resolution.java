package io.holdfast.cmdb.store;

import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.store.Keys.Claim;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which machines reports belong to, looked up before any lock is held: a plan, to be found true or
 * not under the locks.
 *
 * @param groups reports that concern one machine each
 * @param intricate reports that concern several machines, or have no strong key
 */
public record Resolution(List<Group> groups, List<Report> intricate) {

  static Resolution of(Connection connection, Collection<Report> reports) throws SQLException {
    Resolver resolver = new Resolver(connection, reports);
    return resolver.resolve();
  }

  /** The reports, those together that share a strong key, whichever way. */
  static Collection<List<Report>> components(Collection<Report> reports) {
    Map<Key, Component> byKey = new HashMap<>();
    Map<Report, Component> all = new LinkedHashMap<>();
    for (Report report : reports) {
      Component own = new Component();
      all.put(report, own);
      for (Key key : report.strongKeys()) {
        Component first = byKey.putIfAbsent(key, own);
        if (first != null) {
          own.join(first);
        }
      }
    }
    Map<Component, List<Report>> byRoot = new LinkedHashMap<>();
    all.forEach(
        (report, component) ->
            byRoot.computeIfAbsent(component.root(), root -> new ArrayList<>()).add(report));
    return byRoot.values();
  }

  /** One use, one thread. */
  private static final class Resolver {

    private final Connection connection;
    private final Collection<Report> reports;
    private final List<Report> intricate = new ArrayList<>();

    Resolver(Connection connection, Collection<Report> reports) {
      this.connection = connection;
      this.reports = reports;
    }

    Resolution resolve() throws SQLException {
      SortedSet<Key> strong = new TreeSet<>();
      reports.forEach(report -> strong.addAll(report.strongKeys()));
      Map<Key, String> owners = Keys.owners(connection, strong);

      Map<String, Group> byMachine = new LinkedHashMap<>();
      for (List<Report> component : components(reports)) {
        SortedSet<Key> keys = new TreeSet<>();
        component.forEach(report -> keys.addAll(report.strongKeys()));
        Set<String> machines = new TreeSet<>();
        keys.forEach(key -> Optional.ofNullable(owners.get(key)).ifPresent(machines::add));
        if (keys.isEmpty() || machines.size() > 1) {
          intricate.addAll(component);
          continue;
        }
        String machine =
            machines.isEmpty() ? Keys.machineId(keys.first()) : machines.iterator().next();
        keys.removeAll(owners.keySet());
        SortedSet<Key> claims = new TreeSet<>();
        component.forEach(report -> claims.addAll(report.weakKeys()));
        byMachine.merge(machine, new Group(machine, component, keys, claims), Group::and);
      }
      return new Resolution(withNewClaimsOnly(byMachine.values()), intricate);
    }

    private List<Group> withNewClaimsOnly(Collection<Group> groups) throws SQLException {
      SortedSet<Claim> stated = new TreeSet<>();
      for (Group group : groups) {
        group.newClaims().forEach(key -> stated.add(new Claim(key, group.machineId())));
      }
      SortedSet<Claim> unknown = Keys.unknown(connection, stated);
      SortedSet<Key> weak = new TreeSet<>();
      unknown.forEach(claim -> weak.add(claim.key()));
      Set<Key> withReports = Keys.homes(connection, weak).keySet();

      List<Group> simple = new ArrayList<>();
      for (Group group : groups) {
        SortedSet<Key> claims = new TreeSet<>(group.newClaims());
        claims.removeIf(key -> !unknown.contains(new Claim(key, group.machineId())));
        if (claims.stream().anyMatch(withReports::contains)) {
          intricate.addAll(group.reports());
        } else {
          simple.add(new Group(group.machineId(), group.reports(), group.newKeys(), claims));
        }
      }
      return simple;
    }
  }

  /** A set of a union-find forest (Galler and Fischer, 1964), with path halving. */
  private static final class Component {

    private Component parent = this;

    Component root() {
      Component at = this;
      while (at.parent != at) {
        at.parent = at.parent.parent;
        at = at.parent;
      }
      return at;
    }

    void join(Component other) {
      root().parent = other.root();
    }
  }
}
