package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Acquire;
import io.holdfast.testkit.history.Event.Look;
import io.holdfast.testkit.history.Event.Lost;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.Event.Release;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One call of acquire, and what came of it. Used by one thread; read after {@link #settle}. */
final class Tenure {

  private final Acquire acquire;
  private final List<Look> looks = new ArrayList<>();
  private final List<Lost> losses = new ArrayList<>();
  private @Nullable Release release;
  private Event promise;
  private long promised;
  private long word = Nanos.NEVER;

  Tenure(Acquire acquire) {
    this.acquire = acquire;
    promise = acquire;
    promised = acquire.validUntil();
  }

  void add(Look look) {
    looks.add(look);
    if (!look.isHeld()) {
      word = Math.min(word, look.at());
    } else if (look.validUntil() > promised) {
      promised = look.validUntil();
      promise = look;
    }
  }

  void add(Lost lost) {
    losses.add(lost);
    word = Math.min(word, lost.at());
  }

  /** Of several releases the first counts. */
  void add(Release given) {
    if (release == null || given.invokedAt() < release.invokedAt()) {
      release = given;
    }
    word = Math.min(word, given.invokedAt());
  }

  /** All was added. */
  void settle(Life life) {
    looks.sort(Comparator.comparingLong(Look::at));
    losses.sort(Comparator.comparingLong(Lost::at));
    word = Math.min(word, life.crashFrom(acquire.returnedAt()));
  }

  Acquire acquire() {
    return acquire;
  }

  boolean isGranted() {
    return acquire.outcome() == Outcome.OK;
  }

  long token() {
    return acquire.token();
  }

  /** From when on the holder could rely on the lock. */
  long start() {
    return acquire.returnedAt();
  }

  /** Until when the holder could rely on the lock. */
  long end() {
    return Math.min(promised, word);
  }

  /** The latest end that the holder saw. */
  long promised() {
    return promised;
  }

  /** What told the holder that end. */
  Event promise() {
    return promise;
  }

  /** When the hold was over by anything but time; never if by nothing else. */
  long word() {
    return word;
  }

  List<Look> looks() {
    return looks;
  }

  List<Lost> losses() {
    return losses;
  }

  @Nullable Release release() {
    return release;
  }
}
