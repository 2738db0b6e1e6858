package io.holdfast.cli.race;

import java.util.ArrayList;
import java.util.List;

/** The outcomes for people: a table of 80 columns, and a sentence on each thing that it shows. */
final class RaceTable {

  private static final String ROW = "%-31s %12s %6s %8s %9s %8s";

  private RaceTable() {}

  static List<String> lines(List<Outcome> outcomes, Plan plan) {
    List<String> lines = new ArrayList<>();
    lines.add(ROW.formatted("", "", "", "", "wrongly", "stale"));
    lines.add(ROW.formatted("method", "acknowledged", "lost", "blocked", "released", "refused"));
    outcomes.forEach(outcome -> lines.add(row(outcome)));
    lines.add("");
    lines.addAll(
        List.of(
            "One record, %d processes of %d threads, leases of %d ms. Lost: acknowledged when"
                .formatted(plan.workers(), Worker.THREADS, plan.lease().toMillis()),
            "the commit had returned, and not in the record at the end.",
            "- A lock sees no further than it reaches: threads of one process, processes of",
            "  one host (every other process runs as if on a second one).",
            "- GET then SET lets two in who look at the same time.",
            "- SETNX without expiry blocks everybody once a holder has died; whoever removes",
            "  the lock by hand lets in others beside a holder that was only paused.",
            "- Expiry without owner check: a late holder frees the lock of the next one.",
            "- The correct lock loses what a holder overwrites that was paused after its",
            "  last look at the lock.",
            "- The textbook fence stops that holder if the next one has written, but not if",
            "  it has only read.",
            "- Fence and version refuse every write that would lose another."));
    return lines;
  }

  private static String row(Outcome outcome) {
    return ROW.formatted(
        outcome.method().label(),
        outcome.acknowledged(),
        outcome.lost(),
        dashIfNone(outcome.blocked()),
        dashIfNone(outcome.wronglyReleased()),
        dashIfNone(outcome.staleWritesRefused()));
  }

  private static String dashIfNone(int number) {
    return number == 0 ? "-" : Integer.toString(number);
  }
}
