package io.holdfast.embedded;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for what other processes do and nobody tells. */
final class Polling {

  private static final long PAUSE_NANOS = 10_000_000;

  private Polling() {}

  /** The moment between two looks; none while the interrupt flag is set. */
  static void pause() {
    LockSupport.parkNanos(PAUSE_NANOS);
  }

  /** Whether it became true within the limit. Goes on through an interrupt, whose flag stays. */
  static boolean until(BooleanSupplier isTrue, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    boolean wasInterrupted = false;
    try {
      while (!isTrue.getAsBoolean()) {
        if (System.nanoTime() - end >= 0) {
          return false;
        }
        pause();
        wasInterrupted |= Thread.interrupted(); // else the next pause would be none
      }
      return true;
    } finally {
      if (wasInterrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
