package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Acquire;
import io.holdfast.testkit.history.Event.Disturbed;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** C7: who is served before whom. Grants are in the order of their tokens, if these grow. */
final class Fairness {

  private record Queue(String process, long waitAtMost) {}

  private final Run run;
  private final Expectations expected;
  private final Findings found;

  private Fairness(Run run, Expectations expected, Findings found) {
    this.run = run;
    this.expected = expected;
    this.found = found;
  }

  /** How many that asked later were served before one who waited, at most. */
  static long check(Run run, Expectations expected, Findings found) {
    Fairness fairness = new Fairness(run, expected, found);
    long most = 0;
    for (List<Tenure> lock : run.locks()) {
      most = Math.max(most, fairness.check(lock));
    }
    return most;
  }

  private long check(List<Tenure> lock) {
    List<Tenure> granted = new ArrayList<>(lock.size());
    for (Tenure tenure : lock) {
      if (tenure.isGranted()) {
        granted.add(tenure);
      }
    }
    granted.sort(Comparator.comparingLong(this::turn));
    Bypasses bypasses = new Bypasses(granted);
    if (expected.fifoInProcess()) {
      checkProcesses(granted);
    }
    if (expected.fifoOverStore()) {
      checkStore(lock, granted, bypasses);
    }
    long most = 0;
    for (long each : bypasses.after(0)) {
      most = Math.max(most, each);
    }
    return most;
  }

  private long turn(Tenure tenure) {
    return expected.tokens() && expected.tokensGrow() ? tenure.token() : tenure.start();
  }

  private void checkProcesses(List<Tenure> inTurn) {
    Map<Queue, Tenure> lastCaller = new HashMap<>();
    for (Tenure tenure : inTurn) {
      Acquire acquire = tenure.acquire();
      Queue queue = new Queue(acquire.process(), acquire.waitAtMost());
      Tenure last = lastCaller.get(queue);
      if (last == null || last.acquire().invokedAt() <= acquire.invokedAt()) {
        lastCaller.put(queue, tenure);
      } else if (last.acquire().invokedAt() <= acquire.returnedAt()) {
        found.add(
            Check.FAIRNESS,
            "%s asked for hold %d before hold %d of %s and was served after it"
                .formatted(
                    acquire.process(), acquire.hold(), last.acquire().hold(), acquire.name()),
            acquire,
            last.acquire());
      }
    }
  }

  private void checkStore(List<Tenure> lock, List<Tenure> inTurn, Bypasses bypasses) {
    Set<Long> behindOthers = behindOthersOfTheirProcess(lock);
    // The store has heard of a question when its time is over, and that of the one that opens its
    // session first; before that, none is the first.
    long question = Nanos.of(expected.requestTimeout());
    long heard = Nanos.plus(Nanos.plus(question, question), Nanos.of(expected.slack()));
    long[] bypassed = bypasses.after(heard);
    for (int i = 0; i < bypassed.length; i++) {
      Acquire acquire = inTurn.get(i).acquire();
      if (bypassed[i] > 0 && !behindOthers.contains(acquire.hold()) && isUndisturbed(acquire)) {
        found.add(
            Check.FAIRNESS,
            "%d that asked for %s later were served before hold %d"
                .formatted(bypassed[i], acquire.name(), acquire.hold()),
            acquire);
      }
    }
  }

  /** A store sees the first caller of each process; the others are not in its line yet. */
  private static Set<Long> behindOthersOfTheirProcess(List<Tenure> lock) {
    List<Tenure> byCall = new ArrayList<>(lock);
    byCall.sort(Comparator.comparingLong(tenure -> tenure.acquire().invokedAt()));
    Set<Long> behind = new HashSet<>();
    Map<String, Long> busyUntil = new HashMap<>();
    for (Tenure tenure : byCall) {
      Acquire acquire = tenure.acquire();
      long busy = busyUntil.getOrDefault(acquire.process(), Long.MIN_VALUE);
      if (acquire.invokedAt() <= busy) {
        behind.add(acquire.hold());
      }
      long over = tenure.isGranted() ? tenure.end() : acquire.returnedAt();
      busyUntil.put(acquire.process(), Math.max(busy, over));
    }
    return behind;
  }

  private boolean isUndisturbed(Acquire acquire) {
    for (Disturbed each : run.disturbances()) {
      if (each.from() <= acquire.returnedAt() && each.to() >= acquire.invokedAt()) {
        return false;
      }
    }
    return !run.life(acquire.process()).isPausedWithin(acquire.invokedAt(), acquire.returnedAt());
  }
}
