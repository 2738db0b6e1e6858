package io.holdfast.local;

import io.holdfast.LockOptions;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Ask;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** The rule for the next token, which is the same in memory, in files and on a server. */
final class Mint {

  private static final long FARTHEST_MICROS = Duration.ofDays(400).toNanos() / 1_000;

  private Mint() {}

  /** The first token of a grant: above the previous one and what was asked, not below the clock. */
  static long next(Ask ask, long previous, long clockMicros) {
    long first = Math.max(clockMicros, Math.max(previous + 1, ask.tokenAbove() + 1));
    long last = first + ask.span() - 1;
    if (ask.tokenAbove() > clockMicros + FARTHEST_MICROS || last >= LockOptions.TOKEN_LIMIT) {
      throw new StoreRefusedException(
          "tokenAbove is more than 400 days ahead of the clock, or the token would reach 2^53");
    }
    return first;
  }

  /** The time of day as tokens have it. */
  static long micros(Clock clock) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant());
  }
}
