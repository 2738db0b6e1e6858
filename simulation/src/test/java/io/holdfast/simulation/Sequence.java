package io.holdfast.simulation;

import io.holdfast.simulation.Operation.Acquire;
import io.holdfast.simulation.Operation.Keys;
import io.holdfast.simulation.Operation.Pass;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

  private static final Set<String> WITH_TIME_LEFT = Set.of("refused", "held", "foreign");

  private final long seed;
  private final Steps steps;
  private final Keys keys;
  private final RandomOperations operations;
  private final List<String> trace = new ArrayList<>();
  private RedisModel model;
  private long clock;

  /** How many milliseconds the model's expiries may be off: none but after slow moments. */
  private long inexact;

  private int taken;

  /**
   * Nothing was done yet.
   *
   * @param now the server's clock, in microseconds since 1970
   */
  Sequence(long seed, Steps steps, long now) {
    this.seed = seed;
    this.steps = steps;
    this.keys = new Keys("lock" + seed, "{lock" + seed + "}:token");
    this.operations = new RandomOperations(seed, keys, () -> model, () -> clock);
    this.clock = now;
    this.model = new RedisModel(() -> clock);
  }

  Keys keys() {
    return keys;
  }

  Operation next() {
    if (inexact > 0) {
      return operations.sameExpiries();
    }
    taken++;
    return operations.next();
  }

  /** How many operations it had, apart from those that only make expiries the same again. */
  int taken() {
    return taken;
  }

  /** Takes the step with the model; says how the two differ if they do. */
  Optional<String> check(Operation operation, Answer answer) {
    trace.add(operation + " -> " + answer);
    Set<String> differences = new TreeSet<>();
    long passed = millis(answer.after()) - millis(answer.before());
    // PEXPIREAT deletes in the last millisecond in which a key would otherwise be there.
    long slack = passed + inexact + (operation instanceof Pass ? 1 : 0);
    for (long instant : instants(operation, answer)) {
      clock = instant;
      RedisModel tried = model.copy(() -> clock);
      List<Object> reply = steps.take(operation, tried, keys);
      Optional<String> difference =
          difference(reply, answer, slack)
              .or(() -> difference(tried, keys.lock(), answer.lock(), answer, slack))
              .or(() -> difference(tried, keys.counter(), answer.counter(), answer, slack));
      if (difference.isEmpty()) {
        model = tried;
        inexact = operation instanceof Pass ? 0 : millis(answer.end()) - millis(answer.after());
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
          instants.add(at - 1); // before it the token may still be too far ahead
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
      RedisModel tried, String key, KeyState found, Answer answer, long slack) {
    Optional<String> value = found.value();
    long left = found.left();
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

  /** The expiry is what the server said, and as exact as its clock stood still meanwhile. */
  private void learn(String key, long left, Answer answer) {
    long modelledLeft = model.pttl(key);
    if (left == -2) {
      model.delete(key); // over, while the outcome was read
    } else if (modelledLeft >= 0) {
      long expiresAt = millis(clock) + modelledLeft;
      long earliest = left + millis(answer.after());
      long known = Math.max(earliest, Math.min(expiresAt, left + millis(answer.end())));
      Operation.expireAt(model, key, known);
    }
  }

  private static long millis(long micros) {
    return Math.floorDiv(micros, 1_000);
  }
}
