package io.holdfast.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.testkit.history.Verdict;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each mutant runs in one world after the other until what is expected to find it does; the code as
 * it is stands the same worlds, and sixty of each kind at least. {@code -Dmutants.seeds=100000}
 * gives the mutants as many, and has the code as it is stand as many.
 */
@Tag("slow")
class MutantsTest {

  private static final int MOST_WORLDS = Integer.getInteger("mutants.seeds", 3_000);
  private static final int UNMUTATED_WORLDS = Integer.getInteger("mutants.seeds", 1_000);

  /** However soon a mutant is found: that the unmutated code stands one world says little. */
  private static final int LEAST_WORLDS = Integer.getInteger("mutants.least", 60);

  private static final List<String> TABLE = new ArrayList<>();

  /** What the unmutated code has stood already: mutants share kinds of worlds. */
  private static final Map<String, Long> STOOD = new HashMap<>();

  static Stream<InWorlds> mutants() {
    return Stream.concat(Mutants.inWorlds().stream(), StoreMutants.inWorlds().stream());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mutants")
  void mutantIsFoundInWorldsThatTheUnmutatedCodeStands(InWorlds mutant) throws Throwable {
    List<Mutant> all = new ArrayList<>(mutant.settings());
    all.add(mutant.mutant());
    Worlds worlds = new Worlds(MutatedClasses.of(all));
    String earlier = "";
    long found = 0;
    for (long seed = 1; seed <= MOST_WORLDS && found == 0; seed++) {
      Verdict verdict = worlds.verdict(seed, mutant.changes());
      if (mutant.sign().in().test(verdict)) {
        found = seed;
      } else if (!verdict.isClean() && earlier.isEmpty()) {
        earlier = " (before it, in world %d, %s)".formatted(seed, verdict.broken());
      }
    }
    assertThat(found)
        .as("worlds until %s finds it, of %d%s", mutant.sign(), MOST_WORLDS, earlier)
        .isPositive();
    TABLE.add("%-60s  %-33s %5d%s".formatted(mutant, mutant.sign(), found, earlier));
    unmutatedStands(
        mutant.settings(), mutant.changes(), mutant.sign(), Math.max(found, LEAST_WORLDS));
  }

  @Test
  void unmutatedCodeStandsTheWorldsAsTheyAreDrawn() throws Throwable {
    Sign none = new Sign("nothing", verdict -> false);
    unmutatedStands(List.of(), "", none, UNMUTATED_WORLDS);
  }

  private static void unmutatedStands(List<Mutant> settings, String changes, Sign sign, long count)
      throws Throwable {
    String kind = settings + changes + sign;
    Worlds worlds = new Worlds(MutatedClasses.of(settings));
    for (long seed = STOOD.getOrDefault(kind, 0L) + 1; seed <= count; seed++) {
      Verdict verdict = worlds.verdict(seed, changes);
      assertThat(verdict.isClean()).as("unmutated in world %d: %s", seed, verdict).isTrue();
      assertThat(sign.in().test(verdict)).as("%s in world %d", sign, seed).isFalse();
      STOOD.put(kind, seed);
    }
  }

  @AfterAll
  static void report() {
    System.out.printf("%n%-60s  %-33s %5s%n", "mutant", "caught by", "worlds");
    TABLE.forEach(System.out::println);
  }
}
