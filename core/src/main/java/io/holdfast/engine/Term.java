package io.holdfast.engine;

import java.time.Duration;

/**
 * How long a lease is safe to rely on: less than the store keeps it, by a hundredth for clocks that
 * run at different speeds and 2 ms for their granularity (the customary figures of Redlock clients;
 * "Distributed Locks with Redis", redis.io).
 */
final class Term {

  /** In nanoseconds: half of what differences of times can say. */
  static final long FOR_EVER = Long.MAX_VALUE / 2;

  private static final long GRANULARITY = Duration.ofMillis(2).toNanos();

  private Term() {}

  /** When a lease ends for its holder: counted from before the question was sent. */
  static long validUntil(long askedAt, Duration validFor) {
    return askedAt + validFor.toNanos() - margin(validFor).toNanos();
  }

  /** By how much a holder gives up before the store does. */
  static Duration margin(Duration validFor) {
    return Duration.ofNanos(validFor.toNanos() / 100 + GRANULARITY);
  }

  /** The lease to ask for so that the holder can rely on at least a span of it. */
  static Duration lasting(Duration span) {
    return Duration.ofNanos((span.toNanos() + GRANULARITY) / 99 * 100 + 1_000_000);
  }

  static Duration shorter(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }
}
