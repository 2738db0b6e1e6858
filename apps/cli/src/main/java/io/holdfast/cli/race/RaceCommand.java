package io.holdfast.cli.race;

import io.holdfast.LockException;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.cli.terminal.StatusLine;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.logging.LogManager;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code holdfast race}. */
@Command(
    name = "race",
    description = "Shows what each way of locking loses, on this machine.",
    exitCodeOnInvalidInput = RaceCommand.USAGE,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:every method showed what it is here for; ours lost nothing",
      "1:one did not, or the race could not be run to its end",
      "64:wrong usage",
      "69:a server cannot be started, does not answer, or refuses",
    },
    optionListHeading = "%nOptions:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast race --quick",
      "  holdfast race --json race.json --workers 6",
      "",
      "JSON: a list of objects with method, acknowledged, lost, doubled, blocked,",
      "wronglyReleased, staleWritesRefused, staleTokensRefused, staleReadsRefused,",
      "leasesLost."
    })
public final class RaceCommand implements Callable<Integer> {

  static final int FAILED = 1;
  static final int USAGE = 64;
  static final int UNAVAILABLE = 69;

  private static final int FEWEST_WORKERS = 3;
  private static final int MOST_WORKERS = 16;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(names = "--quick", description = "At most a minute; otherwise about three.")
  private boolean quick;

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "How many processes race, 3 to 16; default ${DEFAULT-VALUE}.")
  private int workers = 4;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the outcomes there, too.")
  private @Nullable Path json;

  @Option(
      names = "--store",
      paramLabel = "URL",
      description = {
        "Your own store for Holdfast's locks instead of an embedded",
        "Redis, by any URL that 'holdfast run' takes. A Redis also",
        "serves the locks made by hand. The race's keys have random",
        "names and are removed, or end by themselves."
      })
  private @Nullable String store;

  @Option(
      names = "--db",
      paramLabel = "URL",
      description = {
        "Your own PostgreSQL instead of an embedded one:",
        "jdbc:postgresql://HOST/DATABASE?user=NAME. The race makes",
        "a schema of a random name there, and drops it."
      })
  private @Nullable String database;

  @Option(names = "--rounds", hidden = true)
  private @Nullable Integer rounds;

  @Option(names = "--merges", hidden = true)
  private @Nullable Integer merges;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean help;

  @Override
  public Integer call() throws InterruptedException {
    check();
    LogManager.getLogManager().reset(); // drivers log parts of a bad URL; what is wrong we say once
    Plan plan = plan();
    StatusLine line = StatusLine.onTerminal();
    Cleanup cleanup = new Cleanup();
    try {
      List<Outcome> outcomes;
      try (cleanup) {
        outcomes = race(plan, place -> line.at("race: " + place), cleanup);
        line.at("race: putting everything away");
      } finally {
        line.clear();
      }
      int exitCode = report(outcomes, plan);
      return cleanup.failures().isEmpty()
          ? exitCode
          : fail(FAILED, "left over: " + String.join("; ", cleanup.failures()));
    } catch (RaceException e) {
      return cleanup.byShutdown() ? FAILED : fail(e.exitCode(), String.valueOf(e.getMessage()));
    }
  }

  private List<Outcome> race(Plan plan, Director.Progress progress, Cleanup cleanup)
      throws RaceException, InterruptedException {
    progress.at("starting servers");
    Servers servers =
        Servers.start(Optional.ofNullable(store), Optional.ofNullable(database), cleanup);
    return new Race(fitted(plan, servers), progress, cleanup).run(servers);
  }

  /** Asks the store before anything is started whether its leases can be as short as planned. */
  private Plan fitted(Plan plan, Servers servers) throws RaceException {
    if (servers.store().equals(servers.redis())) {
      return plan;
    }
    Plan withSessions = plan.withSessions();
    LockOptions options = LockOptions.DEFAULTS.leaseFor(withSessions.lease());
    try (Locks locks =
        Locks.connect(servers.store().url(), LocksConfig.DEFAULTS.options(options))) {
      return locks.guarantees().sessionFor().isPresent() ? withSessions : plan;
    } catch (LockException e) {
      throw servers.storeFails(e);
    } catch (IllegalArgumentException e) {
      throw wrong("--store: " + e.getMessage());
    }
  }

  private void check() {
    if (workers < FEWEST_WORKERS || workers > MOST_WORKERS) {
      throw wrong("--workers is %d to %d".formatted(FEWEST_WORKERS, MOST_WORKERS));
    }
    if (store != null) {
      checkStore(store);
    }
    if (database != null && !database.startsWith("jdbc:postgresql:")) {
      throw wrong("--db is jdbc:postgresql://HOST/DATABASE?user=NAME");
    }
    if (json != null && !canBeWritten(json)) {
      throw wrong("--json: cannot write " + json);
    }
  }

  /** Whoever is stopped in the race has to lose what he holds, or there is nothing to see. */
  private void checkStore(String url) {
    String lower = url.toLowerCase(Locale.ROOT);
    if (lower.startsWith("memory:")) {
      throw wrong("--store: memory: locks only the threads of one process; nobody would race");
    }
    if (lower.startsWith("file:")) {
      throw wrong(
          "--store: a lock in file: ends with its process only, so that a stopped worker is never"
              + " overtaken; the table shows a file lock beside the others anyway");
    }
    if (Servers.isRedis(url) && hostOf(url).isEmpty()) {
      throw wrong("--store is like redis://HOST:PORT");
    }
  }

  private static Optional<String> hostOf(String url) {
    try {
      return Optional.ofNullable(new URI(url).getHost());
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }

  /** Asked before the race, because nobody likes to hear it after. */
  private static boolean canBeWritten(Path file) {
    Path target = Files.exists(file) ? file : file.toAbsolutePath().getParent();
    return !Files.isDirectory(file) && target != null && Files.isWritable(target);
  }

  private ParameterException wrong(String text) {
    return new ParameterException(spec.commandLine(), text);
  }

  private Plan plan() {
    Plan plan = quick ? Plan.quick(workers) : Plan.full(workers);
    return new Plan(
        workers,
        rounds == null ? plan.rounds() : rounds,
        plan.methodLasts(),
        merges == null ? plan.merges() : merges,
        plan.roundLasts(),
        plan.lease());
  }

  private int report(List<Outcome> outcomes, Plan plan) {
    PrintWriter out = spec.commandLine().getOut();
    RaceTable.lines(outcomes, plan).forEach(out::println);
    out.flush();
    if (json != null) {
      try {
        RaceJson.write(outcomes, json);
      } catch (IOException e) {
        return fail(FAILED, "--json: cannot write " + json + ": " + e.getMessage());
      }
    }
    String unexpected =
        outcomes.stream()
            .filter(outcome -> !outcome.asExpected())
            .map(outcome -> outcome.method().label())
            .collect(Collectors.joining(", "));
    return unexpected.isEmpty() ? 0 : fail(FAILED, "not as expected: " + unexpected);
  }

  private int fail(int exitCode, String text) {
    PrintWriter err = spec.commandLine().getErr();
    err.println("holdfast: " + text.replaceAll("\\s*\\R\\s*", "; "));
    err.flush();
    return exitCode;
  }
}
