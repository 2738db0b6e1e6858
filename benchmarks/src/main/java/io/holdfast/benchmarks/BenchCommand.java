package io.holdfast.benchmarks;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code holdfast bench}. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures what safe writing and locks cost on this machine, beside other ways.",
    sortOptions = false,
    exitCodeOnInvalidInput = BenchCommand.USAGE,
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all was measured, whatever the figures",
      "1:a workload could not be run to its end",
      "64:wrong usage",
      "69:a server cannot be started",
      "74:the JSON cannot be written",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast bench --quick",
      "  holdfast bench --only C1,C4 --json figures.json",
      "",
      "C1       many machines: a transaction for each report, and in batches",
      "C2, C3   waits for cold and for hot machines while 10 take half the traffic",
      "C4       every machine of a fleet, five sources",
      "S9       lock and unlock on each store, beside what is usual there",
      "",
      "The methods take turns on the same servers; medians of several rounds. Figures",
      "of a busy machine are low, their ratios are less so. JSON: a list of objects",
      "with table, method, perSecond (reports or locks), toOurs, p50Millis, p99Millis,",
      "processorMillis (of one report or lock), lost."
    })
public final class BenchCommand implements Callable<Integer> {

  static final int USAGE = 64;

  /** What can be run. */
  enum Workload {
    C1,
    C2,
    C3,
    C4,
    S9
  }

  /** What S9 locks on; named as they are written. */
  enum Store {
    MEMORY,
    FILE,
    REDIS,
    POSTGRESQL,
    ZOOKEEPER,
    ETCD;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }

    static Store of(String written) {
      return Stream.of(values())
          .filter(store -> store.toString().equals(written))
          .findAny()
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "no store '%s'; there are %s".formatted(written, List.of(values()))));
    }
  }

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "C1,...",
      description = "Which workloads (default: all)")
  private Set<Workload> only = EnumSet.allOf(Workload.class);

  @Option(
      names = "--store",
      split = ",",
      paramLabel = "etcd,...",
      converter = StoreName.class,
      description = "Which stores S9 is run on (default: all)")
  private Set<Store> stores = EnumSet.allOf(Store.class);

  @Option(names = "--quick", description = "Smaller: some minutes instead of more than an hour")
  private boolean quick;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures as JSON, too")
  private Optional<Path> json = Optional.empty();

  @Option(
      names = "--methods",
      hidden = true,
      split = ",",
      description = "Which methods beside ours")
  private Set<Method> methods = EnumSet.allOf(Method.class);

  @Option(names = "--machines", hidden = true)
  private Optional<Integer> machines = Optional.empty();

  @Option(names = "--single", hidden = true)
  private Optional<Integer> single = Optional.empty();

  @Option(names = "--batched", hidden = true)
  private Optional<Integer> batched = Optional.empty();

  @Option(names = "--rounds", hidden = true)
  private Optional<Integer> rounds = Optional.empty();

  @Option(names = "--mix-millis", hidden = true)
  private Optional<Integer> mixMillis = Optional.empty();

  @Option(names = "--lock-millis", hidden = true)
  private Optional<Integer> lockMillis = Optional.empty();

  private static final class StoreName implements ITypeConverter<Store> {
    @Override
    public Store convert(String written) {
      return Store.of(written);
    }
  }

  @Override
  public Integer call() throws InterruptedException {
    if (json.isPresent() && !canBeWritten(json.get())) {
      throw new ParameterException(spec.commandLine(), "--json: cannot write " + json.get());
    }
    PrintWriter out = spec.commandLine().getOut();
    List<Row> rows = new ArrayList<>();
    try (Servers servers = Servers.start()) {
      out.println("PostgreSQL: " + String.join(", ", servers.settings()));
      Set<Method> all = EnumSet.of(Method.OURS);
      all.addAll(methods);
      run(new Bench(servers, size(), all, this::progress), rows);
      if (only.contains(Workload.S9)) {
        rows.addAll(locks(servers, out));
      }
    } catch (SQLException e) {
      throw new BenchException(BenchException.FAILED, "PostgreSQL: " + e.getMessage(), e);
    }
    Tables.lines(rows).forEach(out::println);
    out.flush();
    try {
      if (json.isPresent()) {
        Tables.write(rows, json.get());
      }
    } catch (IOException e) {
      throw new BenchException(BenchException.CANNOT_WRITE, "cannot write: " + e.getMessage(), e);
    }
    return 0;
  }

  private void run(Bench bench, List<Row> rows) throws SQLException, InterruptedException {
    if (only.contains(Workload.C1)) {
      rows.addAll(bench.manyMachines());
    }
    if (only.contains(Workload.C2) || only.contains(Workload.C3)) {
      rows.addAll(bench.hotAndCold(only.contains(Workload.C2), only.contains(Workload.C3)));
    }
    if (only.contains(Workload.C4)) {
      rows.addAll(bench.sweep());
    }
  }

  private List<Row> locks(Servers servers, PrintWriter out)
      throws SQLException, InterruptedException {
    try (Contenders contenders = Contenders.start(servers, stores, out::println)) {
      return new LockBench(contenders.all(), size(), this::progress).run();
    }
  }

  private Size size() {
    Size size = quick ? Size.QUICK : Size.FULL;
    return new Size(
        machines.orElse(size.machines()),
        single.orElse(size.single()),
        batched.orElse(size.batched()),
        rounds.orElse(size.rounds()),
        mixMillis.map(Duration::ofMillis).orElse(size.mixLasts()),
        machines.orElse(size.sweptMachines()),
        rounds.orElse(size.lockRounds()),
        lockMillis.map(Duration::ofMillis).orElse(size.locksLast()),
        size.locksBefore());
  }

  private void progress(String at) {
    PrintWriter err = spec.commandLine().getErr();
    err.println(at);
    err.flush();
  }

  /** Asked before, because nobody likes to hear it after. */
  private static boolean canBeWritten(Path file) {
    Path target = Files.exists(file) ? file : file.toAbsolutePath().getParent();
    return !Files.isDirectory(file) && target != null && Files.isWritable(target);
  }
}
