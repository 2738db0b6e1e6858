package io.holdfast.cli.simulate;

import io.holdfast.cli.terminal.StatusLine;
import io.holdfast.simulation.Simulation;
import io.holdfast.simulation.Simulation.Replay;
import io.holdfast.simulation.Simulation.Sum;
import io.holdfast.testkit.history.Event;
import io.holdfast.testkit.history.Violation;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast simulate}. */
@Command(
    name = "simulate",
    mixinStandardHelpOptions = true,
    description = {
      "Runs the lock engine in simulated worlds, and checks what came of each.",
      "",
      "In these worlds messages are lost, processes stop and die and stores forget.",
      "The history of each has to keep every promise.",
    },
    sortOptions = false,
    exitCodeOnInvalidInput = SimulateCommand.USAGE,
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:every promise was kept, and enough happened to tell",
      "1:a promise was broken, or too little happened to tell",
      "64:wrong usage",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast simulate",
      "  holdfast simulate --worlds 100000",
      "  holdfast simulate --seed 42 | less",
      "  holdfast simulate --seed 42 --plan processes=2,loss=100",
      "",
      "A world is its seed: the same seed is the same history, on every machine. When",
      "a promise is broken, a smaller world that breaks it is looked for and printed.",
      "A plan has whole numbers: durations in microseconds, probabilities in",
      "thousandths, errors of rates in millionths, counts. --seed prints all of them."
    })
public final class SimulateCommand implements Callable<Integer> {

  static final int USAGE = 64;
  private static final int BROKEN = 1;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = "--worlds",
      paramLabel = "N",
      description = "How many worlds (default: ${DEFAULT-VALUE})",
      defaultValue = "10000")
  private long worlds;

  @Option(
      names = "--first",
      paramLabel = "N",
      description = "The seed of the first of them (default: ${DEFAULT-VALUE})",
      defaultValue = "1")
  private long first;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "How many worlds at once (default: one for each core)")
  private Optional<Integer> threads = Optional.empty();

  @Option(names = "--seed", paramLabel = "N", description = "One world, and its whole history")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--plan",
      paramLabel = "NAME=N,...",
      description = "Other numbers for the plan of that world")
  private Optional<String> plan = Optional.empty();

  @Override
  public Integer call() throws InterruptedException {
    if (plan.isPresent() && seed.isEmpty()) {
      throw wrong("--plan is for one world: say which with --seed");
    }
    if (worlds < 1) {
      throw wrong("--worlds is at least 1");
    }
    if (threads.isPresent() && (threads.get() < 1 || threads.get() > 256)) {
      throw wrong("--threads is 1 to 256");
    }
    PrintWriter out = spec.commandLine().getOut();
    int exitCode = seed.isPresent() ? replay(seed.get(), out) : many(out);
    out.flush();
    return exitCode;
  }

  private ParameterException wrong(String what) {
    return new ParameterException(spec.commandLine(), what);
  }

  private int replay(long number, PrintWriter out) {
    Replay world;
    try {
      world =
          plan.map(changes -> Simulation.world(number, changes))
              .orElseGet(() -> Simulation.world(number));
    } catch (IllegalArgumentException e) {
      throw wrong("--plan: " + e.getMessage());
    }
    print(world, out);
    return world.verdict().isClean() ? 0 : BROKEN;
  }

  private static void print(Replay world, PrintWriter out) {
    out.println("seed " + world.seed());
    out.println("plan " + world.plan());
    for (Event event : world.events()) {
      out.printf(Locale.ROOT, "%14.6f ms  %s%n", event.at() / 1e6, event);
    }
    out.println(world.verdict().report());
  }

  private int many(PrintWriter out) throws InterruptedException {
    StatusLine line = StatusLine.onTerminal();
    Sum sum;
    try {
      int side = threads.orElseGet(() -> Runtime.getRuntime().availableProcessors());
      AtomicLong shown = new AtomicLong(System.nanoTime());
      sum = Simulation.worlds(first, worlds, side, done -> show(line, done, shown));
    } finally {
      line.clear();
    }
    out.println(sum.report());
    sum.missing().ifPresent(what -> out.println("too little happened: " + what));
    out.printf(
        Locale.ROOT,
        "%,d worlds, seeds %d to %d: %s%n",
        sum.worlds(),
        first,
        first + worlds - 1,
        sum.failures() == 0 ? "every promise kept" : sum.failures() + " broke a promise");
    if (sum.failures() > 0) {
      explain(sum, line, out);
    }
    return sum.failures() == 0 && sum.missing().isEmpty() ? 0 : BROKEN;
  }

  private void show(StatusLine line, long done, AtomicLong shown) {
    long last = shown.get();
    long now = System.nanoTime();
    boolean isDue = now - last > 200_000_000L;
    if (isDue && shown.compareAndSet(last, now)) {
      int filled = (int) (24 * done / worlds);
      String bar = "#".repeat(filled) + ".".repeat(24 - filled);
      line.at(String.format(Locale.ROOT, "simulate: [%s] %,d of %,d worlds", bar, done, worlds));
    }
  }

  private static void explain(Sum sum, StatusLine line, PrintWriter out) {
    for (Replay failed : sum.failed()) {
      Violation violation = failed.verdict().violations().get(0);
      out.println();
      out.println("holdfast simulate --seed " + failed.seed());
      out.println(violation);
    }
    line.at("simulate: looking for a smaller world that breaks the same");
    Replay smallest = Simulation.shrunk(sum.failed().get(0));
    line.clear();
    out.println();
    out.println("A smaller world that breaks the same, with its history:");
    out.printf("holdfast simulate --seed %d --plan %s%n", smallest.seed(), smallest.plan());
    print(smallest, out);
  }
}
