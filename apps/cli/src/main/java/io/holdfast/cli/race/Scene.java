package io.holdfast.cli.race;

import static io.holdfast.cli.race.Report.Kind.CHECKED;
import static io.holdfast.cli.race.Report.Kind.READY;

import java.util.List;

/**
 * A course of events that happens by bad luck, played on purpose: each actor stands where the scene
 * wants it and reports so, and nothing hangs on the clock.
 *
 * <p>A pause is a stopped process (SIGSTOP), as one is that collects garbage, is swapped out, or
 * moves with its machine to another host. It stands between making sure of its lock and writing,
 * and looks at nothing again when it wakes: whatever it looked at, there would be a moment after
 * that.
 */
enum Scene {

  /** One is paused before its write; another reads and commits; the paused one writes. */
  OVERTAKEN {
    @Override
    boolean play(Cast cast) throws RaceException, InterruptedException {
      Actor paused = cast.first();
      Actor other = cast.second();
      if (!paused.isPausedBeforeItsWrite()) {
        return false;
      }
      other.begins();
      boolean committed = other.ends();
      paused.wakes();
      paused.ends();
      return committed;
    }
  },

  /**
   * One is paused before its write; another reads; the paused one writes; the other writes. The
   * order that a fence cannot see which is looked at by the write alone.
   */
  OVERLAPPED {
    @Override
    boolean play(Cast cast) throws RaceException, InterruptedException {
      Actor paused = cast.first();
      Actor other = cast.second();
      if (!paused.isPausedBeforeItsWrite()) {
        return false;
      }
      other.begins(READY);
      boolean hasRead = other.reaches(READY);
      paused.wakes();
      boolean written = paused.ends();
      return hasRead && other.ends() && written;
    }
  },

  /** Two look whether the lock is free, both see that it is, both take it. */
  BOTH_SEE_NOTHING {
    @Override
    boolean play(Cast cast) throws RaceException, InterruptedException {
      Actor one = cast.first();
      Actor two = cast.second();
      one.begins(CHECKED, READY);
      two.begins(CHECKED, READY);
      boolean bothSawNothing = one.reaches(CHECKED) && two.reaches(CHECKED);
      if (!bothSawNothing) {
        return false;
      }
      one.goesOn();
      two.goesOn();
      boolean bothHaveRead = one.reaches(READY) && two.reaches(READY);
      return bothHaveRead && one.ends() && two.ends();
    }
  },

  /** One dies with the lock; nobody gets in until someone removes the lock by hand. */
  CRASHED {
    @Override
    boolean play(Cast cast) throws RaceException, InterruptedException {
      Actor dying = cast.first();
      dying.begins(READY);
      if (!dying.reaches(READY)) {
        return false;
      }
      dying.dies();
      List<Actor> others = cast.others();
      for (Actor other : others) {
        other.beginsWithLittlePatience();
      }
      boolean nobodyGotIn = true;
      for (Actor other : others) {
        nobodyGotIn &= !other.ends();
      }
      cast.removeLockByHand();
      dying.isReplaced();
      return nobodyGotIn;
    }
  },

  /**
   * One is paused before its write and taken for dead; its lock is removed by hand; another reads
   * and commits; the paused one writes.
   */
  REMOVED_BY_HAND {
    @Override
    boolean play(Cast cast) throws RaceException, InterruptedException {
      Actor paused = cast.first();
      Actor other = cast.second();
      if (!paused.isPausedBeforeItsWrite()) {
        return false;
      }
      other.beginsWithLittlePatience();
      boolean blocked = !other.ends();
      cast.removeLockByHand();
      other.begins();
      boolean committed = other.ends();
      paused.wakes();
      paused.ends();
      return blocked && committed;
    }
  },

  /**
   * One is paused before its write; another reads; the paused one writes and, releasing, frees the
   * other's lock; a third commits; the other writes.
   */
  FREED_BY_ANOTHER {
    @Override
    boolean play(Cast cast) throws RaceException, InterruptedException {
      Actor paused = cast.first();
      Actor other = cast.second();
      Actor third = cast.third();
      if (!paused.isPausedBeforeItsWrite()) {
        return false;
      }
      other.begins(READY);
      if (!other.reaches(READY)) {
        return false;
      }
      paused.wakes();
      paused.ends();
      third.begins();
      boolean committed = third.ends();
      return paused.freedAnothersLock() && committed && other.ends();
    }
  };

  /**
   * Plays it once.
   *
   * @return whether it came out as meant; a machine that stands still for seconds can spoil it
   */
  abstract boolean play(Cast cast) throws RaceException, InterruptedException;
}
