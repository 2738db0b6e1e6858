package io.holdfast.cmdb.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.cmdb.report.Json;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.IExitCodeGenerator;

/** What a command line answered, when executed inside of this JVM; errors as {@code Main} does. */
record Answer(int exitCode, String out, String err) {

  static Answer of(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int exitCode =
        new CommandLine(new CmdbCommand())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .setParameterExceptionHandler(
                (failure, line) -> {
                  failure.getCommandLine().getErr().println(failure.getMessage());
                  failure.getCommandLine().getErr().flush();
                  return CmdbException.USAGE;
                })
            .setExecutionExceptionHandler(
                (failure, command, line) -> {
                  if (failure instanceof IExitCodeGenerator known) {
                    command.getErr().println(failure.getMessage());
                    command.getErr().flush();
                    return known.getExitCode();
                  }
                  throw failure;
                })
            .execute(args);
    return new Answer(exitCode, out.toString(), err.toString());
  }

  JsonNode json() {
    return Json.parseTrusted(out);
  }

  List<String> lines() {
    return out.lines().toList();
  }
}
