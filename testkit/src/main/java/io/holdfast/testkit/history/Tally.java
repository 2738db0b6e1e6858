package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Claim;
import io.holdfast.testkit.history.Event.Disturbed;
import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.Event.Release;
import io.holdfast.testkit.history.Event.Write;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Counts what a run was made of. Some figures are a check's, which puts them here. */
final class Tally {

  private final Map<Fault, Long> disturbances = new EnumMap<>(Fault.class);
  private final Map<String, Long> servedByProcess = new HashMap<>();
  private long acquisitions;
  private long waits;
  private long refusals;
  private long unanswered;
  private long expiredWhilePaused;
  private long expiredWhileRunning;
  private long endedByStore;
  private long staleWrites;
  private long staleWritesRefused;
  private long staleClaimsRefused;
  private long conflicts;
  private long acknowledged;
  private long crashes;
  private long pauses;
  private long unheardGrants;
  private long longestWait;
  long overlaps;
  long lateGrants;
  long windowsSearched;
  long windowsInParts;
  long maxBypass;

  void count(Run run, Expectations expected) {
    long leaseFor = Nanos.of(expected.leaseFor());
    for (List<Tenure> lock : run.locks()) {
      countLock(lock, run);
      countUnheard(lock, Possession.of(run.stored(lock.get(0).acquire().name()), leaseFor));
    }
    Map<String, Grants> grants = new HashMap<>();
    for (Resource resource : run.resources()) {
      acknowledged += resource.acknowledged().size();
      countSteps(resource, run, expected.tokens(), grants);
    }
    crashes = run.crashes().size();
    pauses = run.pauses().size();
    for (Disturbed disturbed : run.disturbances()) {
      disturbances.merge(disturbed.fault(), 1L, Long::sum);
    }
  }

  private void countLock(List<Tenure> lock, Run run) {
    long heldUntil = Long.MIN_VALUE;
    for (Tenure tenure : lock) {
      Outcome outcome = tenure.acquire().outcome();
      boolean granted = outcome == Outcome.OK;
      servedByProcess.merge(tenure.acquire().process(), granted ? 1L : 0L, Long::sum);
      if (granted) {
        acquisitions++;
        long invokedAt = tenure.acquire().invokedAt();
        waits += heldUntil > invokedAt ? 1 : 0;
        heldUntil = Math.max(heldUntil, tenure.end());
        longestWait = Math.max(longestWait, tenure.start() - invokedAt);
        countLoss(tenure, run);
      } else if (outcome == Outcome.FAILED || outcome == Outcome.WITHDRAWN) {
        refusals++;
      } else {
        unanswered++;
      }
    }
  }

  private void countUnheard(List<Tenure> lock, List<Possession> given) {
    NavigableSet<Long> begun = new TreeSet<>();
    for (Tenure tenure : lock) {
      if (tenure.isGranted()) {
        begun.add(tenure.start());
      }
    }
    for (Possession each : given) {
      Long next = begun.ceiling(each.from());
      unheardGrants += next == null || next > each.to() ? 1 : 0;
    }
  }

  private void countLoss(Tenure tenure, Run run) {
    long end = tenure.end();
    Life life = run.life(tenure.acquire().process());
    Release release = tenure.release();
    if (end == life.crashFrom(tenure.start())) {
      return;
    }
    if (release != null && end == release.invokedAt()) {
      endedByStore += release.outcome() == Outcome.FAILED ? 1 : 0;
    } else if (end < tenure.promised()) {
      endedByStore++;
    } else if (end <= run.lastAt()) {
      boolean paused = life.isPausedWithin(end, end);
      expiredWhilePaused += paused ? 1 : 0;
      expiredWhileRunning += paused ? 0 : 1;
    }
  }

  private void countSteps(
      Resource resource, Run run, boolean tokens, Map<String, Grants> grantsOf) {
    long seen = Long.MIN_VALUE;
    for (Event step : resource.steps()) {
      if (step instanceof Claim claim) {
        staleClaimsRefused += claim.accepted() ? 0 : 1;
        seen = claim.accepted() ? Math.max(seen, claim.token()) : seen;
      } else if (step instanceof Write write) {
        boolean stale = tokens && write.token() < Math.max(seen, granted(write, run, grantsOf));
        staleWrites += stale ? 1 : 0;
        staleWritesRefused += stale && !write.accepted() ? 1 : 0;
        conflicts += stale || write.accepted() ? 0 : 1;
        seen = write.accepted() ? Math.max(seen, write.token()) : seen;
      }
    }
  }

  /** The greatest token that the write's lock had given to anyone by then. */
  private static long granted(Write write, Run run, Map<String, Grants> grantsOf) {
    @Nullable Tenure tenure = run.tenure(write.hold());
    if (tenure == null) {
      return Long.MIN_VALUE;
    }
    return grantsOf
        .computeIfAbsent(tenure.acquire().name(), name -> Grants.of(run.lock(name)))
        .greatestAt(write.at());
  }

  Load toLoad(long histories) {
    return new Load(
        histories,
        acquisitions,
        waits,
        refusals,
        unanswered,
        expiredWhilePaused,
        expiredWhileRunning,
        endedByStore,
        overlaps,
        staleWrites,
        staleWritesRefused,
        staleClaimsRefused,
        conflicts,
        acknowledged,
        crashes,
        pauses,
        disturbances,
        lateGrants,
        unheardGrants,
        windowsSearched,
        windowsInParts,
        maxBypass,
        jain(),
        Duration.ofNanos(longestWait));
  }

  /** R. Jain, D. Chiu, W. Hawe, "A Quantitative Measure of Fairness", DEC-TR-301, 1984. */
  private double jain() {
    double squares = 0;
    for (long served : servedByProcess.values()) {
      squares += (double) served * served;
    }
    double sum = acquisitions;
    return squares == 0 ? 1 : sum * sum / (servedByProcess.size() * squares);
  }
}
