package io.holdfast.cmdb.demo;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.holdfast.Guarantees;
import io.holdfast.Locks;
import io.holdfast.cmdb.cli.CmdbException;
import io.holdfast.cmdb.cli.Place;
import io.holdfast.cmdb.cli.Place.Servers;
import io.holdfast.cmdb.ingest.IngestException;
import io.holdfast.cmdb.ingest.Settings;
import io.holdfast.cmdb.ingest.Tally;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.store.Audit;
import io.holdfast.cmdb.store.Database;
import io.holdfast.embedded.EmbeddedServerException;
import io.holdfast.embedded.TemporaryFolder;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast demo}. */
@Command(
    name = "demo",
    description = "Merges a fleet's reports by several processes, with bad luck on purpose.",
    sortOptions = false,
    optionListHeading = "%nOptions:%n",
    parameterListHeading = "%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:nothing was lost, and a lease was lost and a stale write refused",
      "1:something was lost, or the worst did not happen",
      "64:wrong usage",
      "66:a file is not there",
      "69:a server is unavailable",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast demo --quick",
      "  holdfast demo my-facts.json inventory/",
      "  holdfast demo --data ~/cmdb && holdfast cmdb list --data ~/cmdb",
    })
public final class DemoCommand implements Callable<Integer> {

  private static final Duration LEASE = Duration.ofSeconds(1);

  /** Where the session is the lease: few stores grant a session of less than 4 s. */
  private static final Duration SESSION = Duration.ofSeconds(4);

  private static final int MACHINES = 3_000;
  private static final int QUICK_MACHINES = 400;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean help;

  @Mixin private final Place place = new Place();

  @Option(names = "--quick", description = "A smaller fleet: less than a minute on 2 cores")
  private boolean quick;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Which fleet (default: ${DEFAULT-VALUE})")
  private long seed;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the summary as JSON, too")
  private Optional<Path> json = Optional.empty();

  @Option(
      names = "--without-guard",
      hidden = true,
      description = "Writes without fence and version, to show that the audit finds what is lost")
  private boolean withoutGuard;

  @Parameters(
      arity = "0..*",
      paramLabel = "PATH",
      description = "Payloads of your own to merge with the fleet's")
  private List<String> files = new ArrayList<>();

  @Override
  public Integer call() throws InterruptedException {
    for (String file : files) {
      if (!Files.exists(Path.of(file))) {
        throw new CmdbException(CmdbException.NO_INPUT, "no such file or folder: " + file);
      }
    }
    try (TemporaryFolder folder = TemporaryFolder.create("holdfast-demo-");
        Servers servers = place.openElseIn(folder.path())) {
      Result result = play(servers, folder.path());
      print(result, spec.commandLine().getOut());
      if (json.isPresent()) {
        Files.writeString(json.get(), json(result) + "\n");
      }
      return result.isGood() ? 0 : CmdbException.NO;
    } catch (FileNotFoundException e) {
      throw new CmdbException(CmdbException.NO_INPUT, String.valueOf(e.getMessage()));
    } catch (EmbeddedServerException e) {
      throw new CmdbException(CmdbException.UNAVAILABLE, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new CmdbException(
          CmdbException.CANNOT_WRITE, "cannot write: " + String.valueOf(e.getMessage()));
    }
  }

  private Result play(Servers servers, Path folder) throws InterruptedException, IOException {
    PrintWriter err = spec.commandLine().getErr();
    Consumer<String> progress =
        text -> {
          err.println("demo: " + text);
          err.flush();
        };
    Fleet fleet = new Fleet(seed, quick ? QUICK_MACHINES : MACHINES);
    try (Database database = servers.database(3);
        Demo demo =
            new Demo(
                database,
                servers.databaseUrl(),
                servers.storeUrl(),
                shortLeases(servers),
                folder,
                !withoutGuard,
                progress)) {
      return demo.play(fleet, files);
    } catch (SQLException e) {
      throw Place.unavailable(servers.databaseUrl(), e);
    } catch (IngestException e) {
      throw new CmdbException(CmdbException.UNAVAILABLE, String.valueOf(e.getMessage()));
    }
  }

  /** As short as the store has them. */
  private static Settings shortLeases(Servers servers) {
    Settings sessions =
        Settings.DEFAULTS.workers(2).batch(20).oneOf(Demo.PROCESSES).leaseFor(SESSION);
    try (Locks locks = servers.locks(sessions, event -> {})) {
      Guarantees store = locks.guarantees();
      if (!store.endsByItself() && store.sessionFor().isEmpty()) {
        throw new CmdbException(
            CmdbException.USAGE,
            "--store: these locks end with their process only, so that a stopped worker is never"
                + " overtaken, and the demo has nothing to show");
      }
      return store.sessionFor().isPresent() ? sessions : sessions.leaseFor(LEASE);
    }
  }

  private static void print(Result result, PrintWriter out) {
    Tally.Counts counts = result.counts();
    Audit.Result audit = result.audit();
    line(out, "acknowledged", audit.witnessed(), "reports, witnessed outside the database");
    line(out, "machines", audit.machines(), "one record each");
    line(out, "merges", counts.merges(), "guarded writes of a machine");
    out.println(
        String.format(
            Locale.ROOT,
            "%-22s %9.1f  ms p50, %.1f ms p99 for a machine's lock",
            "waits",
            counts.waitMillis(0.5),
            counts.waitMillis(0.99)));
    line(out, "workers stopped", result.paused(), "between making sure of the lease and the write");
    line(out, "workers killed", result.killed(), "in the middle of a merge");
    line(out, "leases lost", counts.leasesLost(), "their holders were told");
    line(
        out,
        "stale writes refused",
        counts.staleWritesRefused(),
        "by the database, and merged again");
    line(
        out,
        "dead letters",
        result.deadLetters(),
        result.deadLetters() == result.broken()
            ? "all " + result.broken() + " broken inputs, and no other"
            : "but " + result.broken() + " inputs were broken");
    if (audit.notDurable().isEmpty()) {
      line(out, "lost", audit.lost().size(), audit.isClean() ? "the audit is clean" : "see below");
    } else {
      out.println(
          "lost: cannot be told, because this PostgreSQL has "
              + String.join(", ", audit.notDurable())
              + " off");
    }
    audit.findings().stream().limit(10).forEach(finding -> out.println("  " + finding));
    out.flush();
  }

  private static void line(PrintWriter out, String what, long number, String about) {
    out.println(String.format(Locale.ROOT, "%-22s %,9d  %s", what, number, about).stripTrailing());
  }

  private static String json(Result result) {
    Tally.Counts counts = result.counts();
    ObjectNode node = Json.OWN.createObjectNode();
    node.put("acknowledged", result.audit().witnessed());
    node.put("machines", result.audit().machines());
    node.put("reports", result.audit().reports());
    node.put("merges", counts.merges());
    node.put("waitP50Millis", counts.waitMillis(0.5));
    node.put("waitP99Millis", counts.waitMillis(0.99));
    node.put("workersStopped", result.paused());
    node.put("workersKilled", result.killed());
    node.put("leasesLost", counts.leasesLost());
    node.put("staleWritesRefused", counts.staleWritesRefused());
    node.put("deadLetters", result.deadLetters());
    node.put("brokenInputs", result.broken());
    node.put("findings", result.audit().wrong());
    node.put("durable", result.audit().notDurable().isEmpty());
    if (result.audit().notDurable().isEmpty()) {
      node.put("lost", result.audit().lost().size());
    }
    return node.toString();
  }
}
