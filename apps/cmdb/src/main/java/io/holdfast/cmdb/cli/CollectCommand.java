package io.holdfast.cmdb.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.holdfast.cmdb.report.BadReportException;
import io.holdfast.cmdb.report.Collector;
import io.holdfast.cmdb.report.ReportJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code holdfast cmdb collect}. */
@Command(
    name = "collect",
    description = "Writes a report of the machine it runs on, as one line of JSON.",
    sortOptions = false,
    optionListHeading = "%nOptions:%n",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:it is written",
      "1:there is nothing to tell this machine by",
      "64:wrong usage",
      "74:the file cannot be written",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  holdfast cmdb collect | holdfast cmdb ingest -",
      "  holdfast cmdb collect --output inbox/$(hostname).jsonl",
      "",
      "Serial number and UUID can be read by root only; without them the machine is",
      "told by a digest of /etc/machine-id, else by its addresses and its name."
    })
final class CollectCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(names = "--output", paramLabel = "FILE", description = "Append the line to this file")
  private Optional<Path> output = Optional.empty();

  @Option(
      names = "--json",
      description = "What it does anyway; for symmetry with the other commands")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean json;

  @Override
  public Integer call() {
    String line = report();
    if (output.isEmpty()) {
      PrintWriter out = spec.commandLine().getOut();
      out.println(line);
      out.flush();
      return 0;
    }
    try {
      Files.write(
          output.get(),
          (line + "\n").getBytes(UTF_8),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      return 0;
    } catch (IOException e) {
      throw new CmdbException(
          CmdbException.CANNOT_WRITE,
          "--output: cannot write to " + output.get() + ": " + AckFile.reason(e));
    }
  }

  private static String report() {
    try {
      return ReportJson.write(Collector.collect(Instant.now()));
    } catch (BadReportException e) {
      throw new CmdbException(CmdbException.NO, "this machine cannot be told: " + e.reason());
    }
  }
}
