package io.holdfast.cmdb.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.cmdb.report.Json;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.IExitCodeGenerator;

/** What a command line answered, when executed inside of this JVM; errors as {@code Main} does. */
record Answer(int exitCode, String out, String err) {

  static Answer of(String... args) {
    return execute(args);
  }

  /** With this text on its standard input. */
  static Answer with(String stdin, String... args) {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(stdin.getBytes(UTF_8)));
    try {
      return execute(args);
    } finally {
      System.setIn(before);
    }
  }

  private static Answer execute(String... args) {
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
