package io.holdfast.testkit.history;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** C1, by a sweep over the holds of each lock in the order in which they began. */
final class Exclusion {

  private Exclusion() {}

  /** How many holds began while another could still be relied on. */
  static long check(Run run, Expectations expected, Findings found) {
    long overlaps = 0;
    for (List<Tenure> lock : run.locks()) {
      @Nullable Tenure latest = null;
      for (Tenure tenure : lock) {
        if (!tenure.isGranted() || tenure.end() <= tenure.start()) {
          continue;
        }
        if (latest != null && tenure.start() < latest.end()) {
          overlaps++;
          if (expected.exclusion()) {
            add(found, latest, tenure);
          }
        }
        if (latest == null || tenure.end() > latest.end()) {
          latest = tenure;
        }
      }
    }
    return overlaps;
  }

  private static void add(Findings found, Tenure one, Tenure other) {
    long overlap = Math.min(one.end(), other.end()) - other.start();
    found.add(
        Check.EXCLUSION,
        "holds %d and %d of %s could both be relied on for %s"
            .formatted(
                one.acquire().hold(),
                other.acquire().hold(),
                one.acquire().name(),
                Nanos.text(overlap)),
        one.acquire(),
        one.promise(),
        other.acquire());
  }
}
