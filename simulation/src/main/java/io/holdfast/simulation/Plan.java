package io.holdfast.simulation;

import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The sizes of one world and what may go wrong in it. Every world draws its own, each kind of fault
 * being absent from about half of them ("swarm testing", Groce et al., ISSTA 2012): faults that
 * never come together hide what happens when one of them is missing.
 *
 * <p>Whole numbers, so that a failing plan can be shrunk number by number and written down as
 * {@code name=value}: durations in microseconds, probabilities in thousandths, errors of rates in
 * millionths, and counts per world. Immutable.
 */
final class Plan {

  /** What kinds of stores there are. */
  enum Kind {
    /** Leases in a Redis. */
    REDIS,
    /** Sessions with a line, as ZooKeeper's and etcd's. */
    SESSIONS,
    /** Connections of a database, which are leases. */
    CONNECTIONS,
    /** A table of leases in a database. */
    TABLE;

    /** Whether locks end with the one session of their process. */
    boolean hasSessions() {
      return this == SESSIONS || this == CONNECTIONS;
    }
  }

  /** What a plan has a number for. */
  enum Quantity {
    /** Which {@link Kind} of store, by its place among them. */
    STORE(0, 3),
    /** 0: the resource's guard is claim on read, 1: fence and version. */
    GUARD(0, 1),
    PROCESSES(1, 1_000),
    CALLERS(1, 1_000),
    NAMES(1, 1_000),
    /** Merges that each caller has to do. */
    JOBS(1, 1_000),
    LEASE(50_000, 3_600_000_000L),
    REQUEST_TIMEOUT(20_000, 3_600_000_000L),
    WAIT_AT_MOST(0, 3_600_000_000L),
    /** How long a merge takes, on average. */
    MERGE(0, 3_600_000_000L),
    LATENCY(50, 3_600_000_000L),
    /** How late a late message is, on average: often as long as a lease. */
    TAIL(0, 3_600_000_000L),
    /** How likely a message is late, lost, doubled, or refused at once. */
    LATE(0, 1_000),
    LOSS(0, 1_000),
    DOUBLED(0, 1_000),
    FAILS(0, 1_000),
    /** How often the way between a process and the store is cut. */
    CUTS(0, 1_000),
    /** How often the store stops to answer. */
    SILENCES(0, 1_000),
    /** How often the store is replaced by its replica, which lags by so much. */
    FAILOVERS(0, 1_000),
    LAG(0, 3_600_000_000L),
    /** How far followers are behind their leader; 0: all reads are the leader's. */
    FOLLOWER_LAG(0, 3_600_000_000L),
    /** How often two masters serve for a while. */
    SPLITS(0, 1_000),
    FLUSHES(0, 1_000),
    EVICTIONS(0, 1_000),
    /** How often the store's clock is set, within the error it may have. */
    CLOCK_STEPS(0, 1_000),
    CLOCK_ERROR(0, 3_600_000_000L),
    /** By how much clocks run too fast or too slow, at most. */
    RATE_ERROR(0, 100_000),
    PAUSES(0, 1_000),
    CRASHES(0, 1_000),
    /** How likely a process is stopped between its last look at the lease and its write. */
    STALLS(0, 1_000),
    /** How likely a caller goes away while it waits. */
    CANCELS(0, 1_000),
    INTERRUPTS(0, 1_000),
    /** How likely a lock is kept after its release, and held for a limited time only. */
    KEEPS(0, 1_000),
    LIMITS(0, 1_000),
    /** 1: the callers of a process have one label, so that one claim can stand for them. */
    ONE_LABEL(0, 1),
    /** 1: the rows have a fence of tomorrow, as from another store whose clock was ahead. */
    FENCE_AHEAD(0, 1);

    private final long least;
    private final long most;

    Quantity(long least, long most) {
      this.least = least;
      this.most = most;
    }

    /** The value that does the least. */
    long least() {
      return least;
    }

    private String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final List<Kind> KINDS = List.of(Kind.values());

  private final Map<Quantity, Long> numbers;

  private Plan(Map<Quantity, Long> numbers) {
    this.numbers = numbers;
  }

