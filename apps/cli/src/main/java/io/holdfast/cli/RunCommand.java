package io.holdfast.cli;

import io.holdfast.Guarantees;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code holdfast run}. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = {
      "Runs a command while holding a lock.",
      "",
      "The lease is renewed while COMMAND runs. If it is lost, COMMAND is stopped,",
      "together with what it has started. If the store does not answer, TERM is sent",
      "--grace before the lease ends, and KILL when it ends. If the store says that",
      "it has ended the lease, TERM is sent at once, and KILL after --grace; if this",
      "process stood still past the end, both at once.",
    },
    customSynopsis = {
      "holdfast run [--store=URL] [--wait=D] [--lease=D] [--keep=D] [--grace=D]",
      "             [--label=TEXT] NAME -- COMMAND [ARGUMENT...]",
    },
    parameterListHeading = "%n",
    optionListHeading = "%nOptions (D is 500ms, 30s, 5m, 1h or PT30S):%n",
    sortOptions = false,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0-255:COMMAND's own; 128 and the signal's number if a signal ended it",
      "64:wrong usage",
      "69:the store does not answer, or refuses",
      "75:someone else had the lock for the whole --wait",
      "76:the lease was lost while COMMAND ran",
      "126:COMMAND cannot be executed",
      "127:COMMAND was not found",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast run --store redis://localhost:6379 backup -- tar czf b.tgz /srv",
      "  holdfast run --wait 0 --keep 10m nightly -- ./report.sh  # once per night",
      "  holdfast run deploy -- sh -c 'echo $HOLDFAST_TOKEN; ./deploy.sh | tee log'",
      "",
      "COMMAND finds the lock's name in HOLDFAST_NAME and the fencing token in",
      "HOLDFAST_TOKEN: give the token to whatever it writes to, and let that refuse",
      "a smaller one. INT, TERM and HUP are passed on to COMMAND. It runs in a",
      "session of its own: it reads our stdin, but has no terminal to control, and",
      "Ctrl-Z is ignored.",
    })
final class RunCommand implements Callable<Integer> {
  private static final Duration LONGEST_DEFAULT_GRACE = Duration.ofSeconds(5);

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Mixin private final Stores stores = new Stores();

  @Option(
      names = "--wait",
      paramLabel = "D",
      converter = Span.class,
      description = "How long to wait for the lock, 0 to ask once (30s)")
  private Duration wait = LockOptions.DEFAULTS.waitAtMost();

  @Option(
      names = "--lease",
      paramLabel = "D",
      converter = Span.class,
      description = "How long the store keeps the lock if this process falls silent (30s)")
  private Duration lease = LockOptions.DEFAULTS.leaseFor();

  @Option(
      names = "--keep",
      paramLabel = "D",
      converter = Span.class,
      description = "Keep the lock for so long from its acquisition, even if COMMAND ends earlier")
  private Duration keep = LockOptions.DEFAULTS.keepFor();

  @Option(
      names = "--grace",
      paramLabel = "D",
      converter = Span.class,
      description = "From TERM to KILL, less than half of --lease (a quarter of it, at most 5s)")
  private Optional<Duration> grace = Optional.empty();

  @Option(
      names = "--label",
      paramLabel = "TEXT",
      description = "Who has the lock, for 'holdfast who' (host/process/thread)")
  private Optional<String> label = Optional.empty();

  @Parameters(
      index = "0",
      paramLabel = "NAME",
      converter = Name.class,
      description = "The lock: 1 to 200 of A-Z a-z 0-9 . _ : / @ -")
  @SuppressWarnings("NullAway.Init")
  private LockName name;

  @Parameters(
      index = "1..*",
      paramLabel = "COMMAND",
      description = "What to run, and its arguments; no shell looks at them")
  private List<String> command = List.of();

  @Override
  public Integer call() throws Exception {
    checkDashes();
    LockOptions options = options();
    Duration grace = grace();
    Executable.check(command.get(0), System.getenv().getOrDefault("PATH", "/usr/bin:/bin"));
    Session session = Session.find();
    if (!session.hasOwnGroup()) {
      spec.commandLine()
          .getErr()
          .println(
              "holdfast: warning: no setsid here (util-linux); what COMMAND starts may outlive it");
    }
    LockedRun run = new LockedRun(name, command, grace, spec.commandLine().getErr());
    try (Locks locks = stores.connect(LocksConfig.DEFAULTS.options(options))) {
      checkStoreKeeps(locks.guarantees());
      return run.run(locks, options, session);
    }
  }

  /** Only a store that is connected says what it can do. */
  private void checkStoreKeeps(Guarantees guarantees) {
    if (!guarantees.keeps() && !keep.isZero()) {
      throw wrong("--keep: this store (%s) keeps no lock".formatted(guarantees.store()));
    }
  }

  /** Without the dashes an option of COMMAND would be taken for ours, silently. */
  private void checkDashes() {
    List<String> words = spec.commandLine().getParseResult().originalArgs();
    int dashes = words.indexOf("--");
    if (dashes < 0 || command.isEmpty() || words.size() - dashes - 1 != command.size()) {
      throw wrong("say NAME -- COMMAND, with the two dashes between them");
    }
  }

  private LockOptions options() {
    LockOptions options = LockOptions.DEFAULTS;
    options = checked("--wait", options, with -> with.waitAtMost(wait));
    options = checked("--lease", options, with -> with.leaseFor(lease));
    options = checked("--keep", options, with -> with.keepFor(keep));
    return checked("--label", options, with -> label.map(with::label).orElse(with));
  }

  private LockOptions checked(String option, LockOptions before, UnaryOperator<LockOptions> with) {
    try {
      return with.apply(before);
    } catch (IllegalArgumentException e) {
      throw wrong(option + ": " + e.getMessage());
    }
  }

  private Duration grace() {
    Duration quarter = lease.dividedBy(4);
    Duration span =
        grace.orElse(
            quarter.compareTo(LONGEST_DEFAULT_GRACE) < 0 ? quarter : LONGEST_DEFAULT_GRACE);
    if (span.isNegative() || span.multipliedBy(2).compareTo(lease) >= 0) {
      throw wrong("--grace: has to be less than half of --lease, which is " + Span.spell(lease));
    }
    return span;
  }

  private ParameterException wrong(String text) {
    return new ParameterException(spec.commandLine(), text);
  }
}
