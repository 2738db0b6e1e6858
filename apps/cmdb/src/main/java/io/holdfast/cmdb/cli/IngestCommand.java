package io.holdfast.cmdb.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.holdfast.Locks;
import io.holdfast.cmdb.cli.Place.Servers;
import io.holdfast.cmdb.ingest.Acknowledgements.Acknowledged;
import io.holdfast.cmdb.ingest.Gate;
import io.holdfast.cmdb.ingest.Ingest;
import io.holdfast.cmdb.ingest.IngestException;
import io.holdfast.cmdb.ingest.Intake;
import io.holdfast.cmdb.ingest.Patience;
import io.holdfast.cmdb.ingest.Remerge;
import io.holdfast.cmdb.ingest.Settings;
import io.holdfast.cmdb.ingest.Tally;
import io.holdfast.cmdb.merge.Rules;
import io.holdfast.cmdb.report.DeadLetter;
import io.holdfast.cmdb.report.Input;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.report.Payloads;
import io.holdfast.cmdb.store.Database;
import io.holdfast.cmdb.store.MachineStore;
import io.holdfast.cmdb.work.Crew;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast cmdb ingest}. */
@Command(
    name = "ingest",
    description = "Merges machine reports into one record per machine.",
    sortOptions = false,
    optionListHeading = "%nOptions:%n",
    parameterListHeading = "%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:all that can be merged is acknowledged; the rest are dead letters",
      "64:wrong usage",
      "66:a path is not there",
      "69:the database or the store is unavailable, or refuses",
      "74:acknowledgements cannot be written; the ingest has stopped",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast cmdb ingest reports/ inventory.jsonl",
      "  holdfast cmdb ingest --processes 3 --acks acks.txt reports/",
      "  tail -f stream.jsonl | holdfast cmdb ingest -",
      "",
      "With - every report that is read from stdin is answered by a line of JSON on",
      "stdout once it is committed: line, status (applied, outdated, duplicate, dead),",
      "report, machine, version; fault and reason for dead letters."
    })
final class IngestCommand implements Callable<Integer> {

  private static final int LETTERS_AT_A_TIME = 200;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final Place place = new Place();

  @Option(
      names = "--workers",
      paramLabel = "N",
      defaultValue = "4",
      description = "Transactions at a time in each process, 1 to 64 (default: ${DEFAULT-VALUE})")
  private int workers;

  @Option(
      names = "--processes",
      paramLabel = "P",
      defaultValue = "1",
      description = "Processes that work, 1 to 16 (default: ${DEFAULT-VALUE})")
  private int processes;

  @Option(
      names = "--ahead",
      paramLabel = "B",
      description =
          "Batches of each worker that are taken in meanwhile, 1 to 64: with more they are fuller, "
              + "with fewer other processes wait less for locks (default: 8, or 2 with "
              + "--processes)")
  private Optional<Integer> ahead = Optional.empty();

  @Option(
      names = "--acks",
      paramLabel = "FILE",
      description =
          "Append the id of each report to this file once it is committed: the witness "
              + "that \"audit --acks\" takes")
  private Optional<Path> acks = Optional.empty();

  @Option(
      names = "--observed-at",
      paramLabel = "TIME",
      description =
          "When payloads were observed that do not say so themselves (default: when their "
              + "file was last modified)")
  private Optional<String> observedAt = Optional.empty();

  @Option(
      names = "--rules",
      paramLabel = "FILE",
      description =
          "Put these merge rules in force, for this and all later commands, and make all "
              + "records anew that others have made")
  private Optional<Path> rules = Optional.empty();

  @Option(names = "--json", description = "The summary as one line of JSON")
  private boolean json;

  @Parameters(
      arity = "1..*",
      paramLabel = "PATH",
      description =
          "Files, folders (*.json, *.jsonl, *.ndjson, *.facts), or - for JSON Lines on stdin")
  private List<String> paths = new ArrayList<>();

  @Override
  public Integer call() throws InterruptedException {
    Settings settings = settings();
    Optional<Instant> observed = observedAt.map(this::moment);
    Optional<Rules> newRules = rules.map(this::rules);
    boolean streaming = paths.contains("-");
    try (Payloads payloads = Payloads.of(paths, observed, System.in);
        AckFileOrNone witness = new AckFileOrNone(acks.map(AckFile::appendTo));
        Servers servers = place.open();
        Database database = servers.databaseToMerge(settings.connections() + 1)) {
      return ingest(payloads, witness, servers, database, settings, newRules, streaming);
    } catch (FileNotFoundException e) {
      throw new CmdbException(CmdbException.NO_INPUT, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new CmdbException(CmdbException.CANNOT_WRITE, "--acks: " + AckFile.reason(e));
    }
  }

  private Settings settings() {
    try {
      if (processes < 1 || processes > 16) {
        throw new IllegalArgumentException("1 to 16 processes, not " + processes);
      }
      Settings usual = Settings.DEFAULTS.workers(workers).oneOf(processes);
      return ahead.map(usual::ahead).orElse(usual);
    } catch (IllegalArgumentException e) {
      throw wrong(String.valueOf(e.getMessage()));
    }
  }

  private Instant moment(String text) {
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException e) {
      throw wrong("--observed-at is like 2026-11-20T08:00:00Z, not " + text);
    }
  }

