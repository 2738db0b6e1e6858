package io.holdfast.simulation;

import io.holdfast.simulation.Operation.Acquire;
import io.holdfast.simulation.Operation.Delete;
import io.holdfast.simulation.Operation.Inspect;
import io.holdfast.simulation.Operation.Keys;
import io.holdfast.simulation.Operation.Pass;
import io.holdfast.simulation.Operation.Release;
import io.holdfast.simulation.Operation.Renew;
import io.holdfast.simulation.Operation.Write;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * Random operations on one lock, made from a seed, and the model that has to agree with the server
 * after each. The seed decides what is done; the server's clock, when.
 *
 * <p>The server tells its clock before and after each operation. The model has to give the server's
 * answer at one instant in between: at the token's, if the token was read off the clock. Expiries
 * agree to the millisecond, except for those that passed on the server's clock in the operation, or
 * while its outcome was read.
 */
final class Sequence {

  /** How the model takes a step. Tests of this test put a wrong one here. */
  interface Steps {
    List<Object> take(Operation operation, RedisModel model, Keys keys);
  }

  /** What a server answered, with its clock's microseconds around the answer and the outcome. */
  record Answer(
      long before, List<Object> reply, long after, KeyState lock, KeyState counter, long end) {}

  /** What {@code GET} and {@code PTTL} say. */
  record KeyState(Optional<String> value, long left) {}

  private static final long TWO_TO_53 = 1L << 53;
  private static final long DAYS_400 = 400L * 86_400 * 1_000_000;
  private static final Set<String> WITH_TIME_LEFT = Set.of("refused", "held", "foreign");

  private final long seed;
  private final Random random;
  private final Steps steps;
  private final Keys keys;
  private final List<String> claims;
  private final List<String> trace = new ArrayList<>();
  private final Map<String, Long> inexact = new HashMap<>();
  private RedisModel model;
  private long clock;

  /**
   * Nothing was done yet.
   *
   * @param now the server's clock, in microseconds since 1970
   */
  Sequence(long seed, Steps steps, long now) {
    this.seed = seed;
    this.random = new Random(seed);
    this.steps = steps;
    this.keys = new Keys("lock" + seed, "{lock" + seed + "}:token");
    this.claims =
        List.of(hex32(), hex32(), hex32(), pick("kept", "", "a claim", "x".repeat(32), "7"));
    this.clock = now;
    this.model = new RedisModel(() -> clock);
  }

