package io.holdfast.benchmarks;

import io.holdfast.cmdb.report.Report;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Runs workloads; in each, the methods take turns, each round in another order. */
final class Bench {

  static final int WORKERS = 4;
  static final int BATCH = 100;
  private static final int CONNECTIONS = 2 * WORKERS + 1;
  private static final int WRITERS = 64;
  private static final int WRITERS_CONNECTIONS = 4;
  private static final int HOT_MACHINES = 10;
  private static final long LONGEST_WAIT_SECONDS = 120;

  private final Servers servers;
  private final Size size;
  private final Set<Method> methods;
  private final Consumer<String> progress;

  Bench(Servers servers, Size size, Set<Method> methods, Consumer<String> progress) {
    this.servers = servers;
    this.size = size;
    this.methods = EnumSet.copyOf(methods);
    this.progress = progress;
  }

  /** C1: many machines, each report in a transaction of its own, and in batches. */
  List<Row> manyMachines() throws SQLException, InterruptedException {
    List<Row> rows = new ArrayList<>();
    try (Sides sides = open("C1", methods, CONNECTIONS)) {
      load(sides, size.machines());
      rows.addAll(
          manyMachines(
              "C1 single: %,d machines, a transaction for each report".formatted(size.machines()),
              sides,
              size.single(),
              1));
      rows.addAll(
          manyMachines(
              "C1 batched: %,d machines, up to %d reports in a transaction"
                  .formatted(size.machines(), BATCH),
              sides,
              size.batched(),
              BATCH));
    }
    return rows;
  }

  private List<Row> manyMachines(String table, Sides sides, int reports, int batch)
      throws SQLException, InterruptedException {
    Map<Method, List<Turn>> turns = new EnumMap<>(Method.class);
    for (int round = 0; round < size.rounds(); round++) {
      for (Side side : sides.inOrder(round)) {
        progress.accept(table + ", round " + (round + 1) + ", " + side.method().label());
        List<Report> made = new ArrayList<>();
        Random random = new Random(round);
        for (int i = 0; i < reports; i++) {
          int machine = random.nextInt(size.machines());
          made.add(Fleet.report(machine, random.nextInt(Fleet.SOURCES.size()), side.next()));
        }
        turns.computeIfAbsent(side.method(), m -> new ArrayList<>()).add(run(side, made, batch));
      }
    }
    return rows(table, sides, turns);
  }

  private Turn run(Side side, List<Report> reports, int batch) throws InterruptedException {
    long[] waits = new long[reports.size()];
    Duration computedBefore = servers.processorTime();
    long begin = System.nanoTime();
    try (Pipeline pipeline = side.start(WORKERS, batch)) {
      for (int i = 0; i < waits.length; i++) {
        int place = i;
        long submitted = System.nanoTime();
        pipeline.submit(reports.get(i), () -> waits[place] = System.nanoTime() - submitted);
      }
      pipeline.awaitAll();
      Duration lasted = Duration.ofNanos(System.nanoTime() - begin);
      return Turn.of(lasted, servers.processorTime().minus(computedBefore), waits);
    }
  }

  private static List<Row> rows(String table, Sides sides, Map<Method, List<Turn>> turns)
      throws SQLException {
    List<Row> rows = new ArrayList<>();
    double ours = Turn.median(turns.getOrDefault(Method.OURS, List.of()), Turn::perSecond);
    for (Side side : sides.all()) {
      List<Turn> own = turns.getOrDefault(side.method(), List.of());
      rows.add(Row.of(table, side.method().label(), own, ours, side.newlyLost()));
    }
    return rows;
  }

  /** C2 and C3: many writers, few connections, half of the reports about a few machines. */
  List<Row> hotAndCold(boolean cold, boolean hot) throws SQLException, InterruptedException {
    String setting =
        "%d writers, %d connections, half on %d machines: the "
            .formatted(WRITERS, WRITERS_CONNECTIONS, HOT_MACHINES);
    Map<Method, List<Turn>> coldTurns = new EnumMap<>(Method.class);
    Map<Method, List<Turn>> hotTurns = new EnumMap<>(Method.class);
    List<Row> rows = new ArrayList<>();
    try (Sides sides = open("C2", methods, WRITERS_CONNECTIONS)) {
      load(sides, size.machines());
      for (int round = 0; round < size.rounds(); round++) {
        for (Side side : sides.inOrder(round)) {
          progress.accept("C2 and C3, round " + (round + 1) + ", " + side.method().label());
          mix(side, coldTurns, hotTurns);
        }
      }
      List<Row> coldRows = rows("C2 " + setting + "cold", sides, coldTurns);
      if (cold) {
        rows.addAll(coldRows);
      }
      if (hot) {
        List<Row> hotRows = rows("C3 " + setting + "hot", sides, hotTurns);
        for (int i = 0; i < hotRows.size(); i++) {
          rows.add(hotRows.get(i).withLost(coldRows.get(i).lost())); // counted together
        }
      }
    }
    return rows;
  }

