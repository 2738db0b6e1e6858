package io.holdfast.testkit.history;

import java.util.List;
import java.util.Optional;

/**
 * Says of a history whether it kept what is expected, and what it was made of:
 *
 * <pre>{@code
 * Verdict verdict = new HistoryChecker(Expectations.DEFAULTS).check(history.events());
 * assertThat(verdict.isClean()).as(verdict.report()).isTrue();
 * }</pre>
 *
 * <p>Events of one instant count in the order in which they were added. What is not in the history
 * is not checked: without {@link Event.Content} nobody knows whether an update was lost. A holder
 * is taken to rely on its lock until the latest end that it saw, so a holder has to {@link
 * Event.Look} after its lease was renewed, at the latest just before it releases it.
 *
 * <p>Takes n log n steps for n events. Immutable and thread-safe.
 */
public final class HistoryChecker {

  private final Expectations expected;

  /** Holds histories against expectations. */
  public HistoryChecker(Expectations expected) {
    this.expected = expected;
  }

  /**
   * Checks a history that is over.
   *
   * @throws IllegalArgumentException if two acquires have the number of one hold
   */
  public Verdict check(List<Event> events) {
    Run run = new Run(events);
    Findings found = new Findings();
    Tally tally = new Tally();
    tally.count(run, expected);
    tally.overlaps = Exclusion.check(run, expected, found);
    if (expected.tokens()) {
      Tokens.check(run, expected, found);
      Enforcement.check(run, found);
    }
    NoLostUpdate.check(run, found);
    Liveness.check(run, expected, found);
    tally.maxBypass = Fairness.check(run, expected, found);
    for (Event.Leftover left : run.leftovers()) {
      found.add(Check.LEAKS, "%s was left in %s".formatted(left.what(), left.where()), left);
    }
    tally.lateGrants = Silence.check(run, found);
    LossTold.check(run, expected, found);
    LossCauses.check(run, expected, found);
    boolean inOrder = expected.tokens() && expected.tokensGrow();
    Forgetting forgetting = new Forgetting(run, expected);
    Linearizability.Windows windows =
        Linearizability.check(events, inOrder, forgetting.kept()::contains, found);
    tally.windowsSearched = windows.whole();
    tally.windowsInParts = windows.inParts();
    Load load = tally.toLoad(1);
    Optional<String> missing = expected.minima().flatMap(minima -> minima.missing(load));
    missing.ifPresent(what -> found.add(Check.VACUITY, "too little happened: " + what));
    return new Verdict(found.inOrder(), load);
  }
}
