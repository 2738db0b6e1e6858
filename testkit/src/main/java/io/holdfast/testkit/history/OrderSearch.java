package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Acquire;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The search for an order in which a mutex with fencing tokens could have done what was seen: each
 * acquire between its call and its return, with a token greater than all before, and after the end
 * of the hold before (J. Wing, C. Gong, "Testing and Verifying Concurrent Objects", 1993). What was
 * reached once is not tried again (G. Lowe, "Testing for linearizability", 2017). Used by one
 * thread.
 */
final class OrderSearch {

  /**
   * A hold, to be put into an order.
   *
   * @param endsFrom when it may end at the earliest; it may go on for ever
   */
  record Hold(Acquire acquire, long endsFrom) {

    /** From when on it need not be there any more. */
    long overAt() {
      return Math.max(acquire.returnedAt(), endsFrom);
    }
  }

  private static final int NONE = -1;
  private static final int MOST_STATES = 20_000;

  private final List<Hold> holds;
  private final boolean tokens;
  private final long greatestBefore;
  private final Set<Long> tried = new HashSet<>();
  private boolean found;

  OrderSearch(List<Hold> holds, boolean tokens, long greatestBefore) {
    this.holds = holds;
    this.tokens = tokens;
    this.greatestBefore = greatestBefore;
  }

  /** Searches. False if it gave up, after twenty thousand states. */
  boolean run() {
    found = explains(0, NONE, greatestBefore);
    return found || tried.size() < MOST_STATES;
  }

  /** Whether it searched everywhere and there is no order. */
  boolean foundNone() {
    return !found && tried.size() < MOST_STATES;
  }

  /** Of holds without an order, some that have none either, and all of which are needed for it. */
  List<Hold> smallestWithout() {
    // To leave out a whole hold never spoils an order, so one at a time finds a smallest set.
    List<Hold> needed = new ArrayList<>(holds);
    for (Hold hold : holds) {
      List<Hold> fewer = new ArrayList<>(needed);
      fewer.remove(hold);
      OrderSearch search = new OrderSearch(fewer, tokens, greatestBefore);
      if (search.run() && search.foundNone()) {
        needed = fewer;
      }
    }
    return needed;
  }

  /** Whether the others can follow those that were acquired, each with a bit, one of them last. */
  private boolean explains(long acquired, int last, long token) {
    long horizon = horizon(acquired);
    if (horizon == Long.MAX_VALUE) {
      return true;
    }
    if (last != NONE && holds.get(last).endsFrom() > horizon) {
      return false;
    }
    // Of one set either may be the last: whoever is not has ended in time for all that follow.
    if (tried.size() >= MOST_STATES || !tried.add(acquired)) {
      return false;
    }
    for (int i = 0; i < holds.size(); i++) {
      Acquire acquire = holds.get(i).acquire();
      boolean isNext = (acquired & (1L << i)) == 0 && acquire.invokedAt() <= horizon;
      if (isNext
          && (!tokens || acquire.token() > token)
          && explains(acquired | (1L << i), i, acquire.token())) {
        return true;
      }
    }
    return false;
  }

  /** The next one is acquired by then; what was called later cannot be the next. */
  private long horizon(long acquired) {
    long horizon = Long.MAX_VALUE;
    for (int i = 0; i < holds.size(); i++) {
      if ((acquired & (1L << i)) == 0) {
        horizon = Math.min(horizon, holds.get(i).acquire().returnedAt());
      }
    }
    return horizon;
  }
}
