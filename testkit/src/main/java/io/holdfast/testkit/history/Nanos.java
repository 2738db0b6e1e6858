package io.holdfast.testkit.history;

import java.time.Duration;

/** Nanoseconds of the history's clock, of which the greatest number is never. */
final class Nanos {

  /** Later than all that happens. */
  static final long NEVER = Long.MAX_VALUE;

  private Nanos() {}

  /** Later by a span that is not negative; never is never. */
  static long plus(long at, long span) {
    long sum = at + span;
    return sum < at ? NEVER : sum;
  }

  static long of(Duration span) {
    return span.toSeconds() > NEVER / 2_000_000_000L ? NEVER / 2 : span.toNanos();
  }

  /** A span for people. */
  static String text(long span) {
    if (span < 1_000_000) {
      return span + " ns";
    }
    return "%.3f ms".formatted(span / 1e6);
  }
}
