package io.holdfast.cli.race;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TallyTest {

  private final Tally tally = new Tally();

  @Test
  void acknowledgedAndAbsentIsLost() {
    acknowledge("1", "2", "3");

    assertThat(tally.against(Method.NO_LOCK, List.of("1", "3", "4")).lost()).isEqualTo(1);
  }

  @Test
  void presentTwiceIsDoubled() {
    acknowledge("1", "2");

    Outcome outcome = tally.against(Method.FENCE_AND_VERSION, List.of("1", "2", "1"));

    assertThat(outcome.doubled()).isEqualTo(1);
    assertThat(outcome.lost()).isZero();
  }

  @Test
  void acknowledgedTwiceAndPresentOnceIsAcknowledgedTwice() {
    acknowledge("1", "1");

    Outcome outcome = tally.against(Method.NO_LOCK, List.of("1"));

    assertThat(outcome.acknowledged()).isEqualTo(2);
    assertThat(outcome.lost()).isZero();
  }

  @Test
  void ourMethodIsNotAsExpectedIfItLosesOrDoublesOrNeverRefuses() {
    assertThat(ours(List.of("1"), 1).asExpected()).isTrue();
    assertThat(ours(List.of(), 1).asExpected()).isFalse();
    assertThat(ours(List.of("1", "1"), 1).asExpected()).isFalse();
    assertThat(ours(List.of("1"), 0).asExpected()).isFalse();
  }

  @Test
  void otherMethodsAreNotAsExpectedIfTheyLoseNothing() {
    for (Method method : Method.values()) {
      Tally one = new Tally();
      one.take(new Report(Report.Kind.ACKNOWLEDGED, "1"));
      one.take(new Report(Report.Kind.BLOCKED, "2"));
      one.take(new Report(Report.Kind.RELEASED_ANOTHERS, "3"));
      one.take(new Report(Report.Kind.REFUSED_STALE_TOKEN, "4"));

      assertThat(one.against(method, List.of("1")).asExpected())
          .as(method.label())
          .isEqualTo(method == Method.FENCE_AND_VERSION);
    }
  }

  private static Outcome ours(List<String> recorded, int refused) {
    Tally ours = new Tally();
    ours.take(new Report(Report.Kind.ACKNOWLEDGED, "1"));
    for (int i = 0; i < refused; i++) {
      ours.take(new Report(Report.Kind.REFUSED_STALE_READ, "2"));
    }
    return ours.against(Method.FENCE_AND_VERSION, recorded);
  }

  private void acknowledge(String... reports) {
    for (String report : reports) {
      tally.take(new Report(Report.Kind.ACKNOWLEDGED, report));
    }
  }
}
