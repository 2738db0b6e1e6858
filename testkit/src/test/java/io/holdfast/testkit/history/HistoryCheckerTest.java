package io.holdfast.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HistoryCheckerTest extends HistoryTest {

  private static final int WORLDS = 100;

  private static Verdict check(List<Event> events) {
    return new HistoryChecker(ReferenceRun.EXPECTED).check(events);
  }

  private static Supplier<String> saying(long seed, Verdict verdict) {
    return () -> "seed %d: %s".formatted(seed, verdict.report());
  }

  @Test
  void historyWithoutEventsIsClean() {
    isClean();
  }

  @Test
  void whatIsLeftBehindIsCaught() {
    isCaught(
        Check.LEAKS,
        "a key without expiry was left in the store",
        new Event.Leftover("the store", "a key without expiry", 0));
  }

  @Test
  void holdThatWasAcquiredTwiceIsNoHistory() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> check(EXPECTED, got(1, "a", 0, 10, 1, 1000), got(1, "b", 20, 30, 2, 1000)))
        .withMessageContaining("One hold, two acquires");
  }

  @Test
  void expectationsRefuseNegativeSpans() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> EXPECTED.slack(Duration.ofNanos(-1)))
        .withMessageContaining("slack");
  }

  @Test
  void runsOfALockThatKeepsItsWordAreClean() {
    Load all =
        LongStream.range(0, WORLDS)
            .mapToObj(
                seed -> {
                  Verdict verdict = check(new ReferenceRun(seed).events());
                  assertThat(verdict.isClean()).as(saying(seed, verdict)).isTrue();
                  return verdict.load();
                })
            .reduce(Load.NONE, Load::plus);
    assertThat(
            Minima.NONE
                .acquisitions(2000)
                .waits(1000)
                .losses(200)
                .staleRefused(50)
                .conflicts(50)
                .acknowledged(1000)
                .crashes(20)
                .pauses(100)
                .missing(all))
        .as(all.report())
        .isEmpty();
    assertThat(all.windowsSearched()).isPositive();
    assertThat(all.unanswered()).isPositive();
  }

  @Test
  void orderInWhichEventsWereAddedDoesNotMatter() {
    for (long seed = 0; seed < 20; seed++) {
      List<Event> events = new ReferenceRun(seed).events();
      Load load = check(events).load();
      Collections.shuffle(events, new Random(seed));
      Verdict verdict = check(events);
      assertThat(verdict.isClean()).as(saying(seed, verdict)).isTrue();
      assertThat(verdict.load()).isEqualTo(load);
    }
  }

  static List<Corruption> corruptions() {
    return Corruption.ALL;
  }

  @ParameterizedTest
  @MethodSource("corruptions")
  void everyCorruptionIsCaughtWhereverItFits(Corruption corruption) {
    int corrupted = 0;
    for (long seed = 0; seed < WORLDS; seed++) {
      List<Event> events = new ReferenceRun(seed).events();
      if (corruption.apply(events, new Random(seed))) {
        corrupted++;
        Verdict verdict = check(events);
        assertThat(verdict.broken()).as(saying(seed, verdict)).contains(corruption.caughtBy());
      }
    }
    assertThat(corrupted).isGreaterThanOrEqualTo(WORLDS / 4);
  }
}
