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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tokens: base + create revision. The base is one number for all names of a prefix and only rises,
 * and a line is served in the order of its create revisions, so each grant's token is greater than
 * the one before.
 *
 * <p>The base is read in the transaction of each grant. It is lifted there, too, if a token would
 * otherwise be below the microseconds since 1970: a little ahead, so that few grants have to. Which
 * do, is guessed here from the last answer: the base that was read may have been lifted by others,
 * which does no harm, or be lower than was thought, in a store that was restored; then the answer
 * shows it, and is no grant yet.
 *
 * <p>A grant that has lifted the base by one less than its span more has as many tokens: all are
 * above what the former base allowed, and the last is what the new one says.
 *
 * <p>Sixteen digits, because etcd compares values byte by byte. Thread-safe.
 */
final class Tokens {

  /** So that not every grant lifts; a fleet that moves to another store has to take as long. */
  private static final long AHEAD_MICROS = Duration.ofMillis(200).toNanos() / 1_000;

  private static final Pattern MARK = Pattern.compile("([0-9]{1,2})\\|(.*)");
  private static final int DIGITS = 16;
  private static final Pattern SIXTEEN_DIGITS = Pattern.compile("[0-9]{" + DIGITS + "}");

  private final Clock clock;

  /** The last that was heard, also if it is lower: the store was restored. */
  private volatile long lastRevision;

  private volatile long lastBase;

  /**
   * What makes tokens of a grant.
   *
   * @param micros the clock at the question, below which no token may be
   * @param span how many are wished for
   * @param lift what the base needs for that, as far as is known
   */
  record Mint(long micros, int span, Optional<Lift> lift) {}

  /**
   * A greater base.
   *
   * @param unlessAbove the greatest base from which it is lifted
   * @param to at least the former
   */
  record Lift(long unlessAbove, long to) {}

  Tokens(Clock clock) {
    this.clock = clock;
  }

  /** For a key that is created by the question itself. */
  Mint mint(int span) {
    return mint(lastRevision, span);
  }

  /** For a key with this create revision. */
  Mint mint(long revision, int span) {
    long micros = micros();
    long floor = micros - revision;
    long ahead = floor + AHEAD_MICROS;
    if (span > 1) { // from above whatever others may have lifted it to, or there is no room
      long from = Math.max(lastBase, ahead);
      return new Mint(micros, span, Optional.of(new Lift(from, from + span - 1)));
    }
    return new Mint(
        micros, 1, lastBase < floor ? Optional.of(new Lift(floor, ahead)) : Optional.empty());
  }

  private long micros() {
    return ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant());
  }

  /** How far the base is ahead of this host's clock; negative if it is behind. */
  Duration ahead(long base, long revision) {
    return Duration.of(base + revision - micros(), ChronoUnit.MICROS);
  }

  void heard(long revision) {
    lastRevision = revision;
  }

  /**
   * The grant of a claim that was found first.
   *
   * @param base what the same transaction read, after it lifted
   * @param revision the key's create revision
   * @param mint what that transaction was asked for
   * @return empty if the tokens would be below the clock, or there is no base
   */
  Optional<Attempt.Granted> grant(
      Optional<ByteSequence> base, long revision, Mint mint, boolean lifted, Duration validFor) {
    long last = base.map(Tokens::read).orElse(0L);
    lastBase = last;
    if (last + revision < mint.micros()) {
      return Optional.empty();
    }
    int span = lifted ? mint.span() : 1;
    try {
      return Optional.of(new Attempt.Granted(last + revision - (span - 1), span, validFor));
    } catch (IllegalArgumentException tooGreat) {
      throw new StoreRefusedException(
          "The base of tokens makes none below 2^53: " + CURE, tooGreat);
    }
  }

  private static final String CURE =
      "delete the key that ends with ==base while no lock is held, and tokens go on from the clock";

  static long read(ByteSequence base) {
    String digits = base.toString(StandardCharsets.UTF_8);
    if (!SIXTEEN_DIGITS.matcher(digits).matches()) {
      throw new StoreRefusedException("The base of tokens is no number of 16 digits: " + CURE);
    }
    return Long.parseLong(digits);
  }

  static ByteSequence written(long base) {
    String digits = Long.toString(base);
    return Keys.of("0".repeat(Math.max(0, DIGITS - digits.length())) + digits);
  }

  /** The value of a place: how many tokens the grant has that wrote it, and whose it is. */
  static ByteSequence mark(int span, String label) {
    return Keys.of(span + "|" + label);
  }

  /**
   * Who is told of by a place that is first.
   *
   * @param base what it was when the place was written last; empty if that cannot be found out
   */
  static Inspection.Holder holder(
      KeyValue first, Optional<ByteSequence> base, Optional<Duration> remaining) {
    Matcher mark = MARK.matcher(first.getValue().toString(StandardCharsets.UTF_8));
    if (!mark.matches()) {
      return new Inspection.Holder(
          "another client (the value is not Holdfast's)", OptionalLong.empty(), remaining);
    }
    int span = Integer.parseInt(mark.group(1));
    OptionalLong token =
        base.map(last -> OptionalLong.of(read(last) + first.getCreateRevision() - (span - 1)))
            .orElse(OptionalLong.empty());
    return new Inspection.Holder(mark.group(2), token, remaining);
  }
}
