package io.holdfast.mutants;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A mutant that is none would be found by nothing, or by chance. */
class MutantTest {

  private static final String TERM = "core/src/main/java/io/holdfast/engine/Term.java";

  static Stream<Mutant> all() {
    return Stream.of(
            Stream.concat(Mutants.inWorlds().stream(), StoreMutants.inWorlds().stream())
                .flatMap(
                    mutant ->
                        Stream.concat(Stream.of(mutant.mutant()), mutant.settings().stream())),
            AcknowledgementMutantsTest.mutants(),
            GuardMutantsTest.mutants(),
            MergeMutantsTest.mutants(),
            ScriptMutantsTest.mutants(),
            SqlMutantsTest.ofTheTable(),
            SqlMutantsTest.ofSessions(),
            Stream.concat(EtcdMutantsTest.mutants(), ZookeeperMutantsTest.mutants())
                .map(arguments -> (Mutant) arguments.get()[0]))
        .flatMap(mutants -> mutants);
  }

  /** To find them takes long and is left to the slow tests; that they fit the code is not. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("all")
  void eachFitsTheCodeAsItIs(Mutant mutant) {
    assertThat(mutant.source().lines()).isNotEmpty();
  }

  @Test
  void itIsTheFileWithOneTextReplaced() {
    Mutant mutant = Mutant.of("a mutant", TERM, "validFor.toNanos() / 100 + GRANULARITY", "0");

    assertThat(mutant.source()).contains("return Duration.ofNanos(0);");
    assertThat(mutant.source().lines().map(String::strip).toList())
        .hasSameSizeAs(mutant.original().lines().toList());
  }

  @Test
  void indentationDoesNotCount() {
    String text = "margin(Duration validFor) {\nreturn Duration.ofNanos(";
    Mutant mutant = Mutant.of("a mutant", TERM, text, "shifted(");

    assertThat(mutant.source()).contains("shifted(validFor.toNanos()");
  }

  @Test
  void aTextThatIsNotThereIsRefused() {
    Mutant mutant = Mutant.of("a mutant", TERM, "no such text", "");

    assertThatThrownBy(mutant::source).hasMessageContaining("not stand exactly once: no such text");
  }

  @Test
  void aTextThatIsThereTwiceIsRefused() {
    Mutant mutant = Mutant.of("a mutant", TERM, "static", "");

    assertThatThrownBy(mutant::source).hasMessageContaining("not stand exactly once: static");
  }

  @Test
  void aMutantThatDoesNotCompileIsRefused() {
    Mutant mutant = Mutant.of("a mutant", TERM, "private Term() {}", "private Term( {}");

    assertThatThrownBy(() -> MutatedClasses.of(List.of(mutant)))
        .hasMessageContaining("does not compile");
  }
}