  /** The plan that a world of this seed has. */
  static Plan drawn(Dice dice) {
    Map<Quantity, Long> numbers = new EnumMap<>(Quantity.class);
    numbers.put(Quantity.STORE, storeOf(dice.nextDouble()));
    numbers.put(Quantity.GUARD, (long) dice.nextInt(2));
    numbers.put(Quantity.PROCESSES, (long) dice.between(2, 5));
    numbers.put(Quantity.CALLERS, dice.chance(0.5) ? 1L : dice.between(2, 4));
    numbers.put(Quantity.NAMES, dice.chance(0.6) ? 1L : dice.between(2, 3));
    numbers.put(Quantity.JOBS, (long) dice.between(2, 8));
    numbers.put(Quantity.LEASE, micros(dice, 50, 10_000));
    numbers.put(Quantity.REQUEST_TIMEOUT, micros(dice, 20, 3_000));
    numbers.put(Quantity.WAIT_AT_MOST, dice.chance(0.2) ? 0 : micros(dice, 100, 30_000));
    numbers.put(Quantity.MERGE, micros(dice, 1, 200));
    numbers.put(Quantity.LATENCY, micros(dice, 0.05, 10));
    numbers.put(Quantity.TAIL, micros(dice, 20, 3_000));
    numbers.put(Quantity.LATE, rarely(dice, 200));
    numbers.put(Quantity.LOSS, rarely(dice, 150));
    numbers.put(Quantity.DOUBLED, rarely(dice, 200));
    numbers.put(Quantity.FAILS, rarely(dice, 150));
    numbers.put(Quantity.CUTS, few(dice, 3));
    numbers.put(Quantity.SILENCES, few(dice, 2));
    numbers.put(Quantity.FAILOVERS, fewer(dice, 2));
    numbers.put(Quantity.LAG, micros(dice, 0.1, 500));
    numbers.put(Quantity.FOLLOWER_LAG, dice.chance(0.4) ? 0 : micros(dice, 0.1, 300));
    numbers.put(Quantity.SPLITS, dice.chance(0.1) ? dice.between(1, 2) : 0L);
    numbers.put(Quantity.FLUSHES, fewer(dice, 1));
    numbers.put(Quantity.EVICTIONS, fewer(dice, 2));
    numbers.put(Quantity.CLOCK_STEPS, fewer(dice, 2));
    numbers.put(Quantity.CLOCK_ERROR, dice.chance(0.5) ? 0 : micros(dice, 1, 500));
    numbers.put(
        Quantity.RATE_ERROR,
        dice.chance(0.3) ? 0L : dice.chance(0.4) ? 4_000L : dice.between(0, 4_000));
    numbers.put(Quantity.PAUSES, few(dice, 4));
    numbers.put(Quantity.CRASHES, few(dice, 2));
    numbers.put(Quantity.STALLS, dice.chance(0.5) ? dice.between(0, 200) : 0L);
    numbers.put(Quantity.CANCELS, rarely(dice, 300));
    numbers.put(Quantity.INTERRUPTS, rarely(dice, 300));
    numbers.put(Quantity.KEEPS, rarely(dice, 100));
    numbers.put(Quantity.LIMITS, rarely(dice, 100));
    numbers.put(Quantity.ONE_LABEL, (long) dice.nextInt(2));
    numbers.put(Quantity.FENCE_AHEAD, fewer(dice, 1));
    return new Plan(numbers);
  }

  private static long storeOf(double drawn) {
    if (drawn < 0.45) {
      return 0;
    }
    return drawn < 0.7 ? 1 : drawn < 0.85 ? 2 : 3;
  }

  /** The same with other numbers, as {@code name=value}, separated by commas. */
  Plan with(String changes) {
    Plan changed = this;
    for (String change : changes.split(",", -1)) {
      String[] parts = change.trim().split("=", -1);
      if (parts.length != 2) {
        throw new IllegalArgumentException("A plan is name=value,name=value, not " + change);
      }
      changed = changed.with(quantityOf(parts[0]), valueOf(parts[1]));
    }
    return changed;
  }

  private static Quantity quantityOf(String word) {
    for (Quantity quantity : Quantity.values()) {
      if (quantity.word().equals(word)) {
        return quantity;
      }
    }
    throw new IllegalArgumentException("A plan has no number called " + word);
  }

  private static long valueOf(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("A plan has whole numbers, not " + text, e);
    }
  }

  Plan with(Quantity quantity, long value) {
    if (value < quantity.least() || value > quantity.most) {
      throw new IllegalArgumentException(
          "%s is %d to %d, not %d"
              .formatted(quantity.word(), quantity.least, quantity.most, value));
    }
    Map<Quantity, Long> changed = new EnumMap<>(numbers);
    changed.put(quantity, value);
    return new Plan(changed);
  }

  long get(Quantity quantity) {
    return numbers.getOrDefault(quantity, quantity.least());
  }

  int count(Quantity quantity) {
    return Math.toIntExact(get(quantity));
  }

  Duration span(Quantity quantity) {
    return Duration.ofNanos(get(quantity) * 1_000);
  }

