package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Acquire;
import io.holdfast.testkit.history.Event.Crashed;
import io.holdfast.testkit.history.Event.Look;
import io.holdfast.testkit.history.Event.Lost;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.Event.Release;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * C11: the history cut into windows, each searched for an order that explains it. Reads the events
 * by itself, so that it is wrong about them in other ways than the other checks are.
 *
 * <p>Each granted acquire takes effect between call and return. Each hold ends at any time from
 * when its holder gave it back, was told of its loss, died, or saw its time over; or never. By when
 * a release was answered does not matter: a lock that is free later makes nothing possible that was
 * not before. Nor does an acquire without an answer, which may have taken effect later or never:
 * whatever order explains a history with it explains it without, so it is left out.
 *
 * <p>A window begins where all that began before may be over. What comes later cannot have been
 * before, so that windows are searched one by one, and only the greatest token goes on. A window of
 * more than forty operations is searched in parts that overlap.
 */
final class Linearizability {

  /** How many windows were searched whole, and how many were too long for it. */
  record Windows(long whole, long inParts) {}

  /** Twenty acquires and twenty ends make the longest window that is searched whole. */
  private static final int MOST_HOLDS = 20;

  /** A hold as it is read: its end is not known before all events are. */
  private static final class Reading {
    private final Acquire acquire;
    private long promised;
    private long word = Long.MAX_VALUE;

    Reading(Acquire acquire) {
      this.acquire = acquire;
      promised = acquire.validUntil();
    }

    void saw(Look look) {
      if (look.validUntil() > look.at()) {
        promised = Math.max(promised, look.validUntil());
      } else {
        heard(look.at());
      }
    }

    void heard(long at) {
      word = Math.min(word, at);
    }

    OrderSearch.Hold toHold() {
      // What was over when it was heard of may have been over at any time since it was asked for.
      boolean wasOver = promised <= acquire.returnedAt();
      return new OrderSearch.Hold(
          acquire, wasOver ? acquire.invokedAt() : Math.min(promised, word));
    }
  }

  private Linearizability() {}

  /**
   * Searches.
   *
   * @param isKept says of a hold, by its number, that the store cannot have forgotten it: the
   *     others are left out, as an order has one without them, too
   */
  static Windows check(List<Event> events, boolean tokens, Predicate<Long> isKept, Findings found) {
    long whole = 0;
    long inParts = 0;
    for (List<OrderSearch.Hold> holds : read(events, isKept)) {
      long greatest = Long.MIN_VALUE;
      for (List<OrderSearch.Hold> window : windows(holds)) {
        if (window.size() <= MOST_HOLDS && search(window, tokens, greatest, found)) {
          whole++;
        } else {
          inParts++;
          searchParts(window, tokens, greatest, found);
        }
        for (OrderSearch.Hold hold : window) {
          greatest = Math.max(greatest, hold.acquire().token());
        }
      }
    }
    return new Windows(whole, inParts);
  }

  /** What has an order has one, too, when some holds are left out: a part without one is proof. */
  private static void searchParts(
      List<OrderSearch.Hold> window, boolean tokens, long greatest, Findings found) {
    for (int from = 0; from < window.size(); from += MOST_HOLDS / 2) {
      int to = Math.min(from + MOST_HOLDS, window.size());
      int before = found.size();
      boolean decided = search(window.subList(from, to), tokens, greatest, found);
      if (to == window.size() || (decided && found.size() > before)) {
        return;
      }
    }
  }

  /** Whether the search came to an end. */
  private static boolean search(
      List<OrderSearch.Hold> holds, boolean tokens, long greatest, Findings found) {
    OrderSearch search = new OrderSearch(holds, tokens, greatest);
    boolean decided = search.run();
    if (search.foundNone()) {
      add(found, search.smallestWithout(), greatest);
    }
    return decided;
  }

  private static void add(Findings found, List<OrderSearch.Hold> holds, long greatest) {
    String before = greatest == Long.MIN_VALUE ? "" : " after token " + greatest;
    found.add(
        Check.LINEARIZABILITY,
        "no order explains these %d holds of %s%s"
            .formatted(holds.size(), holds.get(0).acquire().name(), before),
        holds.stream().<Event>map(OrderSearch.Hold::acquire).toList());
  }

  /** The granted holds of each lock. */
  private static List<List<OrderSearch.Hold>> read(List<Event> events, Predicate<Long> isKept) {
    Map<Long, Reading> readings = new LinkedHashMap<>();
    for (Event event : events) {
      if (event instanceof Acquire acquire
          && acquire.outcome() == Outcome.OK
          && isKept.test(acquire.hold())) {
        readings.put(acquire.hold(), new Reading(acquire));
      }
    }
    for (Event event : events) {
      read(event, readings);
    }
    Map<String, List<OrderSearch.Hold>> locks = new HashMap<>();
    for (Reading reading : readings.values()) {
      locks
          .computeIfAbsent(reading.acquire.name(), name -> new ArrayList<>())
          .add(reading.toHold());
    }
    return List.copyOf(locks.values());
  }

  private static void read(Event event, Map<Long, Reading> readings) {
    if (event instanceof Look look) {
      Reading hold = readings.get(look.hold());
      if (hold != null) {
        hold.saw(look);
      }
    } else if (event instanceof Lost lost) {
      Reading hold = readings.get(lost.hold());
      if (hold != null) {
        hold.heard(lost.at());
      }
    } else if (event instanceof Release release) {
      Reading hold = readings.get(release.hold());
      if (hold != null) {
        hold.heard(release.invokedAt());
      }
    } else if (event instanceof Crashed crashed) {
      for (Reading hold : readings.values()) {
        if (hold.acquire.process().equals(crashed.process())
            && hold.acquire.returnedAt() <= crashed.at()) {
          hold.heard(crashed.at());
        }
      }
    }
  }

  private static List<List<OrderSearch.Hold>> windows(List<OrderSearch.Hold> holds) {
    holds.sort(Comparator.comparingLong(hold -> hold.acquire().invokedAt()));
    List<List<OrderSearch.Hold>> windows = new ArrayList<>();
    List<OrderSearch.Hold> window = new ArrayList<>();
    long busyUntil = Long.MIN_VALUE;
    for (OrderSearch.Hold hold : holds) {
      if (hold.acquire().invokedAt() > busyUntil && !window.isEmpty()) {
        windows.add(window);
        window = new ArrayList<>();
      }
      window.add(hold);
      busyUntil = Math.max(busyUntil, hold.overAt());
    }
    if (!window.isEmpty()) {
      windows.add(window);
    }
    return windows;
  }
}
