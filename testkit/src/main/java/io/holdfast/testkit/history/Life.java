package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Crashed;
import io.holdfast.testkit.history.Event.GaveUp;
import io.holdfast.testkit.history.Event.Paused;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * When a process did not run, or gave its locks up. Used by one thread; read after {@link #settle}.
 */
final class Life {

  /** That of a process that nothing happened to. */
  static final Life UNDISTURBED = new Life();

  private final List<Paused> pauses = new ArrayList<>(0);
  private final List<Crashed> crashes = new ArrayList<>(0);
  private final List<GaveUp> givenUp = new ArrayList<>(0);

  void add(Paused pause) {
    pauses.add(pause);
  }

  void add(Crashed crash) {
    crashes.add(crash);
  }

  void add(GaveUp gaveUp) {
    givenUp.add(gaveUp);
  }

  void settle() {
    pauses.sort(Comparator.comparingLong(Paused::from));
    crashes.sort(Comparator.comparingLong(Crashed::at));
  }

  /** The first crash at or after a moment; never if there is none. */
  long crashFrom(long at) {
    for (Crashed crash : crashes) {
      if (crash.at() >= at) {
        return crash.at();
      }
    }
    return Nanos.NEVER;
  }

  /** How long it was paused in an interval. */
  long pausedWithin(long from, long to) {
    long sum = 0;
    long counted = from;
    for (Paused pause : pauses) {
      long begin = Math.max(counted, pause.from());
      long end = Math.min(to, pause.to());
      if (end > begin) {
        sum += end - begin;
        counted = end;
      }
    }
    return sum;
  }

  boolean isPausedWithin(long from, long to) {
    for (Paused pause : pauses) {
      if (pause.from() <= to && pause.to() >= from) {
        return true;
      }
    }
    return false;
  }

  /** Whether it gave its locks up in an interval. */
  boolean gaveUpWithin(long from, long to) {
    for (GaveUp each : givenUp) {
      if (each.at() >= from && each.at() <= to) {
        return true;
      }
    }
    return false;
  }

  /** Until when that is to be done which is due at a moment, or when it runs again after it. */
  long deadline(long due, long slack) {
    long deadline = Nanos.plus(due, slack);
    for (Paused pause : pauses) {
      if (pause.from() <= deadline) {
        deadline = Math.max(deadline, Nanos.plus(pause.to(), slack));
      }
    }
    return deadline;
  }
}
