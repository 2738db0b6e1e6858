package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.Look;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.Event.Release;
import io.holdfast.testkit.history.Event.Stored;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** C10, the other half: no holder loses its lock for nothing. */
final class LossCauses {

  private static final Set<Fault> ALL = EnumSet.allOf(Fault.class);

  private final Run run;
  private final Findings found;
  private final Forgetting forgetting;
  private final long leaseFor;
  private final long slack;

  private LossCauses(Run run, Expectations expected, Findings found) {
    this.run = run;
    this.found = found;
    forgetting = new Forgetting(run, expected);
    leaseFor = Nanos.of(expected.leaseFor());
    slack = Nanos.of(expected.slack());
  }

  static void check(Run run, Expectations expected, Findings found) {
    LossCauses causes = new LossCauses(run, expected, found);
    for (List<Tenure> lock : run.locks()) {
      for (Tenure tenure : lock) {
        if (tenure.isGranted() && expected.endsNoneEarly()) {
          causes.checkEarly(tenure);
        }
        if (tenure.isGranted() && expected.renewsInTime()) {
          causes.checkRenewed(tenure);
        }
      }
    }
  }

  private void checkEarly(Tenure tenure) {
    long told = toldLost(tenure);
    if (Nanos.plus(told, slack) < tenure.promised()
        && !run.mayForgetBetween(forgetting.since(tenure), told)
        && !run.life(tenure.acquire().process()).gaveUpWithin(forgetting.since(tenure), told)
        && !gaveItBackItself(tenure, told)) {
      add(
          tenure,
          "was told lost %s before its time, and nothing had ended it"
              .formatted(Nanos.text(tenure.promised() - told)));
    }
  }

  private static long toldLost(Tenure tenure) {
    long told = tenure.losses().isEmpty() ? Nanos.NEVER : tenure.losses().get(0).at();
    for (Look look : tenure.looks()) {
      told = look.isHeld() ? told : Math.min(told, look.at());
    }
    Release release = tenure.release();
    if (release != null && release.outcome() == Outcome.FAILED) {
      told = Math.min(told, release.returnedAt());
    }
    return told;
  }

  /** The store may hear a release twice, and answer the second: it was the end all the same. */
  private boolean gaveItBackItself(Tenure tenure, long told) {
    @Nullable Stored grant = run.grantOf(tenure);
    Release release = tenure.release();
    return grant != null && release != null && run.isFreedBetween(grant, release.invokedAt(), told);
  }

  private void checkRenewed(Tenure tenure) {
    long end = tenure.promised();
    long from = end - 2 * leaseFor;
    if (tenure.end() == end
        && end <= run.lastAt()
        && !run.life(tenure.acquire().process()).isPausedWithin(from, end)
        && !run.isDisturbedBetween(from, end, ALL)) {
      add(tenure, "ended while its process ran, and nothing disturbed its renewal");
    }
  }

  private void add(Tenure tenure, String what) {
    found.add(
        Check.LOSS_TOLD,
        "hold %d of %s %s".formatted(tenure.acquire().hold(), tenure.acquire().name(), what),
        tenure.acquire(),
        tenure.promise());
  }
}
