package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Acquire;
import io.holdfast.testkit.history.Event.Crashed;
import io.holdfast.testkit.history.Event.Disturbed;
import io.holdfast.testkit.history.Event.Effect;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.Event.Paused;
import io.holdfast.testkit.history.Event.Stored;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** C6: waits that end, and locks that do not stay free while someone waits. */
final class Liveness {

  /** A stretch of time in which nobody can complain of having to wait. */
  private record Excused(long from, long to) {}

  private final Run run;
  private final Findings found;
  private final long leaseFor;
  private final long late;
  private final long slack;
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
    bound = Nanos.plus(Nanos.plus(leaseFor, Nanos.of(expected.longestBackoff())), questions);
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
    excused.addAll(grants(lock.get(0).acquire().name()));
    excused.sort(Comparator.comparingLong(Excused::from));
    long freeFrom = Long.MIN_VALUE;
    for (Excused next : excused) {
      checkGap(freeFrom, next.from(), lock);
      freeFrom = Math.max(freeFrom, next.to());
    }
    checkGap(freeFrom, Nanos.NEVER, lock);
  }

  /**
   * Here a hold lasts until its holder is told that it is over, as its lease may have been renewed
   * since it last looked. An acquire without an answer may have been granted as long as it was not
   * over, and for a lease after it.
   */
  private static Excused excuse(Tenure tenure) {
    Acquire acquire = tenure.acquire();
    return switch (acquire.outcome()) {
      case OK -> {
        long end = tenure.word() == Nanos.NEVER ? tenure.promised() : tenure.word();
        yield new Excused(tenure.start(), Math.max(tenure.start(), end));
      }
      case UNKNOWN -> new Excused(acquire.invokedAt(), acquire.returnedAt());
      case FAILED, WITHDRAWN -> new Excused(Nanos.NEVER, Nanos.NEVER);
    };
  }

  /**
   * What the store gave, whether or not anyone heard of it in time: an answer may take longer than
   * the lease, and then the claim is given back, and its caller has to wait again. It counts until
   * it was given back, and for a lease at most.
   */
  private List<Excused> grants(String name) {
    List<Excused> grants = new ArrayList<>();
    Map<Long, Stored> open = new HashMap<>();
    for (Stored each : run.stored()) {
      if (!each.name().equals(name)) {
        continue;
      }
      if (each.effect() == Effect.GRANTED) {
        open.put(each.claim(), each);
      } else if (each.effect() == Effect.RELEASED) {
        Stored grant = open.remove(each.claim());
        if (grant != null) {
          grants.add(new Excused(grant.at(), Math.min(each.at(), end(grant))));
        }
      }
    }
    open.values().forEach(grant -> grants.add(new Excused(grant.at(), end(grant))));
    return grants;
  }

  private long end(Stored grant) {
    return Nanos.plus(grant.at(), leaseFor);
  }

  private void checkGap(long from, long to, List<Tenure> lock) {
    if (to <= Nanos.plus(from, bound)) {
      return;
    }
    for (Tenure tenure : lock) {
      Acquire waiter = tenure.acquire();
      long begin = Math.max(from, waiter.invokedAt());
      long end = Math.min(to, waiter.returnedAt());
      if (end - begin > bound) {
        found.add(
            Check.LIVENESS,
            "nobody had %s for %s while hold %d waited, and nothing disturbed it"
                .formatted(waiter.name(), Nanos.text(end - begin), waiter.hold()),
            waiter);
        return;
      }
    }
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
