package io.holdfast.cmdb.cli;

import picocli.CommandLine.Option;

/** The option {@code --help} of every command. */
public final class Help {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean help;
}