  Keys keys() {
    return keys;
  }

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
      return new Pass(earlier(keys.lock(), millis), earlier(keys.counter(), millis));
    } else if (kind < 88) {
      return pick(new Delete(true, false), new Delete(false, true), new Delete(true, true));
    } else if (kind < 94) {
      return new Write(true, lockValue(), expiry());
    } else {
      return new Write(false, counterValue(), expiry());
    }
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
        clock,
        clock + random.nextInt(2_000_000),
        clock + DAYS_400 - 60_000_000,
        clock + DAYS_400 + random.nextInt(200_000),
        clock + DAYS_400 + 60_000_000,
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
        clock,
        Long.MAX_VALUE,
        nearCounter(),
        nearCounter(),
        nearLock(),
        nearLock() + random.nextInt(32));
  }

  private long nearCounter() {
    return near(model.get(keys.counter()));
  }

  private long nearLock() {
    return near(model.get(keys.lock()).map(value -> value.split("\\|", -1)[0]));
  }

  private long near(Optional<String> digits) {
    return digits.filter(text -> text.matches("[0-9]{1,17}")).map(Long::parseLong).orElse(clock)
        + pick(-1, 0, 0, 1);
  }

  private String lockValue() {
    String claim = claim();
    String token =
        pick(
            "7",
            "007",
            Long.toString(clock),
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
        Long.toString(clock + random.nextInt(1_000_000)),
        Long.toString(clock + DAYS_400 * 2),
        Long.toString(nearLock() + random.nextInt(40)),
        nearLock() + ".5",
        Long.toString(clock - 1_000_000));
  }

  private OptionalLong earlier(String key, long millis) {
    long left = model.pttl(key);
    return left < 0 ? OptionalLong.empty() : OptionalLong.of(clock / 1_000 + left - millis);
  }

  /** Takes the step with the model; says how the two differ if they do. */
  Optional<String> check(Operation operation, Answer answer) {
    trace.add(operation + " -> " + answer);
    Set<String> differences = new TreeSet<>();
    long passed = millis(answer.after()) - millis(answer.before());
    // PEXPIREAT deletes in the last millisecond in which a key would otherwise be there.
    long slack = operation instanceof Pass ? passed + 1 : passed;
    for (long instant : instants(operation, answer)) {
      clock = instant;
      RedisModel tried = model.copy(() -> clock);
      List<Object> reply = steps.take(operation, tried, keys);
      Optional<String> difference =
          difference(reply, answer, slack + inexact(keys.lock()))
              .or(() -> difference(tried, keys.lock(), answer.lock(), answer, slack))
              .or(() -> difference(tried, keys.counter(), answer.counter(), answer, slack));
      if (difference.isEmpty()) {
        model = tried;
        learn(keys.lock(), answer.lock().left(), answer);
        learn(keys.counter(), answer.counter().left(), answer);
        clock = answer.end();
        return Optional.empty();
      }
      differences.add(difference.get() + " at " + instant);
    }
    return Optional.of(
        "The server and the model differ. To run this alone: -Dmodel.seed=%d%n%s%n%s"
            .formatted(seed, String.join("\n", trace), String.join("\n", differences)));
  }

  /** The instants that can make a difference to the outcome. */
  private List<Long> instants(Operation operation, Answer answer) {
    List<Long> instants = new ArrayList<>();
    instants.add(answer.before());
    if (operation instanceof Acquire acquire && answer.reply().get(0).equals("granted")) {
      String text = (String) answer.reply().get(1);
      if (text.length() <= 16) {
        long token = Long.parseLong(text);
        instants.add(0, token);
        // The counter's life is in whole milliseconds, rounded up from the last token.
        long last = token + acquire.span() - 1;
        long tick = answer.before() + Math.floorMod(last - answer.before(), 1_000L);
        for (long at = tick; at <= answer.after(); at += 1_000) {
          instants.add(at);
          instants.add(at + 1);
        }
      }
    }
    for (String key : keys.both()) {
      long left = model.pttl(key);
      if (left >= 0) {
        instants.add((millis(clock) + left) * 1_000);
        instants.add((millis(clock) + left + 1) * 1_000);
      }
    }
    instants.add(answer.after());
    return instants.stream()
        .filter(at -> at >= answer.before() && at <= answer.after())
        .distinct()
        .toList();
  }

  private static Optional<String> difference(List<Object> reply, Answer answer, long slack) {
    boolean same = reply.equals(answer.reply());
    if (!same && reply.size() == answer.reply().size() && WITH_TIME_LEFT.contains(reply.get(0))) {
      int last = reply.size() - 1;
      long left = (Long) reply.get(last);
      same =
          reply.subList(0, last).equals(answer.reply().subList(0, last))
              && left >= 0
              && answer.reply().get(last) instanceof Long
              && (Long) answer.reply().get(last) >= 0
              && Math.abs(left - (Long) answer.reply().get(last)) <= slack;
    }
    return same ? Optional.empty() : Optional.of("the model answers " + reply);
  }

  private Optional<String> difference(
      RedisModel tried, String key, KeyState found, Answer answer, long slackOfStep) {
    Optional<String> value = found.value();
    long left = found.left();
    long slack = slackOfStep + inexact(key);
    Optional<String> modelled = tried.get(key);
    long modelledLeft = tried.pttl(key);
    boolean same;
    if (modelledLeft < 0) {
      same = modelled.equals(value) && modelledLeft == left;
    } else {
      long expiresAt = millis(clock) + modelledLeft;
      boolean mayBeOver = millis(answer.end()) > expiresAt - slack;
      same =
          (value.isEmpty() ? mayBeOver : value.equals(modelled))
              && (left < 0
                  ? left == -2 && mayBeOver
                  : expiresAt - slack <= left + millis(answer.end())
                      && expiresAt + slack >= left + millis(answer.after()));
    }
    return same
        ? Optional.empty()
        : Optional.of("the model has %s = %s for %d ms".formatted(key, modelled, modelledLeft));
  }

  /** The expiry is what the server said, which is as exact as its clock stood still meanwhile. */
  private void learn(String key, long left, Answer answer) {
    long modelledLeft = model.pttl(key);
    if (left == -2) {
      model.delete(key); // over, while the outcome was read
    } else if (modelledLeft >= 0) {
      long earliest = left + millis(answer.after());
      long latest = left + millis(answer.end());
      long expiresAt = millis(clock) + modelledLeft;
      long known = Math.max(earliest, Math.min(expiresAt, latest));
      if (known != expiresAt) {
        Operation.expireAt(model, key, known);
      }
      inexact.put(key, latest - earliest);
    }
  }

  private long inexact(String key) {
    return inexact.getOrDefault(key, 0L);
  }

  private static long millis(long micros) {
    return Math.floorDiv(micros, 1_000);
  }
}
