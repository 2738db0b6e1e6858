package io.holdfast.testkit.history;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** How many were served before each, although they asked later. Takes n log n steps. */
final class Bypasses {

  private final List<Tenure> inTurn;
  private final Integer[] byCall;

  Bypasses(List<Tenure> inTurn) {
    this.inTurn = inTurn;
    byCall = new Integer[inTurn.size()];
    Arrays.setAll(byCall, i -> i);
    Arrays.sort(byCall, Comparator.comparingLong((Integer turn) -> calledAt(turn)).reversed());
  }

  private long calledAt(int turn) {
    return inTurn.get(turn).acquire().invokedAt();
  }

  /**
   * For each turn how many with an earlier turn asked more than a span later: with a binary indexed
   * tree (Fenwick, 1994) over the turns of those who asked so much later.
   */
  long[] after(long span) {
    long[] bypasses = new long[byCall.length];
    int[] tree = new int[byCall.length + 1];
    int later = 0;
    for (int turn : byCall) {
      while (calledAt(byCall[later]) > Nanos.plus(calledAt(turn), span)) {
        for (int i = byCall[later] + 1; i < tree.length; i += i & -i) {
          tree[i]++;
        }
        later++;
      }
      for (int i = turn; i > 0; i -= i & -i) {
        bypasses[turn] += tree[i];
      }
    }
    return bypasses;
  }
}
