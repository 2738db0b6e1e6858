package io.holdfast.cli;

import io.holdfast.benchmarks.BenchCommand;
import io.holdfast.cli.race.RaceCommand;
import io.holdfast.cli.simulate.SimulateCommand;
import io.holdfast.cmdb.cli.CmdbCommand;
import io.holdfast.cmdb.demo.DemoCommand;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command {@code holdfast}. */
@Command(
    name = "holdfast",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Distributed locks that protect data.",
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    subcommands = {
      DemoCommand.class,
      RunCommand.class,
      WhoCommand.class,
      DoctorCommand.class,
      RaceCommand.class,
      SimulateCommand.class,
      CmdbCommand.class,
      BenchCommand.class,
      HelpCommand.class,
      GenerateCompletion.class,
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  export HOLDFAST_STORE=redis://localhost:6379",
      "  holdfast run nightly-report -- ./report.sh --all",
      "  holdfast who nightly-report",
      "  holdfast doctor",
      "  holdfast race --quick",
      "  source <(holdfast generate-completion)    # Tab completes, in bash and zsh",
      "",
      "'holdfast help COMMAND' tells more, exit codes too. HOLDFAST_DEBUG=1 adds the",
      "stack trace to an error."
    })
public final class Main implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  private Main() {}

  /** Runs one command and ends the JVM with its exit code. */
  public static void main(String[] args) {
    Warnings.toStderr();
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    Failures failures = new Failures(System.getenv());
    return new CommandLine(new Main())
        // An argument of the user's command may begin with @.
        .setExpandAtFiles(false)
        .setParameterExceptionHandler(failures)
        .setExecutionExceptionHandler(failures);
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "say what to do, such as run, who or race");
  }
}
