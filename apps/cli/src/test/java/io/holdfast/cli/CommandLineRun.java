package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import picocli.CommandLine;

/** What a command line answered, when executed inside of this JVM. */
record CommandLineRun(int exitCode, String out, String err) {
  static CommandLineRun of(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine command =
        Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exitCode = command.execute(args);
    return new CommandLineRun(exitCode, out.toString(), err.toString());
  }

  /** The one line of JSON that it printed. */
  JsonNode json() throws IOException {
    assertThat(out.lines()).as(err).hasSize(1);
    return new ObjectMapper().readTree(out);
  }

  List<String> errLines() {
    return err.lines().toList();
  }
}
