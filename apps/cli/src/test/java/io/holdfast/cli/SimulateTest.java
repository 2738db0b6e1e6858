package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** One world and its history, or many and what they were made of. */
class SimulateTest {

  @Test
  void aSeedIsPrintedWithItsPlanHistoryAndVerdict() {
    CommandLineRun run = CommandLineRun.of("simulate", "--seed", "42");
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .startsWith("seed 42\nplan store=")
        .contains(" ms  Acquire[", " ms  Write[", " ms  Content[")
        .contains("clean\n1 histories: ");
    assertThat(CommandLineRun.of("simulate", "--seed", "42").out()).isEqualTo(run.out());
  }

  @Test
  void aPlanOfOnesOwnChangesTheWorld() {
    CommandLineRun run =
        CommandLineRun.of("simulate", "--seed", "42", "--plan", "processes=1,callers=1,crashes=0");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("processes=1,callers=1,").doesNotContain("process=p2");
  }

  @Test
  void manyWorldsAreSummedUp() {
    CommandLineRun run = CommandLineRun.of("simulate", "--worlds", "20", "--first", "100");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .contains("20 histories: ")
        .endsWith("20 worlds, seeds 100 to 119: every promise kept\n");
  }
}
