package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** One line that says what to do, and the exit code of the page; no trace, no password. */
class WrongUsageTest {
  private static final String REDIS = "--store=redis://:hunter2@localhost:1";

  static Stream<Arguments> lines() {
    return Stream.of(
        wrong(64, "run, who or race"),
        wrong(64, "bogus", "bogus"),
        wrong(64, "NAME", "run"),
        wrong(64, "NAME -- COMMAND", "run", "a"),
        wrong(64, "NAME -- COMMAND", "run", "a", "--"),
        wrong(64, "NAME -- COMMAND", "run", "a", "true"),
        wrong(64, "NAME -- COMMAND", "run", "a", "b", "--", "true"),
        wrong(64, "NAME", "run", "--", "true"),
        wrong(64, "--colour", "run", "--colour", "a", "--", "true"),
        wrong(64, "--stoer", "run", "--stoer=redis://:hunter2@h", "a", "--", "true"),
        wrong(64, "'{' (U+007B)", "run", "a{b}", "--", "true"),
        wrong(64, "U+001B", "run", "a\u001b[2J", "--", "true"),
        wrong(64, "1 to 200", "run", "", "--", "true"),
        wrong(64, "1 to 200", "who", "a".repeat(201)),
        wrong(64, "30s", "run", "--wait", "soon", "a", "--", "true"),
        wrong(64, "--wait", "run", "--wait", "25h", "a", "--", "true"),
        wrong(64, "--wait", "run", "--wait=-PT1S", "a", "--", "true"),
        wrong(64, "--lease", "run", "--lease", "49ms", "a", "--", "true"),
        wrong(64, "--lease", "run", "--lease", "9999999h", "a", "--", "true"),
        wrong(64, "--keep", "run", "--keep", "25h", "a", "--", "true"),
        wrong(64, "--label", "run", "--label", "Zo\u00eb", "a", "--", "true"),
        wrong(64, "half", "run", "--lease=4s", "--grace=2s", "a", "--", "true"),
        wrong(64, "half", "run", "--grace=-PT1S", "a", "--", "true"),
        wrong(64, "memory:", "run", "--store=memory:", "a", "--", "true"),
        wrong(64, "memory:", "who", "--store=memory:x", "a"),
        wrong(64, "scheme", "who", "--store=nosuch://:hunter2@h", "a"),
        wrong(64, "--store", "who", "--store=localhost", "a"),
        wrong(64, "--store", "who", "--store=redis://h:port", "a"),
        wrong(64, "--store", "who", "--store=redis://:hunter2@h:6379?colour=red", "a"),
        wrong(64, "no store", "who", "--store=", "a"),
        wrong(64, "--seed", "simulate", "--plan", "loss=1"),
        wrong(64, "speed", "simulate", "--seed", "1", "--plan", "speed=1"),
        wrong(64, "loss is 0 to 1000", "simulate", "--seed", "1", "--plan", "loss=-1"),
        wrong(64, "name=value", "simulate", "--seed", "1", "--plan", ""),
        wrong(64, "--worlds", "simulate", "--worlds", "0"),
        wrong(64, "--worlds", "simulate", "--worlds", "many"),
        wrong(64, "--threads", "simulate", "--threads", "0"),
        wrong(126, "/", "run", REDIS, "a", "--", "/"),
        wrong(126, "/dev/null", "run", REDIS, "a", "--", "/dev/null"),
        wrong(127, "no-such-command", "run", REDIS, "a", "--", "no-such-command"),
        wrong(127, "./no-such-command", "run", REDIS, "a", "--", "./no-such-command"),
        wrong(127, "command not found", "run", REDIS, "a", "--", ""));
  }

  private static Arguments wrong(int exitCode, String hint, String... args) {
    return Arguments.of(exitCode, hint, List.of(args));
  }

  @ParameterizedTest
  @MethodSource("lines")
  void getsOneLineAndItsExitCode(int exitCode, String hint, List<String> args) {
    CommandLineRun run = CommandLineRun.of(args.toArray(String[]::new));

    assertThat(run.errLines())
        .singleElement()
        .asString()
        .startsWith("holdfast: ")
        .contains(hint)
        .doesNotContain("hunter2", "Exception", "\u001b");
    assertThat(run.exitCode()).isEqualTo(exitCode);
    assertThat(run.out()).isEmpty();
  }
}