  private void mix(Side side, Map<Method, List<Turn>> coldTurns, Map<Method, List<Turn>> hotTurns)
      throws InterruptedException {
    ConcurrentLinkedQueue<Long> cold = new ConcurrentLinkedQueue<>();
    ConcurrentLinkedQueue<Long> hot = new ConcurrentLinkedQueue<>();
    Duration computedBefore = servers.processorTime();
    long begin = System.nanoTime();
    long end = begin + size.mixLasts().toNanos();
    int workers = side.method() == Method.OURS ? WORKERS : WRITERS;
    ExecutorService writers = Executors.newFixedThreadPool(WRITERS);
    try (Pipeline pipeline = side.start(workers, side.method() == Method.OURS ? BATCH : 1)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        all.add(
            writers.submit(
                () -> {
                  do {
                    boolean isHot = ThreadLocalRandom.current().nextBoolean();
                    (isHot ? hot : cold).add(waitFor(pipeline, report(side, isHot)));
                  } while (System.nanoTime() - end < 0);
                  return null;
                }));
      }
      for (Future<?> writer : all) {
        writer.get(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
      }
    } catch (ExecutionException | java.util.concurrent.TimeoutException e) {
      throw new BenchException(BenchException.FAILED, "a writer failed: " + e, e);
    } finally {
      writers.shutdownNow();
    }
    Duration lasted = Duration.ofNanos(System.nanoTime() - begin);
    Duration computed = servers.processorTime().minus(computedBefore);
    int reports = cold.size() + hot.size();
    coldTurns
        .computeIfAbsent(side.method(), m -> new ArrayList<>())
        .add(Turn.of(lasted, share(computed, cold.size(), reports), longs(cold)));
    hotTurns
        .computeIfAbsent(side.method(), m -> new ArrayList<>())
        .add(Turn.of(lasted, share(computed, hot.size(), reports), longs(hot)));
  }

  private static Duration share(Duration computed, int part, int all) {
    return all == 0 ? Duration.ZERO : computed.multipliedBy(part).dividedBy(all);
  }

  private static long[] longs(ConcurrentLinkedQueue<Long> numbers) {
    return numbers.stream().mapToLong(Long::longValue).toArray();
  }

  private Report report(Side side, boolean isHot) {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    int coldMachines = size.machines() - HOT_MACHINES;
    int machine =
        isHot ? random.nextInt(HOT_MACHINES) : HOT_MACHINES + random.nextInt(coldMachines);
    return Fleet.report(machine, random.nextInt(Fleet.SOURCES.size()), side.next());
  }

  private static long waitFor(Pipeline pipeline, Report report) throws InterruptedException {
    CountDownLatch acknowledged = new CountDownLatch(1);
    long submitted = System.nanoTime();
    pipeline.submit(report, acknowledged::countDown);
    if (!acknowledged.await(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
      pipeline.awaitAll(); // throws what went wrong
    }
    return System.nanoTime() - submitted;
  }

  /** C4: every source reports on every machine, first new ones, then all again. Ours only. */
  List<Row> sweep() throws SQLException, InterruptedException {
    List<Row> rows = new ArrayList<>();
    try (Sides sides = open("C4", EnumSet.of(Method.OURS), CONNECTIONS)) {
      for (Side side : sides.all()) {
        for (String which : List.of("first", "second")) {
          progress.accept("C4, " + which + " sweep");
          Turn turn = sweep(side, size.sweptMachines());
          String table =
              "C4 %s sweep: %,d machines x %d sources in %.1f s"
                  .formatted(
                      which,
                      size.sweptMachines(),
                      Fleet.SOURCES.size(),
                      turn.lasted().toNanos() / 1e9);
          rows.add(
              Row.of(
                  table, side.method().label(), List.of(turn), turn.perSecond(), side.newlyLost()));
        }
      }
    }
    return rows;
  }

  /** Reports are made on the way, because all at once would fill the memory. */
  private Turn sweep(Side side, int machines) throws InterruptedException {
    long[] waits = new long[machines * Fleet.SOURCES.size()];
    Duration computedBefore = servers.processorTime();
    long begin = System.nanoTime();
    try (Pipeline pipeline = side.start(WORKERS, BATCH)) {
      for (int i = 0; i < waits.length; i++) {
        int place = i;
        Report report = Fleet.report(i % machines, i / machines, side.next());
        long submitted = System.nanoTime();
        pipeline.submit(report, () -> waits[place] = System.nanoTime() - submitted);
      }
      pipeline.awaitAll();
      Duration lasted = Duration.ofNanos(System.nanoTime() - begin);
      return Turn.of(lasted, servers.processorTime().minus(computedBefore), waits);
    }
  }

  private Sides open(String workload, Set<Method> wanted, int connections) throws SQLException {
    progress.accept(workload + ": making databases");
    return Sides.open(wanted, servers, connections);
  }

  private void load(Sides sides, int machines) throws SQLException, InterruptedException {
    for (Side side : sides.all()) {
      progress.accept("loading machines for " + side.method().label());
      sweep(side, machines);
      side.tidy();
      side.newlyLost();
    }
  }
}
