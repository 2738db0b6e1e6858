package io.holdfast.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Mutants of the CMDB's merge: reports of one machine in many orders have to make one state. */
@Tag("slow")
class MergeMutantsTest {

  private static final String MERGE = "apps/cmdb/src/main/java/io/holdfast/cmdb/merge/";
  private static final String STATE = MERGE + "State.java";
  private static final String STATEMENT = MERGE + "Statement.java";
  private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");
  private static final int ORDERS = 200;

  static Stream<Mutant> mutants() {
    return Stream.of(
        Mutant.of(
            "merge order by arrival",
            STATE,
            "return Statement.WITHIN_SOURCE.compare(one, other) >= 0 ? one : other;",
            "return other;"),
        Mutant.of(
            "of one moment the first to arrive",
            STATEMENT,
            "Comparator.comparing(Statement::observedAt).thenComparing(Statement::reportId);",
            "Comparator.comparing(Statement::observedAt);"),
        Mutant.of(
            "last heard by arrival",
            STATE,
            ".filter(last -> last.isAfter(report.observedAt()))",
            ".filter(last -> false)"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mutants")
  void ordersFindTheMutant(Mutant mutant) throws Exception {
    int states = states(List.of(mutant));
    assertThat(states).isGreaterThan(1);
    System.out.printf("%-60s  %d states of %d orders%n", mutant, states, ORDERS);
  }

  @Test
  void theUnmutatedMergeMakesOneStateInEveryOrder() throws Exception {
    assertThat(states(List.of())).isEqualTo(1);
  }

  /** How many different states come of the orders of one set of reports. */
  private static int states(List<Mutant> mutants) throws Exception {
    ClassLoader classes = MutatedClasses.of(mutants);
    Class<?> state = classes.loadClass("io.holdfast.cmdb.merge.State");
    Object empty = state.getField("EMPTY").get(null);
    Method with = state.getMethod("with", Collection.class);
    Method write = state.getMethod("write");
    List<Object> reports = reports(classes);
    Random random = new Random(20261120);
    TreeSet<String> states = new TreeSet<>();
    for (int order = 0; order < ORDERS; order++) {
      Collections.shuffle(reports, random);
      Object grown = empty;
      for (Object report : reports) {
        grown = with.invoke(grown, List.of(report));
      }
      states.add((String) write.invoke(grown));
    }
    return states.size();
  }

  /** Of two sources, some of one moment. */
  private static List<Object> reports(ClassLoader classes) throws ReflectiveOperationException {
    List<Object> reports = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String source = i % 2 == 0 ? "facter" : "glpi";
      reports.add(Reports.of(classes, source, NOON.plusSeconds(i / 4), "PF3XK9", "os " + i));
    }
    return reports;
  }
}
