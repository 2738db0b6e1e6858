package io.holdfast.specs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every model holds, or is refuted, as its configuration says.
 *
 * <p>A build checks the small ones that are to hold; {@code -Dspecs=complete} has it check the
 * large ones instead, with as many threads as there are processors. Those to be refuted are slow
 * tests.
 */
@Timeout(value = 11, unit = TimeUnit.MINUTES)
class SpecsTest {
  private static final boolean COMPLETE = "complete".equals(System.getProperty("specs"));
  private static final String WORKERS =
      System.getProperty("specs.workers", COMPLETE ? "auto" : "1");

  private static final Pattern FLAWS = Pattern.compile("ASSUME Flaw \\\\in \\{([^}]+)}");
  private static final Pattern QUOTED = Pattern.compile("\"([^\"]+)\"");

  private static final List<String> TABLE = new ArrayList<>();

  static List<Model> thatHold() {
    return Model.all().stream()
        .filter(model -> model.refutedBy().isEmpty() && model.complete() == COMPLETE)
        .toList();
  }

  static List<Model> thatAreWrong() {
    return Model.all().stream().filter(model -> model.refutedBy().isPresent()).toList();
  }

  @ParameterizedTest
  @MethodSource("thatHold")
  void aModelHolds(Model model, @TempDir Path scratch) throws IOException, InterruptedException {
    Verdict verdict = check(model, scratch);

    assertThat(verdict.holds()).as(verdict.output()).isTrue();
  }

  @ParameterizedTest
  @MethodSource("thatAreWrong")
  @Tag("slow")
  void aWrongModelIsRefutedAsItSays(Model model, @TempDir Path scratch)
      throws IOException, InterruptedException {
    Verdict verdict = check(model, scratch);

    assertThat(violated(model, verdict))
        .as(verdict.output())
        .containsExactly(model.refutedBy().orElseThrow());
    assertThat(verdict.exit()).as(verdict.output()).isIn(12, 13);
    assertThat(verdict.trace()).as(verdict.output()).isGreaterThan(1);
  }

  private static Verdict check(Model model, Path scratch) throws IOException, InterruptedException {
    Verdict verdict = Tlc.check(model, WORKERS, scratch);
    TABLE.add(row(model, verdict));
    return verdict;
  }

  /** A flaw that nothing refutes would be one that may be built. */
  @Test
  void everyFlawThatAProtocolKnowsIsRefutedAndItselfHolds() {
    assertThat(Model.protocols()).isNotEmpty();
    for (Path protocol : Model.protocols()) {
      List<Model> models = Model.of(protocol);

      assertThat(models)
          .filteredOn(model -> model.refutedBy().isEmpty())
          .as(protocol.toString())
          .isNotEmpty()
          .allMatch(model -> model.flaw().equals("none"));
      assertThat(models)
          .filteredOn(model -> model.refutedBy().isPresent())
          .map(Model::flaw)
          .as(protocol.toString())
          .containsAll(flaws(protocol));
    }
  }

  private static List<String> violated(Model model, Verdict verdict) {
    // Which one is said only of invariants and action properties.
    return verdict.violatesATemporalProperty() ? model.properties() : verdict.violated();
  }

  private static List<String> flaws(Path protocol) {
    List<MatchResult> known = FLAWS.matcher(Model.text(protocol)).results().toList();
    assertThat(known).as(protocol.toString()).hasSize(1);
    return QUOTED
        .matcher(known.get(0).group(1))
        .results()
        .map(flaw -> flaw.group(1))
        .filter(flaw -> !flaw.equals("none"))
        .toList();
  }

  private static String row(Model model, Verdict verdict) {
    String outcome =
        verdict.holds()
            ? "holds"
            : "refuted by %s in %d states"
                .formatted(String.join(", ", violated(model, verdict)), verdict.trace());
    return String.format(
        Locale.ROOT,
        "%-16s %-31s %9s %6s  %-46s %6.1f",
        model.protocolName(),
        model.name(),
        number(verdict.distinctStates()),
        number(verdict.depth()),
        outcome,
        verdict.took().toMillis() / 1000.0);
  }

  private static String number(OptionalLong number) {
    return number.isPresent() ? Long.toString(number.getAsLong()) : "-";
  }

  @AfterAll
  static void printTheTable() {
    System.out.printf(
        Locale.ROOT,
        "%n%-16s %-31s %9s %6s  %-46s %6s%n",
        "protocol",
        "model",
        "states",
        "depth",
        "outcome",
        "s");
    TABLE.forEach(System.out::println);
    System.out.println();
  }
}
