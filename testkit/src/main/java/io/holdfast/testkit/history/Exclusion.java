package io.holdfast.testkit.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** C1, by a sweep over the holds of each lock in the order in which they began. */
final class Exclusion {

  private Exclusion() {}

  /** How many holds began while another could still be relied on. */
  static long check(Run run, Expectations expected, Findings found) {
    Forgetting forgetting = new Forgetting(run, expected);
    long overlaps = 0;
    for (List<Tenure> lock : run.locks()) {
      List<Tenure> relied = new ArrayList<>();
      for (Tenure tenure : lock) {
        if (!tenure.isGranted() || tenure.end() <= tenure.start()) {
          continue;
        }
        relied.removeIf(earlier -> earlier.end() <= tenure.start());
        overlaps += relied.isEmpty() ? 0 : 1;
        relied.stream()
            .filter(earlier -> !forgetting.excuses(earlier, tenure))
            .max(Comparator.comparingLong(Tenure::end))
            .ifPresent(earlier -> add(found, earlier, tenure));
        relied.add(tenure);
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
