package io.holdfast.cli.race;

import java.time.Duration;
import java.util.Optional;

/** No lock at all: everybody goes in, at any time. */
enum NoLock implements Exclusion, Exclusion.Turn {
  NO_LOCK;

  @Override
  public Optional<Turn> enter(Gate checked, Duration atMost) {
    return Optional.of(this);
  }

  @Override
  public long token() {
    return 0;
  }

  @Override
  public boolean lasts() {
    return true;
  }

  @Override
  public Left leave() {
    return Left.IN_TIME;
  }
}