  private Rules rules(Path file) {
    try {
      return Rules.parse(Files.readString(file));
    } catch (IOException e) {
      throw new CmdbException(
          CmdbException.NO_INPUT, "--rules: cannot read " + file + ": " + AckFile.reason(e));
    } catch (IllegalArgumentException e) {
      throw wrong("--rules: " + file + ": " + e.getMessage());
    }
  }

  private ParameterException wrong(String text) {
    return new ParameterException(spec.commandLine(), text);
  }

  /** The file of acknowledgements, if one is wanted. */
  private record AckFileOrNone(Optional<AckFile> file) implements AutoCloseable {

    void write(List<String> ids) throws IOException {
      if (file.isPresent()) {
        file.get().write(ids);
      }
    }

    @Override
    public void close() throws IOException {
      if (file.isPresent()) {
        file.get().close();
      }
    }
  }

  private int ingest(
      Payloads payloads,
      AckFileOrNone witness,
      Servers servers,
      Database database,
      Settings settings,
      Optional<Rules> newRules,
      boolean streaming)
      throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    Tally tally = new Tally();
    MachineStore machines = MachineStore.of(database);
    AckLines lines = new AckLines(out, streaming);
    try (Locks locks = servers.locks(settings, tally)) {
      warnOfWeakSettings(database, err);
      if (newRules.isPresent()) {
        Rules rulesToBe = newRules.get();
        Patience.ask(
            () -> {
              machines.putInForce(rulesToBe);
              return true;
            });
      }
      long remade = Remerge.all(locks, machines);
      Summary summary = new Summary();
      summary.remade = remade;
      try (Progress progress = Progress.on(err, lines.acknowledged());
          Intake intake = intake(servers, locks, machines, settings, tally, witness, lines)) {
        await(
            feeding(() -> feed(payloads, intake, machines, summary, lines, progress)),
            intake.failure());
        intake.awaitAll();
        summary.counts = intake instanceof Crew crew ? crew.finish() : intake.counts();
      }
      summary.ignored = payloads.ignored();
      summary.totals = Patience.ask(machines::totals);
      print(summary, streaming ? err : out);
      return 0;
    } catch (SQLException e) {
      throw Place.unavailable(servers.databaseUrl(), e);
    } catch (IngestException e) {
      String text = String.valueOf(e.getMessage());
      throw new CmdbException(
          text.startsWith("acknowledgements")
              ? CmdbException.CANNOT_WRITE
              : CmdbException.UNAVAILABLE,
          text + "; what was not acknowledged is to be given again");
    }
  }

  private static void warnOfWeakSettings(Database database, PrintWriter err) throws SQLException {
    List<String> off = database.notDurable();
    if (!off.isEmpty()) {
      err.println(
          "holdfast: this PostgreSQL may lose what it acknowledges when the power fails: "
              + String.join(", ", off)
              + " off");
      err.flush();
    }
  }

  private Intake intake(
      Servers servers,
      Locks locks,
      MachineStore machines,
      Settings settings,
      Tally tally,
      AckFileOrNone witness,
      AckLines lines) {
    if (processes > 1) {
      return new Crew(
          servers.databaseUrl(),
          servers.storeUrl(),
          processes,
          settings,
          true,
          ack -> {
            witness.write(List.of(ack.reportId()));
            lines.acknowledged(
                ack.tag(), ack.reportId(), ack.status(), ack.machineId(), ack.version());
          });
    }
    return new Ingest(
        locks,
        machines,
        settings,
        tally,
        acknowledged -> {
          witness.write(acknowledged.stream().map(each -> each.ack().report().id()).toList());
          for (Acknowledged each : acknowledged) {
            lines.acknowledged(
                each.tag(),
                each.ack().report().id(),
                each.ack().status().name(),
                each.ack().machineId(),
                each.ack().version());
          }
        },
        Gate.OPEN);
  }

  /** What a run has come to. */
  private static final class Summary {
    private final Map<String, Long> dead = new TreeMap<>();
    private Tally.Counts counts = Tally.Counts.NONE;
    private MachineStore.Totals totals = new MachineStore.Totals(0, 0);
    private long reports;
    private long ignored;
    private long remade;
  }

  private interface Feed {
    void run() throws IngestException, InterruptedException;
  }

  /** On a thread of its own, because who waits for a line of stdin hears of nothing else. */
  private static CompletableFuture<Void> feeding(Feed feed) {
    CompletableFuture<Void> fed = new CompletableFuture<>();
    Thread reader =
        new Thread(
            () -> {
              try {
                feed.run();
                fed.complete(null);
              } catch (IngestException | InterruptedException | RuntimeException | Error e) {
                fed.completeExceptionally(e);
              }
            },
            "cmdb-reader");
    reader.setDaemon(true);
    reader.start();
    return fed;
  }

  /** Waits until all input is read, or the ingest has failed before. */
  private static void await(CompletableFuture<Void> fed, CompletableFuture<IngestException> failure)
      throws IngestException, InterruptedException {
    try {
      CompletableFuture.anyOf(fed, failure).get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IngestException failed) {
        throw failed;
      }
      throw new IllegalStateException("the input cannot be read on: " + e.getCause(), e);
    }
    if (!fed.isDone()) {
      throw failure.join();
    }
  }

  private static void feed(
      Payloads payloads,
      Intake intake,
      MachineStore machines,
      Summary summary,
      AckLines lines,
      Progress progress)
      throws IngestException, InterruptedException {
    List<DeadLetter> letters = new ArrayList<>();
    for (Optional<Input> input = payloads.next(); input.isPresent(); input = payloads.next()) {
      if (input.get() instanceof Input.Reported reported) {
        summary.reports++;
        // Tags are lines for who streams; from several files nobody asks for them.
        long tag = lines.isWanted() ? lines.tag(reported.origin().line()) : summary.reports;
        intake.submit(reported.report(), tag);
      } else if (input.get() instanceof Input.Dead dead) {
        summary.dead.merge(dead.letter().fault().label(), 1L, Long::sum);
        letters.add(dead.letter());
        if (lines.isWanted() || letters.size() == LETTERS_AT_A_TIME) {
          setAside(letters, machines, lines);
          letters.clear();
        }
      }
      progress.read(summary.reports + summary.dead.values().stream().mapToLong(n -> n).sum());
    }
    if (!letters.isEmpty()) {
      setAside(letters, machines, lines);
    }
  }

  private static void setAside(List<DeadLetter> letters, MachineStore machines, AckLines lines)
      throws IngestException, InterruptedException {
    Patience.ask(
        () -> {
          machines.setAside(letters);
          return true;
        });
    try {
      for (DeadLetter letter : letters) {
        lines.dead(letter);
      }
    } catch (IOException e) {
      throw new IngestException("acknowledgements cannot be written: " + AckFile.reason(e));
    }
  }

  private void print(Summary summary, PrintWriter to) {
    Tally.Counts counts = summary.counts;
    long dead = summary.dead.values().stream().mapToLong(Long::longValue).sum();
    if (json) {
      ObjectNode node = Json.OWN.createObjectNode();
      node.put("acknowledged", counts.acknowledged());
      node.put("applied", counts.applied());
      node.put("outdated", counts.outdated());
      node.put("duplicates", counts.duplicates());
      ObjectNode letters = node.putObject("deadLetters");
      summary.dead.forEach(letters::put);
      node.put("ignoredFiles", summary.ignored);
      node.put("machines", summary.totals.machines());
      node.put("conflicts", summary.totals.conflicts());
      node.put("recordsRemade", summary.remade);
      node.put("leasesLost", counts.leasesLost());
      node.put("staleWritesRefused", counts.staleWritesRefused());
      to.println(node);
    } else {
      line(to, "acknowledged", counts.acknowledged(), "");
      line(to, "  new", counts.applied(), "");
      line(to, "  outdated", counts.outdated(), "nothing in it that was not known newer");
      line(to, "  duplicates", counts.duplicates(), "in the ledger before");
      line(to, "dead letters", dead, dead == 0 ? "" : "see: holdfast cmdb dead");
      summary.dead.forEach((fault, number) -> line(to, "  " + fault, number, ""));
      line(to, "files ignored", summary.ignored, "");
      line(to, "machines", summary.totals.machines(), "in all");
      line(to, "conflicts", summary.totals.conflicts(), "attributes sources disagree about");
      if (summary.remade > 0) {
        line(to, "records remade", summary.remade, "by the rules now in force");
      }
    }
    to.flush();
  }

  private static void line(PrintWriter to, String what, long number, String about) {
    String line = String.format(Locale.ROOT, "%-16s %,12d  %s", what, number, about);
    to.println(line.stripTrailing());
  }
}
