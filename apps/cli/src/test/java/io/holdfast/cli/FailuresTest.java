package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class FailuresTest {
  @ParameterizedTest
  @CsvSource({
    "no answer from redis://:secret@host:6379, no answer from redis://***@host:6379",
    "redis://me:sec/r@et@host and redis://other, redis://***@host and redis://other",
    "Unknown option: '--stor=redis://:secret@host', Unknown option: '--stor=redis://***@host'",
    "machine:42@site is no secret, machine:42@site is no secret"
  })
  void hidesCredentials(String text, String shown) {
    assertThat(Failures.oneLine(text)).isEqualTo(shown);
  }

  @ParameterizedTest
  @CsvSource({"'a\n  b\r\nc\n', a; b; c", "'a\u001b[2Jb\u0007', a?[2Jb?"})
  void isOneLineThatCannotSteerATerminal(String text, String shown) {
    assertThat(Failures.oneLine(text)).isEqualTo(shown);
  }

  @ParameterizedTest
  @CsvSource({"0, false", "1, true"})
  void aMistakeOfOursIsOneLineThatTellsHowToSeeMore(String debug, boolean traced) {
    StringWriter err = new StringWriter();
    CommandLine command =
        new CommandLine(new Mistaken())
            .setErr(new PrintWriter(err))
            .setExecutionExceptionHandler(new Failures(Map.of("HOLDFAST_DEBUG", debug)));

    assertThat(command.execute()).isEqualTo(70);
    List<String> lines = err.toString().lines().toList();
    assertThat(lines.get(0)).startsWith("holdfast: ").contains("out of bounds", "HOLDFAST_DEBUG=1");
    assertThat(lines.size() > 1).isEqualTo(traced);
  }

  @Command(name = "mistaken")
  private static final class Mistaken implements Runnable {
    @Override
    public void run() {
      throw new IndexOutOfBoundsException("out of bounds");
    }
  }
}
