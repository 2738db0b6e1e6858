package io.holdfast.engine;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * The pauses between attempts: each may be twice as long as the one before, up to a cap, and is
 * drawn evenly from nothing to that ("full jitter", aws.amazon.com/blogs/architecture, Exponential
 * Backoff And Jitter, 2015), so that those who failed together do not come back together. Never
 * shorter than a millisecond. Used by one state machine.
 */
final class Backoff {

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration FIRST = Duration.ofMillis(20);

  private final RandomGenerator random;
  private final Duration cap;
  private int pauses;

  Backoff(RandomGenerator random, Duration cap) {
    this.random = random;
    this.cap = cap.compareTo(SHORTEST) > 0 ? cap : SHORTEST;
  }

  Duration next() {
    long longest = Math.min(cap.toNanos(), FIRST.toNanos() << Math.min(pauses++, 20));
    return Duration.ofNanos(random.nextLong(SHORTEST.toNanos(), longest + 1));
  }
}
