package io.holdfast.simulation;

import io.holdfast.testkit.history.Check;
import io.holdfast.testkit.history.Event;
import io.holdfast.testkit.history.Expectations;
import io.holdfast.testkit.history.HistoryChecker;
import io.holdfast.testkit.history.Load;
import io.holdfast.testkit.history.Minima;
import io.holdfast.testkit.history.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;

/**
 * The production engine in simulated worlds, and every history checked. A world is its seed: the
 * same seed is the same history, on every machine and JDK.
 *
 * <p>Thread-safe. Takes the logger {@code io.holdfast} for its own: losses are not logged, and what
 * the engine logs as a failure of its own breaks a promise of the world.
 */
public final class Simulation {

  /**
   * What came of one world.
   *
   * @param seed the world
   * @param plan its sizes and faults, as {@link #world(long, String)} takes them
   * @param events its history
   * @param verdict what the checks say of it
   * @param peculiarities how often its kind of store did what only it does
   */
  public record Replay(
      long seed,
      String plan,
      List<Event> events,
      Verdict verdict,
      Map<Peculiarity, Long> peculiarities) {
    /** Copies the list and the map. */
    public Replay {
      events = List.copyOf(events);
      peculiarities = Map.copyOf(peculiarities);
    }
  }

  /**
   * What came of many worlds.
   *
   * @param worlds how many
   * @param load what they were made of
   * @param peculiarities what only some kinds of stores did, and how often
   * @param failed the first few that broke a promise, with all that they broke
   * @param failures how many did
   */
  public record Sum(
      long worlds,
      Load load,
      Map<Peculiarity, Long> peculiarities,
      List<Replay> failed,
      long failures) {
    /** Copies the list and the map. */
    public Sum {
      failed = List.copyOf(failed);
      peculiarities = Map.copyOf(peculiarities);
    }

    /** The figures in a few lines, for people. */
    public String report() {
      return load.report()
          + Arrays.stream(Peculiarity.values())
              .map(each -> "%s %,d".formatted(each, peculiarities.getOrDefault(each, 0L)))
              .collect(Collectors.joining(", ", "\nstores: ", ""));
    }

    /** What happened too seldom for the rest to mean much; empty for few worlds. */
    public Optional<String> missing() {
      if (worlds < ENOUGH_TO_JUDGE) {
        return Optional.empty();
      }
      for (Event.Fault fault : Event.Fault.values()) {
        if (load.disturbances().getOrDefault(fault, 0L) < worlds / 10) {
          return Optional.of("too few faults of the kind " + fault);
        }
      }
      for (Peculiarity peculiarity : Peculiarity.values()) {
        if (peculiarities.getOrDefault(peculiarity, 0L) < worlds / 100) {
          return Optional.of("too often not: " + peculiarity);
        }
      }
      boolean everyLoss =
          load.expiredWhilePaused() >= worlds / 10
              && load.expiredWhileRunning() >= worlds / 10
              && load.endedByStore() >= worlds / 15;
      return everyLoss
          ? minima(worlds).missing(load)
          : Optional.of("too few leases lost for one of the reasons");
    }
  }

  private static final int ENOUGH_TO_JUDGE = 500;
  private static final int FAILED_KEPT = 5;
  private static final int SEEDS_TRIED = 12;

  private Simulation() {}

  /** The world of a seed. */
  public static Replay world(long seed) {
    return world(seed, planOf(seed));
  }

  /**
   * The world of a seed, with some numbers of its plan changed.
   *
   * @param changes {@code name=value}, separated by commas
   * @throws IllegalArgumentException if there is no such number, or it is out of its range
   */
  public static Replay world(long seed, String changes) {
    return world(seed, planOf(seed).with(changes));
  }

  private static Plan planOf(long seed) {
    return Plan.drawn(new Dice(seed).forConcern("plan"));
  }

  private static Replay world(long seed, Plan plan) {
    World.Told told = World.run(seed, plan);
    Verdict verdict = new HistoryChecker(expected(plan)).check(told.events());
    return new Replay(seed, plan.toString(), told.events(), verdict, told.peculiarities());
  }

  /**
   * What is promised in a world: all of it, but for exclusion where the store forgets leases, and
   * the order of tokens, too, where two masters grant.
   */
  private static Expectations expected(Plan plan) {
    Duration lease = plan.span(Plan.Quantity.LEASE);
    Duration timeout = plan.span(Plan.Quantity.REQUEST_TIMEOUT);
    Duration longest = lease.plus(timeout);
    return Expectations.DEFAULTS
        .exclusion(plan.storeKeepsLeases())
        .tokensGrow(!plan.splits())
        .requestTimeout(timeout)
        .leaseFor(lease)
        .longestBackoff(Duration.ofSeconds(1))
        // Clocks differ by up to a hundredth, and a process changes threads a few times.
        .slack(longest.dividedBy(100).plusMillis(1))
        .storeLossTold(!plan.splits())
        // Who gives a connection up, because a question had no answer, gives up its locks.
        .endsNoneEarly(plan.store() != Plan.Kind.CONNECTIONS)
        .renewsInTime(plan.renewsInTime())
        .fifoInProcess(true)
        .fifoOverStore(plan.isFair());
  }

