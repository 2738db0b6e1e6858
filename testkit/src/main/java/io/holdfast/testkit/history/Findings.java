package io.holdfast.testkit.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The violations that the checks of one history have found so far. Used by one thread. */
final class Findings {

  private final List<Violation> violations = new ArrayList<>();

  void add(Check check, String what, Event... evidence) {
    violations.add(new Violation(check, what, List.of(evidence)));
  }

  void add(Check check, String what, List<Event> evidence) {
    violations.add(new Violation(check, what, evidence));
  }

  int size() {
    return violations.size();
  }

  /** By check, and within one in the order in which they were found. */
  List<Violation> inOrder() {
    violations.sort(Comparator.comparing(Violation::check));
    return violations;
  }
}
