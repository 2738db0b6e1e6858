package io.holdfast.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * S9: lock and unlock, with nothing in between but a counter that only the lock protects. The
 * contenders take turns; before the rounds that count each has a long one to warm up. A figure of
 * something that let two in at once would say nothing: then the run fails.
 */
final class LockBench {

  private static final int THREADS = 16;

  /** Of the one thread, in turn: no lock is asked for where the last one was just released. */
  private static final int NAMES = 64;

  private static final long LONGEST_START_SECONDS = 60;

  /**
   * As many turns in one, and up to as many of those until there were enough locks: a store's own
   * code is run a few hundred times a second, and the compiler is busy with it until it has been
   * run some 15,000 times. Whoever locks less than 170 times a second has not come so far.
   */
  private static final int WARM_UP = 30;

  private static final int MOST_WARM_UPS = 3;

  /**
   * As many turns in one where all want one name: until they stand in line, and until the last was
   * served, takes some a good part of a second.
   */
  private static final int TURNS_OF_A_LINE = 2;

  /** Of one thread and turn: so that what needs no server does not fill the memory. */
  private static final int MOST = 100_000;

  /** One in so many lets other threads run while it holds the lock. */
  private static final int YIELDS = 1_024;

  private enum Setting {
    FREE_ALONE("S9 free: 1 thread, " + NAMES + " names in turn", 1, NAMES, false),
    FREE("S9 free: " + THREADS + " threads, each a name of its own", THREADS, THREADS, false),
    HOT("S9 hot: " + THREADS + " threads, one name", THREADS, 1, false),
    HOT_APART("S9 hot: " + THREADS + " clients with a thread each, one name", THREADS, 1, true);

    private final String table;
    private final int threads;
    private final int names;
    private final boolean apart;

    Setting(String table, int threads, int names, boolean apart) {
      this.table = table;
      this.threads = threads;
      this.names = names;
      this.apart = apart;
    }

    private int turnsInOne() {
      return names == 1 ? TURNS_OF_A_LINE : 1;
    }

    /**
     * Whether a contender has what the threads lock with: something of its own for each, or not.
     */
    private boolean isFor(Contender contender) {
      return !apart || contender.another().isPresent();
    }

    /** The names are dealt out to the threads, of which each takes its own in turn. */
    private int name(int thread, int number) {
      return (thread + number * threads) % names;
    }
  }

  private final List<Contender> contenders;
  private final Size size;
  private final Consumer<String> progress;

  LockBench(List<Contender> contenders, Size size, Consumer<String> progress) {
    this.contenders = contenders;
    this.size = size;
    this.progress = progress;
  }

  List<Row> run() throws InterruptedException {
    List<Row> rows = new ArrayList<>();
    for (Setting setting : Setting.values()) {
      List<Contender> able = contenders.stream().filter(setting::isFor).toList();
      Map<String, List<Turn>> turns = new HashMap<>();
      for (int round = 0; round <= size.lockRounds(); round++) {
        List<Contender> order = new ArrayList<>(able);
        Collections.rotate(order, round);
        for (Contender contender : order) {
          progress.accept(setting.table + ", round " + round + ", " + contender.label());
          if (round == 0) {
            warmUp(contender, setting);
          } else {
            turns
                .computeIfAbsent(contender.label(), label -> new ArrayList<>())
                .add(turn(contender, setting, lasts(setting.turnsInOne())));
          }
        }
      }
      able.forEach(contender -> rows.add(row(setting, contender, turns)));
    }
    return rows;
  }

  private void warmUp(Contender contender, Setting setting) throws InterruptedException {
    int locks = 0;
    for (int i = 0; i == 0 || (i < MOST_WARM_UPS && locks < size.locksBefore()); i++) {
      locks += turn(contender, setting, lasts(WARM_UP)).done();
    }
  }

  private Duration lasts(int turns) {
    return size.locksLast().multipliedBy(turns);
  }

  private Row row(Setting setting, Contender contender, Map<String, List<Turn>> turns) {
    Contender ours =
        contenders.stream()
            .filter(other -> other.ours() && other.store().equals(contender.store()))
            .findAny()
            .orElseThrow();
    return Row.of(
        setting.table,
        contender.label(),
        turns.getOrDefault(contender.label(), List.of()),
        Turn.median(turns.getOrDefault(ours.label(), List.of()), Turn::perSecond),
        0);
  }