  /** A third of what worlds have on average. */
  private static Minima minima(long worlds) {
    return Minima.NONE
        .acquisitions(10 * worlds)
        .waits(3 * worlds)
        .losses(worlds / 3)
        .staleWrites(worlds / 10)
        .staleRefused(worlds / 12)
        .conflicts(worlds / 60)
        .acknowledged(10 * worlds)
        .crashes(worlds / 4)
        .pauses(worlds / 2)
        .disturbances(worlds);
  }

  /**
   * Many worlds, of the seeds from {@code first} on.
   *
   * @param threads how many run side by side
   * @param done is told how many worlds are done, now and then, by any of the threads
   */
  public static Sum worlds(long first, long count, int threads, LongConsumer done)
      throws InterruptedException {
    AtomicLong next = new AtomicLong();
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<Sum>> parts = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        parts.add(pool.submit(() -> part(first, count, next, done)));
      }
      Sum sum = new Sum(0, Load.NONE, Map.of(), List.of(), 0);
      for (Future<Sum> part : parts) {
        sum = plus(sum, part.get());
      }
      return sum;
    } catch (ExecutionException e) {
      throw new IllegalStateException("A world could not be run", e.getCause());
    } finally {
      pool.shutdownNow();
    }
  }

  private static Sum part(long first, long count, AtomicLong next, LongConsumer done) {
    Load load = Load.NONE;
    Map<Peculiarity, Long> peculiarities = Map.of();
    List<Replay> failed = new ArrayList<>();
    long worlds = 0;
    long failures = 0;
    for (long i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
      if (Thread.currentThread().isInterrupted()) {
        break;
      }
      Replay world = worldOrSeed(first + i);
      load = load.plus(world.verdict().load());
      peculiarities = plus(peculiarities, world.peculiarities());
      worlds++;
      if (!world.verdict().isClean()) {
        failures++;
        if (failed.size() < FAILED_KEPT) {
          failed.add(world);
        }
      }
      done.accept(i + 1);
    }
    return new Sum(worlds, load, peculiarities, failed, failures);
  }

  private static Replay worldOrSeed(long seed) {
    try {
      return world(seed);
    } catch (RuntimeException | Error e) {
      throw new IllegalStateException("The world of seed " + seed + " could not be run", e);
    }
  }

  private static Sum plus(Sum a, Sum b) {
    List<Replay> failed = new ArrayList<>(a.failed());
    failed.addAll(b.failed());
    return new Sum(
        a.worlds() + b.worlds(),
        a.load().plus(b.load()),
        plus(a.peculiarities(), b.peculiarities()),
        failed,
        a.failures() + b.failures());
  }

  private static Map<Peculiarity, Long> plus(Map<Peculiarity, Long> a, Map<Peculiarity, Long> b) {
    Map<Peculiarity, Long> sum = new EnumMap<>(Peculiarity.class);
    sum.putAll(a);
    b.forEach((peculiarity, times) -> sum.merge(peculiarity, times, Long::sum));
    return sum;
  }

  /**
   * A smaller world that breaks a promise of the same kind: with fewer of everything, and fewer
   * kinds of faults. Each number is tried at its least, and then halved, as long as one of a dozen
   * seeds still fails.
   */
  public static Replay shrunk(Replay failing) {
    Set<Check> broken = failing.verdict().broken();
    Replay smallest = failing;
    Plan plan = planOf(failing.seed()).with(failing.plan());
    boolean smaller = true;
    while (smaller) {
      smaller = false;
      for (Plan.Quantity quantity : Plan.Quantity.values()) {
        long now = plan.get(quantity);
        for (long less : List.of(quantity.least(), Math.max(quantity.least(), now / 2))) {
          if (less < now) {
            Plan tried = plan.with(quantity, less);
            Optional<Replay> still = failingWith(smallest.seed(), tried, broken);
            if (still.isPresent()) {
              smallest = still.get();
              plan = tried;
              smaller = true;
              break;
            }
          }
        }
      }
    }
    return smallest;
  }

  private static Optional<Replay> failingWith(long seed, Plan plan, Set<Check> broken) {
    for (int i = 0; i < SEEDS_TRIED; i++) {
      Replay world = world(seed + i, plan);
      Set<Check> same = EnumSet.copyOf(broken);
      same.retainAll(world.verdict().broken());
      if (!same.isEmpty()) {
        return Optional.of(world);
      }
    }
    return Optional.empty();
  }
}
