package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Acquire;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The search for an order in which a mutex with fencing tokens could have done what was seen: an
 * acquire while it is free, with a token greater than all before, and the end of the hold that has
 * it (J. Wing, C. Gong, "Testing and Verifying Concurrent Objects", 1993). A set of operations that
 * was reached once is not tried again (G. Lowe, "Testing for linearizability", 2017): who has the
 * mutex and what token was the last follow from the set. Used by one thread.
 */
final class OrderSearch {

  /**
   * A hold, to be put into an order.
   *
   * @param endsFrom when it may end at the earliest
   * @param endsBy when it has ended at the latest; {@link Long#MAX_VALUE} if it may go on for ever
   */
  record Hold(Acquire acquire, long endsFrom, long endsBy) {

    /** From when on it need not be there any more. */
    long overAt() {
      long end = Math.max(acquire.returnedAt(), endsFrom);
      return endsBy == Long.MAX_VALUE ? end : Math.max(end, endsBy);
    }
  }

  private static final int FREE = -1;
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
    found = explains(0, 0, FREE, greatestBefore);
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

  /** Whether what is not done yet can be done; each hold has a bit for its acquire and its end. */
  private boolean explains(long acquired, long ended, int holder, long token) {
    long horizon = horizon(acquired, ended);
    if (horizon == Long.MAX_VALUE) {
      return true;
    }
    if (tried.size() >= MOST_STATES || !tried.add((acquired << holds.size()) | ended)) {
      return false;
    }
    if (holder != FREE) {
      return holds.get(holder).endsFrom() <= horizon
          && explains(acquired, ended | (1L << holder), FREE, token);
    }
    for (int i = 0; i < holds.size(); i++) {
      Acquire acquire = holds.get(i).acquire();
      boolean isNext = (acquired & (1L << i)) == 0 && acquire.invokedAt() <= horizon;
      if (isNext
          && (!tokens || acquire.token() > token)
          && explains(acquired | (1L << i), ended, i, acquire.token())) {
        return true;
      }
    }
    return false;
  }

  /** What begins after this moment cannot be next: something else had been done by then. */
  private long horizon(long acquired, long ended) {
    long horizon = Long.MAX_VALUE;
    for (int i = 0; i < holds.size(); i++) {
      Hold hold = holds.get(i);
      if ((acquired & (1L << i)) == 0) {
        horizon = Math.min(horizon, hold.acquire().returnedAt());
      } else if ((ended & (1L << i)) == 0) {
        horizon = Math.min(horizon, hold.endsBy());
      }
    }
    return horizon;
  }
}
