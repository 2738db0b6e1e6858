package io.holdfast.cmdb.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.cmdb.merge.Rules;
import io.holdfast.cmdb.report.Input;
import io.holdfast.cmdb.report.Origin;
import io.holdfast.cmdb.report.Payloads;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** collect, and what rules and the helps say without a database. */
class WithoutDatabaseTest {

  @TempDir Path folder = Path.of("");

  @Test
  void thisMachineIsOneLineThatIngestTakes() {
    Answer answer = Answer.of("collect");
    assertThat(answer.exitCode()).isZero();
    assertThat(answer.err()).isEmpty();
    assertThat(answer.lines()).hasSize(1);
    Input input =
        Payloads.line(answer.out().getBytes(UTF_8), new Origin("-", 1), Instant.EPOCH).get(0);
    assertThat(input).isInstanceOf(Input.Reported.class);
  }

  @Test
  void thisMachineIsAppendedToAFile() throws Exception {
    Path file = folder.resolve("inbox.jsonl");
    for (int i = 0; i < 2; i++) {
      Answer answer = Answer.of("collect", "--output", file.toString());
      assertThat(answer.exitCode()).isZero();
      assertThat(answer.out()).isEmpty();
    }
    assertThat(Files.readAllLines(file)).hasSize(2);
    assertThat(Answer.of("collect", "--output", folder.toString()).exitCode()).isEqualTo(74);
  }

  @Test
  void builtInRulesAreAFileThatIsGood() throws Exception {
    Answer builtIn = Answer.of("rules", "--default");
    Path file = Files.writeString(folder.resolve("rules.json"), builtIn.out());
    Answer check = Answer.of("rules", "--check", file.toString());
    assertThat(check.exitCode()).isZero();
    assertThat(check.out()).contains("good, rules " + Rules.parse(builtIn.out()).id());
    assertThat(builtIn.err()).contains(Rules.defaults().id() + ", built in");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{                                                         | no JSON",
        "[]                                                        | a JSON object is wanted",
        "{'attributes':{}}                                         | no rule for \"*\"",
        "{'attributes':{'*':{'strategy':'best'}}}                  | not: best",
        "{'attributes':{'*':{'strategy':'pin'}}}                   | name their sources",
        "{'attributes':{'*':{'strategy':'latest'}},'odd':1}        | odd is none of",
        "{'sources':{'a':{'staleAfter':'7'}},'attributes':{}}      | no duration",
        "{'attributes':{'*':{'strategy':'latest'},'a*b':{'strategy':'max'}}} | at the end only",
      })
  void rulesThatAreNoneAreOneLine(String text, String wrong) throws Exception {
    Path file = Files.writeString(folder.resolve("rules.json"), text.replace('\'', '"'));
    Answer answer = Answer.of("rules", "--check", file.toString());
    assertThat(answer.exitCode()).isEqualTo(1);
    assertThat(answer.out()).isEmpty();
    assertThat(answer.err().lines()).hasSize(1);
    assertThat(answer.err()).contains(wrong);
  }

  @Test
  void rulesThatAreNotThereAreOneLine() {
    Answer answer = Answer.of("rules", "--check", folder.resolve("absent").toString());
    assertThat(answer.exitCode()).isEqualTo(66);
    assertThat(answer.err().lines()).hasSize(1);
  }

  static Stream<String> commands() {
    return Stream.of("collect", "show", "history", "list", "dead", "audit", "rules");
  }

  @ParameterizedTest
  @MethodSource("commands")
  void helpFitsATerminalAndHasExamplesAndExitCodes(String command) {
    Answer answer = Answer.of(command, "--help");
    assertThat(answer.exitCode()).isZero();
    assertThat(answer.lines()).allMatch(line -> line.length() <= 80);
    assertThat(answer.out())
        .contains("Examples:", "Exit codes:", "  64 ", "holdfast cmdb " + command);
  }
}