  private Turn turn(Contender contender, Setting setting, Duration lasts)
      throws InterruptedException {
    OneTurn turn = new OneTurn(contender, setting, lasts);
    ExecutorService threads = Executors.newFixedThreadPool(setting.threads);
    try {
      List<Callable<long[]>> work = new ArrayList<>();
      for (int i = 0; i < setting.threads; i++) {
        int thread = i;
        work.add(() -> turn.work(thread));
      }
      List<long[]> waits = new ArrayList<>();
      ExecutionException failed = null;
      for (Future<long[]> done : threads.invokeAll(work)) {
        try {
          waits.add(done.get());
        } catch (ExecutionException e) {
          // The others only say that one has failed.
          if (failed == null || failed.getCause() instanceof BrokenBarrierException) {
            failed = e;
          }
        }
      }
      if (failed != null) {
        throw new BenchException(
            BenchException.FAILED, contender.label() + ": " + failed.getCause(), failed);
      }
      return turn.counted(waits);
    } finally {
      threads.shutdownNow();
    }
  }

  private static final class OneTurn {

    private final Contender contender;
    private final Setting setting;
    private final Duration lasts;
    private final List<String> names;
    private final AtomicIntegerArray counters;
    private final CyclicBarrier opened;
    private final CyclicBarrier done;
    private volatile long begin;
    private volatile long end;
    private volatile Duration computedBefore = Duration.ZERO;
    private volatile Duration computedAfter = Duration.ZERO;

    OneTurn(Contender contender, Setting setting, Duration lasts) {
      this.contender = contender;
      this.setting = setting;
      this.lasts = lasts;
      this.names = IntStream.range(0, setting.names).mapToObj(i -> "bench-" + i).toList();
      this.counters = new AtomicIntegerArray(setting.names);
      this.opened = new CyclicBarrier(setting.threads, this::begin);
      this.done = new CyclicBarrier(setting.threads, this::end);
    }

    private void begin() {
      computedBefore = ProcessorTime.withServers(contender.servers());
      begin = System.nanoTime();
    }

    private void end() {
      end = System.nanoTime();
      computedAfter = ProcessorTime.withServers(contender.servers());
    }

    /** Answers how long each lock was waited for, in nanoseconds. */
    long[] work(int thread) throws Exception {
      if (!setting.apart) {
        return work(thread, contender.locker());
      }
      try (Locker own = contender.another().orElseThrow().get()) {
        return work(thread, own);
      } catch (Exception e) {
        opened.reset();
        throw e;
      }
    }

    private long[] work(int thread, Locker locker) throws Exception {
      try (Locker.Caller caller = locker.caller()) {
        opened.await(LONGEST_START_SECONDS, TimeUnit.SECONDS);
        long[] waits = lockAndUnlock(caller, thread, begin + lasts.toNanos());
        done.await(LONGEST_START_SECONDS, TimeUnit.SECONDS);
        return waits;
      } catch (Exception e) {
        opened.reset();
        done.reset();
        throw e;
      }
    }

    @SuppressWarnings("ThreadPriorityCheck") // nothing depends on the yield; it makes errors show
    private long[] lockAndUnlock(Locker.Caller caller, int thread, long until) throws Exception {
      long[] waits = new long[1_000];
      int number = 0;
      do {
        if (number == waits.length) {
          waits = Arrays.copyOf(waits, 2 * number);
        }
        int name = setting.name(thread, number);
        long asked = System.nanoTime();
        caller.acquire(names.get(name));
        waits[number] = System.nanoTime() - asked;
        int counted = counters.get(name);
        if (number % YIELDS == 0) {
          Thread.yield(); // whoever is let in by mistake gets in between here, and shows
        }
        counters.set(name, counted + 1);
        caller.release();
        number++;
      } while (number < MOST && System.nanoTime() - until < 0);
      return Arrays.copyOf(waits, number);
    }

    Turn counted(List<long[]> waits) {
      long[] all = waits.stream().flatMapToLong(Arrays::stream).toArray();
      long counted = 0;
      for (int i = 0; i < counters.length(); i++) {
        counted += counters.get(i);
      }
      if (counted != all.length) {
        throw new BenchException(
            BenchException.FAILED,
            "%s, %s: two held one lock, %d of %d updates were lost"
                .formatted(setting.table, contender.label(), all.length - counted, all.length),
            null);
      }
      return Turn.of(Duration.ofNanos(end - begin), computedAfter.minus(computedBefore), all);
    }
  }
}
