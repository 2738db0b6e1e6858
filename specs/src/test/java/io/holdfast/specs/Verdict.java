package io.holdfast.specs;

import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * What the model checker said.
 *
 * @param exit 0 if all holds, 12 and 13 if something does not; anything else is a mistake in the
 *     model or its configuration
 * @param output all it printed
 * @param took from its start to its end
 */
record Verdict(int exit, String output, Duration took) {
  private static final Pattern VIOLATED =
      Pattern.compile("Error: (?:Invariant|Action property) (\\w+) is violated");
  private static final Pattern TRACE = Pattern.compile("^State \\d+: ", Pattern.MULTILINE);
  private static final Pattern STATES =
      Pattern.compile("(\\d+) distinct states found, (\\d+) states left on queue");
  private static final Pattern DEPTH = Pattern.compile("complete state graph search is (\\d+)");

  /** Did it look at every state and find nothing wrong? */
  boolean holds() {
    return exit == 0
        && output.contains("Model checking completed. No error has been found.")
        && last(STATES).stream().anyMatch(states -> states.group(2).equals("0"));
  }

  /** The invariants and action properties that do not hold. */
  List<String> violated() {
    return VIOLATED.matcher(output).results().map(match -> match.group(1)).toList();
  }

  /** Of properties on whole behaviours the checker does not say which one does not hold. */
  boolean violatesATemporalProperty() {
    return output.contains("Error: Temporal properties were violated.");
  }

  /** How many states the counter-example has; 0 without one. */
  long trace() {
    return TRACE.matcher(output).results().count();
  }

  OptionalLong distinctStates() {
    return last(STATES).stream().mapToLong(states -> Long.parseLong(states.group(1))).findFirst();
  }

  /** How far the farthest state is; it does not say after a counter-example to liveness. */
  OptionalLong depth() {
    return last(DEPTH).stream().mapToLong(depth -> Long.parseLong(depth.group(1))).findFirst();
  }

  private List<MatchResult> last(Pattern pattern) {
    List<MatchResult> results = pattern.matcher(output).results().toList();
    return results.subList(Math.max(0, results.size() - 1), results.size());
  }
}