  double probability(Quantity quantity) {
    return get(quantity) / 1_000.0;
  }

  Duration latency() {
    return span(Quantity.LATENCY);
  }

  Duration tail() {
    return span(Quantity.TAIL);
  }

  double late() {
    return probability(Quantity.LATE);
  }

  double loss() {
    return probability(Quantity.LOSS);
  }

  double doubled() {
    return probability(Quantity.DOUBLED);
  }

  Kind store() {
    return KINDS.get(count(Quantity.STORE));
  }

  boolean hasSessions() {
    return store().hasSessions();
  }

  /** Whether the store raises a token on demand, as all do but those that count revisions. */
  boolean raisesTokens() {
    return store() != Kind.SESSIONS;
  }

  /**
   * Whether waiters are served in the order in which they asked. A place is a claim's, and a claim
   * stands for all callers of its process; so each has to be the only one. A place ends with its
   * session, which a way or a follower that is slow against the lease may cost at any time.
   */
  boolean isFair() {
    return store() == Kind.SESSIONS
        && count(Quantity.CALLERS) == 1
        && get(Quantity.EVICTIONS) == 0
        && get(Quantity.LEASE) >= 20 * (get(Quantity.LATENCY) + get(Quantity.FOLLOWER_LAG));
  }

  /** Whether the way is quick enough for a third of a lease, and no hold has a limit. */
  boolean renewsInTime() {
    long there = get(Quantity.LATENCY) + get(Quantity.FOLLOWER_LAG);
    return get(Quantity.LIMITS) == 0
        && get(Quantity.LEASE) >= 50 * there
        && get(Quantity.REQUEST_TIMEOUT) >= 20 * there;
  }

  /** Whether two masters may serve at a time. */
  boolean splits() {
    return !hasSessions() && get(Quantity.SPLITS) > 0;
  }

  /** Whether another server may take the place of the store's. */
  boolean hasReplica() {
    return get(Quantity.FAILOVERS) > 0 || splits();
  }

  boolean claimsOnRead() {
    return count(Quantity.GUARD) == 0;
  }

  /**
   * Whether rows have seen greater tokens than the store's clock would give. Only where nothing is
   * forgotten: a token that was raised above the clock does not come back from it.
   */
  boolean hasFenceAhead() {
    return count(Quantity.FENCE_AHEAD) == 1 && raisesTokens() && storeKeepsLeases();
  }

  /** Whether nothing in this world can make the store forget a lease before its time. */
  boolean storeKeepsLeases() {
    boolean evicts = get(Quantity.EVICTIONS) > 0;
    boolean failsOver = get(Quantity.FAILOVERS) > 0;
    boolean setsClock = get(Quantity.CLOCK_STEPS) > 0 && get(Quantity.CLOCK_ERROR) > 0;
    return switch (store()) {
      case SESSIONS -> !evicts;
      case CONNECTIONS -> !evicts && !failsOver;
      case REDIS, TABLE ->
          !evicts && !failsOver && !setsClock && !splits() && get(Quantity.FLUSHES) == 0;
    };
  }

  /** How long things go wrong; from then on nothing does. */
  Duration troubled() {
    Duration job = span(Quantity.MERGE).plus(latency().multipliedBy(8));
    long jobs =
        (long) count(Quantity.JOBS)
            * count(Quantity.CALLERS)
            * count(Quantity.PROCESSES)
            / count(Quantity.NAMES);
    return span(Quantity.LEASE)
        .multipliedBy(2)
        .plus(job.multipliedBy(2 * jobs / get(Quantity.NAMES)));
  }

  /** Every number, as {@link #with(String)} takes it. */
  @Override
  public String toString() {
    return Arrays.stream(Quantity.values())
        .map(quantity -> quantity.word() + "=" + get(quantity))
        .collect(Collectors.joining(","));
  }

  /** Microseconds between two bounds in milliseconds, every order of magnitude as likely. */
  private static long micros(Dice dice, double least, double most) {
    return (long) (least * StrictMath.pow(most / least, dice.nextDouble()) * 1_000);
  }

  /** Thousandths, rather few than many, and none in half of the worlds. */
  private static long rarely(Dice dice, int most) {
    long drawn = (long) (dice.nextDouble() * dice.nextDouble() * most);
    return dice.chance(0.5) ? drawn : 0;
  }

  private static long few(Dice dice, int most) {
    return dice.chance(0.5) ? dice.between(1, most) : 0;
  }

  private static long fewer(Dice dice, int most) {
    return dice.chance(0.25) ? dice.between(1, most) : 0;
  }
}
