package io.holdfast.examples;

import io.holdfast.examples.CheckedLock.Candidate;
import io.holdfast.examples.CheckedLock.Held;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** A lock without an owner, so that anybody can free it: not to be used, but to be caught. */
public final class PlainBoolean implements Candidate {

  private final AtomicBoolean taken = new AtomicBoolean();
  private final AtomicLong tokens = new AtomicLong();

  /** A lock that is free. */
  public PlainBoolean() {}

  @Override
  public Held acquire() {
    while (!taken.compareAndSet(false, true)) {
      Thread.onSpinWait();
    }
    long token = tokens.incrementAndGet();
    return new Held() {
      @Override
      public long token() {
        return token;
      }

      @Override
      public Duration remaining() {
        return Duration.ofHours(1);
      }

      @Override
      public void onLost(Runnable action) {
        // It never finds out.
      }

      @Override
      public boolean release() {
        free();
        return true;
      }
    };
  }

  /** Frees it, whoever has it. */
  public void free() {
    taken.set(false);
  }
}
