package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Acquire;
import io.holdfast.testkit.history.Event.Crashed;
import io.holdfast.testkit.history.Event.Disturbed;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.Event.Paused;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** C6: waits that end, and locks that do not stay free while someone waits. */
final class Liveness {

  /** A stretch of time in which nobody can complain of having to wait. */
  private record Excused(long from, long to) {
    private static final Excused NOTHING = new Excused(Nanos.NEVER, Nanos.NEVER);
  }

  /** More grants in a row that nobody heard of are no bad luck. */
  private static final int UNHEARD_IN_A_ROW = 3;

  private final Run run;
  private final Findings found;
  private final long leaseFor;
  private final long late;
  private final long slack;
  private final long again;
  private final long bound;
  private @Nullable List<Excused> disturbed;

  private Liveness(Run run, Expectations expected, Findings found) {
    this.run = run;
    this.found = found;
    leaseFor = Nanos.of(expected.leaseFor());
    long question = Nanos.of(expected.requestTimeout());
    slack = Nanos.of(expected.slack());
    late = Nanos.plus(question, slack);
    long questions = Nanos.plus(Nanos.plus(question, question), slack);
    again = Nanos.plus(Nanos.of(expected.longestBackoff()), questions);
    bound = Nanos.plus(leaseFor, again);
  }

  static void check(Run run, Expectations expected, Findings found) {
    Liveness liveness = new Liveness(run, expected, found);
    for (List<Tenure> lock : run.locks()) {
      boolean longWaits = false;
      for (Tenure tenure : lock) {
        Acquire acquire = tenure.acquire();
        liveness.checkEnd(acquire);
        longWaits |= acquire.returnedAt() - acquire.invokedAt() > liveness.bound;
      }
      if (longWaits) {
        liveness.checkGaps(lock);
      }
    }
  }

  private void checkEnd(Acquire acquire) {
    if (acquire.waitAtMost() < 0) {
      return;
    }
    long took = acquire.returnedAt() - acquire.invokedAt();
    if (acquire.outcome() == Outcome.FAILED && took < acquire.waitAtMost() - slack) {
      found.add(
          Check.LIVENESS,
          "hold %d of %s would wait %s and gave up after %s"
              .formatted(
                  acquire.hold(),
                  acquire.name(),
                  Nanos.text(acquire.waitAtMost()),
                  Nanos.text(took)),
          acquire);
    }
    long allowed = Nanos.plus(acquire.waitAtMost(), late);
    if (took <= allowed) {
      return;
    }
    Life life = run.life(acquire.process());
    long paused = life.pausedWithin(acquire.invokedAt(), acquire.returnedAt());
    boolean crashed = life.crashFrom(acquire.invokedAt()) <= acquire.returnedAt();
    if (!crashed && took > Nanos.plus(allowed, paused)) {
      found.add(
          Check.LIVENESS,
          "hold %d of %s would wait %s at most and returned after %s"
              .formatted(
                  acquire.hold(),
                  acquire.name(),
                  Nanos.text(acquire.waitAtMost()),
                  Nanos.text(took)),
          acquire);
    }
  }

  private void checkGaps(List<Tenure> lock) {
    List<Excused> excused = new ArrayList<>(disturbances());
    for (Tenure tenure : lock) {
      excused.add(excuse(tenure));
    }
    excused.sort(Comparator.comparingLong(Excused::from));
    List<Possession> given = Possession.of(run.stored(lock.get(0).acquire().name()), leaseFor);
    long freeFrom = Long.MIN_VALUE;
    for (Excused next : excused) {
      checkGap(freeFrom, next.from(), lock, given);
      freeFrom = Math.max(freeFrom, next.to());
    }
    checkGap(freeFrom, Nanos.NEVER, lock, given);
  }

  /**
   * Here a hold lasts until its holder is told that it is over, as its lease may have been renewed
   * since it last looked. An acquire without an answer may have been granted as long as it was not
   * over, unless the store tells what it granted.
   */
  private Excused excuse(Tenure tenure) {
    Acquire acquire = tenure.acquire();
    return switch (acquire.outcome()) {
      case OK -> {
        long end = tenure.word() == Nanos.NEVER ? tenure.promised() : tenure.word();
        yield new Excused(tenure.start(), Math.max(tenure.start(), end));
      }
      case UNKNOWN ->
          run.stored().isEmpty()
              ? new Excused(acquire.invokedAt(), acquire.returnedAt())
              : Excused.NOTHING;
      case FAILED, WITHDRAWN -> Excused.NOTHING;
    };
  }

  private void checkGap(long from, long to, List<Tenure> lock, List<Possession> given) {
    if (to <= Nanos.plus(from, bound)) {
      return;
    }
    for (Tenure tenure : lock) {
      Acquire waiter = tenure.acquire();
      long begin = Math.max(from, waiter.invokedAt());
      long end = Math.min(to, waiter.returnedAt());
      if (end - begin > bound && end - begin - unheard(given, begin, end) > bound) {
        found.add(
            Check.LIVENESS,
            "nobody had %s for %s while hold %d waited, and nothing disturbed it"
                .formatted(waiter.name(), Nanos.text(end - begin), waiter.hold()),
            waiter);
        return;
      }
    }
  }

  /**
   * The time that is lost with grants of which no hold came: an answer may take longer than the
   * lease, and then the claim is given back, and its caller has to ask for another, after a pause.
   * Not for many in a row, or a lock that nobody is ever told of would pass for one that is held.
   */
  private long unheard(List<Possession> given, long from, long to) {
    long sum = 0;
    long counted = from;
    int grants = 0;
    for (Possession each : given) {
      if (each.from() < from || each.from() >= to || grants == UNHEARD_IN_A_ROW) {
        continue;
      }
      long end = Math.min(to, each.to());
      sum = Nanos.plus(sum, Math.max(0, end - Math.max(counted, each.from())));
      sum = Nanos.plus(sum, again);
      counted = Math.max(counted, end);
      grants++;
    }
    return sum;
  }

  /** What disturbs the run is an excuse for a lease longer than it lasts. */
  private List<Excused> disturbances() {
    if (disturbed == null) {
      disturbed = new ArrayList<>();
      for (Disturbed each : run.disturbances()) {
        disturbed.add(new Excused(each.from(), Nanos.plus(each.to(), leaseFor)));
      }
      for (Paused each : run.pauses()) {
        disturbed.add(new Excused(each.from(), Nanos.plus(each.to(), leaseFor)));
      }
      for (Crashed each : run.crashes()) {
        disturbed.add(new Excused(each.at(), Nanos.plus(each.at(), leaseFor)));
      }
    }
    return disturbed;
  }
}
