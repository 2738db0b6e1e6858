package io.holdfast.benchmarks;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/** The methods of a workload, each with its database. */
final class Sides implements AutoCloseable {

  private final List<Side> sides = new ArrayList<>();

  private Sides() {}

  static Sides open(Set<Method> methods, Servers servers, int connections) throws SQLException {
    Sides all = new Sides();
    try {
      for (Method method : methods) {
        all.sides.add(Side.open(method, servers, connections));
      }
      return all;
    } catch (SQLException | RuntimeException e) {
      all.close();
      throw e;
    }
  }

  List<Side> all() {
    return List.copyOf(sides);
  }

  /** Whoever begins a round ends the next but that many. */
  List<Side> inOrder(int round) {
    List<Side> order = new ArrayList<>(sides);
    Collections.rotate(order, round);
    return order;
  }

  @Override
  public void close() {
    sides.forEach(Side::close);
  }
}
