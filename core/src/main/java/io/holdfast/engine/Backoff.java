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
  private static final Duration SPREAD = Duration.ofMillis(5);
  private static final Duration POLITE = Duration.ofMillis(100);

  private final RandomGenerator random;
  private final Duration cap;
  private int pauses;

  Backoff(RandomGenerator random, Duration cap) {
    this.random = random;
    this.cap = cap.compareTo(SHORTEST) > 0 ? cap : SHORTEST;
  }

  Duration next() {
    pauses++;
    return drawn(longest());
  }

  /**
   * A little later than a moment for which others may wait, too; and not much sooner than the last
   * pause could have been, because that moment may be put off again and again.
   */
  Duration notBefore(Duration moment) {
    Duration least = longest().compareTo(POLITE) < 0 ? longest() : POLITE;
    return (moment.compareTo(least) > 0 ? moment : least).plus(drawn(SPREAD));
  }

  private Duration longest() {
    Duration doubled = FIRST.multipliedBy(1L << Math.min(pauses - 1, 20));
    return doubled.compareTo(cap) < 0 ? doubled : cap;
  }

  private Duration drawn(Duration longest) {
    return Duration.ofNanos(random.nextLong(SHORTEST.toNanos(), longest.toNanos() + 1));
  }
}
