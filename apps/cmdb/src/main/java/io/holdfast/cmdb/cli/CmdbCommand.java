package io.holdfast.cmdb.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code holdfast cmdb}. */
@Command(
    name = "cmdb",
    description = "Many sources, one record per machine; nothing acknowledged is lost.",
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    subcommands = {
      IngestCommand.class,
      CollectCommand.class,
      ShowCommand.class,
      HistoryCommand.class,
      ListCommand.class,
      DeadCommand.class,
      AuditCommand.class,
      RulesCommand.class,
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast cmdb collect | holdfast cmdb ingest -",
      "  holdfast cmdb ingest --acks acks.txt reports/",
      "  holdfast cmdb show serial:9VKPS12",
      "  holdfast cmdb list --where os.name=Debian",
      "  holdfast cmdb audit --acks acks.txt"
    })
public final class CmdbCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean help;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "say what to do, such as ingest, show or audit");
  }
}
