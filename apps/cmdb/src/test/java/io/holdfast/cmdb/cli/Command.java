package io.holdfast.cmdb.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.IExitCodeGenerator;

/**
 * One run of {@code cmdb ...} in this JVM.
 *
 * @param exitCode what it ended with
 * @param out its standard output
 * @param err its standard error
 */
record Command(int exitCode, String out, String err) {

  static Command run(String... arguments) {
    return runWith("", arguments);
  }

  /** With this text on its standard input. */
  static Command runWith(String stdin, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine command =
        new CommandLine(new CmdbCommand())
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true))
            .setParameterExceptionHandler(
                (failure, args) -> {
                  failure.getCommandLine().getErr().println(failure.getMessage());
                  return CmdbException.USAGE;
                })
            .setExecutionExceptionHandler(
                (failure, line, result) -> {
                  line.getErr().println(failure.getMessage());
                  if (failure instanceof IExitCodeGenerator known) {
                    return known.getExitCode();
                  }
                  throw failure;
                });
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(stdin.getBytes(UTF_8)));
    try {
      int exitCode = command.execute(arguments);
      return new Command(exitCode, out.toString(), err.toString());
    } finally {
      System.setIn(before);
    }
  }

  List<String> lines() {
    return out.lines().toList();
  }
}
