package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Stored;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the store gave to one claim, whether or not anyone heard of it: from the grant until it was
 * given back, and for a lease after it was last answered at most. A renewal does not prolong it:
 * who renews has heard of the grant, and then a hold tells how long it lasts.
 */
record Possession(long from, long to) {

  /** Those of one lock, in the order of their grants, from what its store did. */
  static List<Possession> of(List<Stored> ofLock, long leaseFor) {
    List<Possession> all = new ArrayList<>();
    Map<Long, Possession> open = new HashMap<>();
    for (Stored stored : ofLock) {
      long end = Nanos.plus(stored.at(), leaseFor);
      switch (stored.effect()) {
        case GRANTED -> {
          Possession earlier = open.put(stored.claim(), new Possession(stored.at(), end));
          if (earlier != null) {
            all.add(earlier.until(stored.at()));
          }
        }
        case GRANTED_AGAIN ->
            open.computeIfPresent(
                stored.claim(), (claim, since) -> new Possession(since.from(), end));
        case RELEASED -> {
          Possession over = open.remove(stored.claim());
          if (over != null) {
            all.add(over.until(stored.at()));
          }
        }
        case RENEWED -> {}
      }
    }
    all.addAll(open.values());
    all.sort(Comparator.comparingLong(Possession::from));
    return all;
  }

  private Possession until(long at) {
    return new Possession(from, Math.min(at, to));
  }
}
