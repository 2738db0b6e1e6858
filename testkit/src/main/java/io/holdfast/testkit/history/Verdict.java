package io.holdfast.testkit.history;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What came of a check.
 *
 * @param violations in the order of the checks
 * @param load what the run was made of, which says how much a clean verdict is worth
 */
public record Verdict(List<Violation> violations, Load load) {

  private static final int SHOWN = 20;

  /** Copies the list. */
  public Verdict {
    violations = List.copyOf(violations);
  }

  /** Whether nothing happened that must not. */
  public boolean isClean() {
    return violations.isEmpty();
  }

  /** The checks that found something. */
  public Set<Check> broken() {
    Set<Check> checks = EnumSet.noneOf(Check.class);
    for (Violation violation : violations) {
      checks.add(violation.check());
    }
    return checks;
  }

  /** The first twenty violations with their evidence, and the load: for people. */
  public String report() {
    StringBuilder text = new StringBuilder();
    text.append(isClean() ? "clean" : violations.size() + " violations").append('\n');
    violations.stream().limit(SHOWN).forEach(each -> text.append(each).append('\n'));
    if (violations.size() > SHOWN) {
      text.append("and ").append(violations.size() - SHOWN).append(" more\n");
    }
    return text.append(load.report()).toString();
  }

  /** The {@link #report()}. */
  @Override
  public String toString() {
    return report();
  }
}
