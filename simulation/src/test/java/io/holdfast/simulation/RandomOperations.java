package io.holdfast.simulation;

import io.holdfast.simulation.Operation.Acquire;
import io.holdfast.simulation.Operation.Delete;
import io.holdfast.simulation.Operation.Inspect;
import io.holdfast.simulation.Operation.Keys;
import io.holdfast.simulation.Operation.Pass;
import io.holdfast.simulation.Operation.Release;
import io.holdfast.simulation.Operation.Renew;
import io.holdfast.simulation.Operation.Write;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** What three processes and a careless operator may do to one lock, made from a seed. */
final class RandomOperations {

  private static final long TWO_TO_53 = 1L << 53;
  private static final long DAYS_400 = 400L * 86_400 * 1_000_000;

  private final Random random;
  private final Keys keys;
  private final List<String> claims;
  private final Supplier<RedisModel> model;
  private final LongSupplier clock;

  /**
   * None yet.
   *
   * @param model what is in the keys
   * @param clock in microseconds since 1970
   */
  RandomOperations(long seed, Keys keys, Supplier<RedisModel> model, LongSupplier clock) {
    this.random = new Random(seed);
    this.keys = keys;
    this.model = model;
    this.clock = clock;
    this.claims =
        List.of(hex32(), hex32(), hex32(), pick("kept", "", "a claim", "x".repeat(32), "7"));
  }

  /** The next one, chosen with an eye on what the model has in its keys. */
  Operation next() {
    int kind = random.nextInt(100);
    if (kind < 34) {
      return new Acquire(claim(), pick("me", "a/1/b", "a|b|", ""), lease(), span(), tokenAbove());
    } else if (kind < 46) {
      return new Renew(claim(), lease());
    } else if (kind < 64) {
      return new Release(claim(), lastTokenUsed(), random.nextInt(3) == 0 ? lease() : 0);
    } else if (kind < 74) {
      return new Inspect();
    } else if (kind < 84) {
      long millis = pick(1L, 40L, 5_000L, 1_800_000L, 7_200_000L, 90_000_000L, 2_592_000_000L);
      return expiriesEarlierBy(millis);
    } else if (kind < 88) {
      return pick(new Delete(true, false), new Delete(false, true), new Delete(true, true));
    } else if (kind < 94) {
      return new Write(true, lockValue(), expiry());
    } else {
      return new Write(false, counterValue(), expiry());
    }
  }

  /** Gives the server's keys the expiries of the model's, to the millisecond. */
  Operation sameExpiries() {
    return expiriesEarlierBy(0);
  }

  private String hex32() {
    return "%016x%016x".formatted(random.nextLong(), random.nextLong());
  }

  @SafeVarargs
  private <T> T pick(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  private String claim() {
    return claims.get(random.nextInt(8) == 0 ? 3 : random.nextInt(3));
  }

  /** Some end while a sequence runs. */
  private long lease() {
    return pick(1 + random.nextInt(60), 50 + random.nextInt(500), 30_000, 86_400_000);
  }

  private int span() {
    return random.nextBoolean() ? 1 : 1 + random.nextInt(32);
  }

  private OptionalLong expiry() {
    return random.nextInt(3) == 0 ? OptionalLong.empty() : OptionalLong.of(lease());
  }

  private long tokenAbove() {
    if (random.nextBoolean()) {
      return 0;
    }
    return pick(
        -1L,
        Long.MIN_VALUE,
        clock.getAsLong(),
        clock.getAsLong() + random.nextInt(2_000_000),
        clock.getAsLong() + DAYS_400 - 60_000_000,
        clock.getAsLong() + DAYS_400 + random.nextInt(200_000),
        clock.getAsLong() + DAYS_400 + 60_000_000,
        TWO_TO_53 - random.nextInt(40),
        TWO_TO_53 + random.nextInt(3),
        Long.MAX_VALUE,
        nearCounter(),
        nearCounter());
  }

  private long lastTokenUsed() {
    if (random.nextInt(4) == 0) {
      return 0;
    }
    return pick(
        1L,
        clock.getAsLong(),
        Long.MAX_VALUE,
        nearCounter(),
        nearCounter(),
        nearLock(),
        nearLock() + random.nextInt(32));
  }

  private long nearCounter() {
    return near(model.get().get(keys.counter()));
  }

  private long nearLock() {
    return near(model.get().get(keys.lock()).map(value -> value.split("\\|", -1)[0]));
  }

  private long near(Optional<String> digits) {
    return digits
            .filter(text -> text.matches("[0-9]{1,17}"))
            .map(Long::parseLong)
            .orElse(clock.getAsLong())
        + pick(-1, 0, 0, 1);
  }

  private String lockValue() {
    String claim = claim();
    String token =
        pick(
            "7",
            "007",
            Long.toString(clock.getAsLong()),
            Long.toString(nearCounter()),
            Long.toString(TWO_TO_53 + pick(-1, 0, 1)),
            "1234567890123456",
            "12345678901234567",
            "9".repeat(30),
            "9".repeat(400),
            "",
            "x7",
            "-7",
            "7.5");
    return pick(
        token + "|" + claim + "|me",
        token + "|" + claim + "|me",
        token + "|" + claim + "|a|b",
        token + "|" + claim + "|",
        token + "|" + claim + "|\u00e9",
        token + "|" + claim + "|me\n",
        token + "\n|" + claim + "|me",
        token + "|" + claim + "\n|me",
        token + "|" + claim,
        token + "|kept|me",
        token + "||me",
        token,
        "",
        "someone else's");
  }

  private String counterValue() {
    return pick(
        "",
        "abc",
        "0",
        "007",
        "-5",
        "+5",
        "1.5",
        "5.",
        ".5",
        ".",
        "1e3",
        "1e400",
        "1E",
        "1f",
        "1d",
        "12x",
        "1 2",
        " 12\t",
        "12\n",
        "9".repeat(16),
        "9".repeat(25),
        "9".repeat(400),
        Long.toString(TWO_TO_53 - 34 + random.nextInt(36)),
        Long.toString(TWO_TO_53 - 34 + random.nextInt(36)),
        Long.toString(clock.getAsLong() + random.nextInt(1_000_000)),
        Long.toString(clock.getAsLong() + DAYS_400 * 2),
        Long.toString(nearLock() + random.nextInt(40)),
        nearLock() + ".5",
        Long.toString(clock.getAsLong() - 1_000_000));
  }

  private Pass expiriesEarlierBy(long millis) {
    return new Pass(earlier(keys.lock(), millis), earlier(keys.counter(), millis));
  }

  private OptionalLong earlier(String key, long millis) {
    long left = model.get().pttl(key);
    return left < 0
        ? OptionalLong.empty()
        : OptionalLong.of(clock.getAsLong() / 1_000 + left - millis);
  }
}
