package io.holdfast.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HelpTest {
  static Stream<List<String>> helps() {
    return Stream.concat(
        Stream.of(List.of("--help")),
        Main.commandLine().getSubcommands().keySet().stream().map(name -> List.of(name, "--help")));
  }

  @ParameterizedTest
  @MethodSource("helps")
  void helpFitsATerminalOf80Columns(List<String> args) {
    CommandLineRun run = CommandLineRun.of(args.toArray(String[]::new));

    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines()).isNotEmpty().allMatch(line -> line.length() <= 80);
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "who", "race"})
  void helpHasExamplesAndExitCodes(String command) {
    assertThat(CommandLineRun.of("help", command).out())
        .contains("Examples:", "Exit codes:", "  64 ", "  69 ", "holdfast " + command);
  }

  @Test
  void helpShowsNoStoreOfTheEnvironment() {
    // Surefire is given one with a password, see the pom.
    assertThat(System.getenv("HOLDFAST_STORE")).contains("hunter2");
    assertThat(CommandLineRun.of("help", "run").out()).doesNotContain("hunter2");
  }

  @Test
  void versionIsThatOfTheBuild() {
    assertThat(CommandLineRun.of("--version").out()).matches("holdfast \\d+\\.\\d+\\.\\d+.*\\R");
  }

  @Test
  void completionIsAScriptThatBashUnderstands() throws IOException, InterruptedException {
    CommandLineRun run = CommandLineRun.of("generate-completion");
    Process bash =
        new ProcessBuilder("bash", "-n")
            .redirectErrorStream(true)
            .redirectOutput(Redirect.PIPE)
            .start();
    try (OutputStream script = bash.getOutputStream()) {
      script.write(run.out().getBytes(UTF_8));
    }

    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("--store", "who", "run");
    assertThat(new String(bash.getInputStream().readAllBytes(), UTF_8)).isEmpty();
    assertThat(bash.waitFor()).isZero();
  }
}
