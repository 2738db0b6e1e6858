package io.holdfast.simulation;

import io.holdfast.LockName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one server of an ensemble knows: the lines of all locks, the base of the tokens, and up to
 * which revision. It only ever goes forward. Used by one thread.
 */
final class Line {

  /**
   * A claim's place in the line of its lock; the first one has the lock.
   *
   * @param session which it ends with
   * @param created the revision of its entry, which is its token's part above the base
   */
  record Place(LockName name, String claim, long session, long created) {}

  /** One revision. */
  sealed interface Change {
    long revision();
  }

  /** A claim comes last. */
  record Entered(Place place, long revision) implements Change {}

  /** A place is given up. */
  record Left(Place place, long revision) implements Change {}

  /** The base rises. */
  record Lifted(long base, long revision) implements Change {}

  private final Map<LockName, List<Place>> lines = new HashMap<>();
  private long base;
  private long revision;

  /** The place behind one that was left: what had the left one before it; null if none is. */
  @Nullable Place apply(Change change) {
    revision = change.revision();
    if (change instanceof Entered entered) {
      lines.computeIfAbsent(entered.place().name(), name -> new ArrayList<>()).add(entered.place());
    } else if (change instanceof Left left) {
      List<Place> line = of(left.place().name());
      int at = line.indexOf(left.place());
      line.remove(at);
      return at < line.size() ? line.get(at) : null;
    } else if (change instanceof Lifted lifted) {
      base = lifted.base();
    }
    return null;
  }

  /** The places for a lock, in the order in which they came. */
  List<Place> of(LockName name) {
    return lines.getOrDefault(name, List.of());
  }

  /** Where a place stands, 0 being the first; -1 if it is not there. */
  int position(Place place) {
    return of(place.name()).indexOf(place);
  }

  @Nullable Place placeOf(LockName name, String claim) {
    for (Place place : of(name)) {
      if (place.claim().equals(claim)) {
        return place;
      }
    }
    return null;
  }

  /** All places. */
  List<Place> places() {
    List<Place> all = new ArrayList<>();
    lines.values().forEach(all::addAll);
    all.sort(Comparator.comparingLong(Place::created));
    return all;
  }

  long base() {
    return base;
  }

  long revision() {
    return revision;
  }
}
