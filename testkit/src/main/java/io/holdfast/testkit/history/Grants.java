package io.holdfast.testkit.history;

import java.util.Arrays;
import java.util.List;

/** The greatest token of one lock that anyone had been granted at a time. Immutable. */
final class Grants {

  private final long[] at;
  private final long[] greatest;

  private Grants(long[] at, long[] greatest) {
    this.at = at;
    this.greatest = greatest;
  }

  /** From tenures in the order in which their acquires returned. */
  static Grants of(List<Tenure> lock) {
    long[] at = new long[lock.size()];
    long[] greatest = new long[lock.size()];
    long token = Long.MIN_VALUE;
    for (int i = 0; i < at.length; i++) {
      Tenure tenure = lock.get(i);
      token = tenure.isGranted() ? Math.max(token, tenure.token()) : token;
      at[i] = tenure.start();
      greatest[i] = token;
    }
    return new Grants(at, greatest);
  }

  long greatestAt(long moment) {
    int found = Arrays.binarySearch(at, moment);
    int last = found < 0 ? -found - 2 : found;
    while (last + 1 < at.length && at[last + 1] == moment) {
      last++;
    }
    return last < 0 ? Long.MIN_VALUE : greatest[last];
  }
}
