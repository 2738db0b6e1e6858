package io.holdfast.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.holdfast.Inspection;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Attempt;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Tokens: base + create revision. The base is one number for all names of a prefix and only rises,
 * and a line is served in the order of its create revisions, so each grant's token is greater than
 * the one before.
 *
 * <p>A grant lifts the base in its own transaction, so that no token is below the microseconds
 * since 1970. What it lifts it to is guessed here from the last answer, and too low a guess lifts
 * nothing. A grant that has lifted the base by one less than its span more has as many tokens: all
 * are above what the former base allowed, and the last is what the new one says.
 *
 * <p>Sixteen digits, because etcd compares values byte by byte. Thread-safe.
 */
final class Tokens {

  private final Clock clock;
  private final AtomicLong lastRevision = new AtomicLong();
  private final AtomicLong lastBase = new AtomicLong();

  Tokens(Clock clock) {
    this.clock = clock;
  }

  /** The base below which a grant made now would be below the clock. */
  long floor() {
    long micros = ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant());
    return Math.max(micros - lastRevision.get(), lastBase.get());
  }

  /** How far the base is ahead of this host's clock; negative if it is behind. */
  Duration ahead(long base, long revision) {
    long micros = ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant());
    return Duration.of(base + revision - micros, ChronoUnit.MICROS);
  }

  void heard(long revision) {
    lastRevision.set(revision); // also when it falls: the store was restored
  }

  /**
   * The grant of a claim that was found first.
   *
   * @param base what the same transaction read
   * @param span how many tokens the transaction made room for; 1 if it lifted nothing
   */
  Attempt.Granted grant(ByteSequence base, long revision, int span, Duration validFor) {
    long last = read(base);
    lastBase.accumulateAndGet(last, Math::max);
    try {
      return new Attempt.Granted(last + revision - (span - 1), span, validFor);
    } catch (IllegalArgumentException tooGreat) {
      throw new StoreRefusedException(
          "The base of tokens makes none below 2^53: " + CURE, tooGreat);
    }
  }

  private static final String CURE =
      "delete the key that ends with ==base while no lock is held, and tokens go on from the clock";

  static long read(ByteSequence base) {
    String digits = base.toString(StandardCharsets.UTF_8);
    if (!digits.matches("[0-9]{16}")) {
      throw new StoreRefusedException("The base of tokens is no number of 16 digits: " + CURE);
    }
    return Long.parseLong(digits);
  }

  static ByteSequence written(long base) {
    return Keys.of("%016d".formatted(base));
  }

  /** The value of a place: what to add to its create revision for the first token, if known. */
  static ByteSequence mark(OptionalLong start, String label) {
    return Keys.of((start.isPresent() ? Long.toString(start.getAsLong()) : "?") + "|" + label);
  }

  /** Who is told of by a place that is first. */
  static Inspection.Holder holder(KeyValue first, Optional<Duration> remaining) {
    String mark = first.getValue().toString(StandardCharsets.UTF_8);
    int bar = mark.indexOf('|');
    if (bar < 0) {
      return new Inspection.Holder(
          "another client (the value is not Holdfast's)", OptionalLong.empty(), remaining);
    }
    String start = mark.substring(0, bar);
    return new Inspection.Holder(
        mark.substring(bar + 1),
        start.matches("[0-9]{1,16}")
            ? OptionalLong.of(Long.parseLong(start) + first.getCreateRevision())
            : OptionalLong.empty(),
        remaining);
  }
}
