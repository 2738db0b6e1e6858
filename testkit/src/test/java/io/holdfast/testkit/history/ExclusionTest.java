package io.holdfast.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.testkit.history.Event.Effect;
import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExclusionTest extends HistoryTest {

  @Test
  void holdsOneAfterTheOtherAreClean() {
    isClean(
        got(1, "a", 0, 10, 1, 1000),
        released(1, 100, 110),
        got(2, "b", 50, 110, 2, 1100),
        released(2, 200, 210));
  }

  @Test
  void holdsThatTouchAreClean() {
    isClean(
        got(1, "a", 0, 10, 1, 1000),
        released(1, 100, 110),
        got(2, "b", 50, 100, 2, 1100),
        released(2, 200, 210));
  }

  @Test
  void twoHoldersAtOnceAreCaught() {
    isCaughtTwice(
        Check.EXCLUSION,
        "holds 1 and 2 of lock could both be relied on for 50.000 ms",
        got(1, "a", 0, 10, 1, 1000),
        released(1, 150, 160),
        got(2, "b", 50, 100, 2, 1100),
        released(2, 200, 210));
  }

  @Test
  void grantBeforeTheEndThatTheOtherWasPromisedIsCaught() {
    isCaughtTwice(
        Check.EXCLUSION,
        "for 100.000 ms",
        got(1, "a", 0, 10, 1, 1000),
        lost(1, 1000),
        got(2, "b", 890, 900, 2, 1890),
        released(2, 1100, 1110));
  }

  @Test
  void grantBeforeTheEndThatARenewalPromisedIsCaught() {
    isCaughtTwice(
        Check.EXCLUSION,
        "holds 1 and 2",
        got(1, "a", 0, 10, 1, 1000),
        look(1, 400, 1, 1300),
        released(1, 1200, 1210),
        got(2, "b", 1000, 1100, 2, 2000),
        released(2, 1300, 1310));
  }

  @Test
  void longHoldIsHeldAgainstAllThatFollow() {
    Verdict verdict =
        check(
            EXPECTED,
            got(1, "a", 0, 10, 1, 900),
            got(2, "b", 20, 30, 2, 900),
            released(2, 40, 50),
            got(3, "c", 60, 70, 3, 900),
            released(3, 80, 90),
            released(1, 100, 110));
    assertThat(verdict.load().overlaps()).isEqualTo(2);
  }

  @Test
  void whoHeardThatItIsLostHoldsNoMore() {
    isClean(
        got(1, "a", 0, 10, 1, 1000),
        lost(1, 300),
        got(2, "b", 290, 300, 2, 1200),
        released(2, 310, 320));
  }

  @Test
  void whoSawThatItIsOverHoldsNoMore() {
    isClean(
        got(1, "a", 0, 10, 1, 1000),
        look(1, 300, 1, 0),
        lost(1, 310),
        got(2, "b", 290, 300, 2, 1200),
        released(2, 310, 320));
  }

  @Test
  void whoDiedHoldsNoMore() {
    isClean(
        got(1, "a", 0, 10, 1, 1000),
        crashed("a", 300),
        got(2, "b", 290, 300, 2, 1200),
        released(2, 310, 320));
  }

  @Test
  void deathOfAnotherProcessEndsNoHold() {
    isCaughtTwice(
        Check.EXCLUSION,
        "holds 1 and 2",
        got(1, "a", 0, 10, 1, 1000),
        crashed("c", 200),
        got(2, "b", 290, 300, 2, 1200),
        released(2, 310, 320),
        released(1, 400, 410));
  }

  @Test
  void grantThatWasOverWhenItWasHeardOfHoldsNothing() {
    isClean(
        got(1, "a", 0, 1500, 1, 1000),
        released(1, 1500, 1510, Outcome.FAILED),
        lost(1, 1510),
        got(2, "b", 1100, 1200, 2, 2000),
        released(2, 1600, 1610));
  }

  @Test
  void acquireWithoutAnswerHoldsNothingThatIsKnown() {
    isClean(
        asked(1, "a", 0, 100, Outcome.UNKNOWN, -1),
        got(2, "b", 20, 30, 2, 900),
        released(2, 40, 50));
  }

  private static final Expectations FORGETS = EXPECTED.exclusion(false);

  private static final List<Event> OVERLAP =
      List.of(
          got(1, "a", 1990, 2010, 1, 3000),
          released(1, 2150, 2160),
          got(2, "b", 2050, 2100, 2, 3100),
          released(2, 2200, 2210));

  private static Event[] overlap(Event... more) {
    List<Event> events = new ArrayList<>(OVERLAP);
    events.addAll(List.of(more));
    return events.toArray(Event[]::new);
  }

  @Test
  void overlapIsCountedAndNoViolationWhereTheStoreMayHaveForgotten() {
    for (Fault fault : new Fault[] {Fault.LOSS, Fault.FAILOVER, Fault.CLOCK}) {
      Event[] events = overlap(disturbed(fault, 2040, 2045));
      isClean(FORGETS, events);
      assertThat(check(FORGETS, events).load().overlaps()).isEqualTo(1);
      assertThat(check(EXPECTED, events).broken())
          .containsExactly(Check.EXCLUSION, Check.LINEARIZABILITY);
    }
  }

  @Test
  void overlapThatNothingExplainsIsCaughtInAStoreThatForgets() {
    for (Event never :
        List.of(
            disturbed(Fault.NETWORK, 2040, 2045),
            disturbed(Fault.LOSS, 2110, 2120),
            disturbed(Fault.LOSS, 900, 980))) {
      assertThat(check(FORGETS, overlap(never)).broken())
          .as(never.toString())
          .contains(Check.EXCLUSION);
    }
  }

  @Test
  void whatWasForgottenBeforeTheGrantIsNoExcuseIfTheStoreTellsOfIt() {
    Event forgotten = disturbed(Fault.LOSS, 1500, 1500);
    Event first = stored(1, Effect.GRANTED, 1, false, 2000);
    Event second = stored(2, Effect.GRANTED, 2, false, 2090);
    assertThat(check(FORGETS, overlap(forgotten, first, second)).broken())
        .containsExactly(Check.EXCLUSION, Check.LINEARIZABILITY);
    isClean(FORGETS, overlap(forgotten)); // it may have been handed over
  }

  @Test
  void earlierHolderIsFoundBehindOneThatMayHaveBeenForgotten() {
    assertThat(
            check(
                    FORGETS,
                    got(1, "a", 0, 10, 1, 3500),
                    disturbed(Fault.LOSS, 500, 500),
                    got(2, "b", 2050, 2060, 2, 3000),
                    got(3, "c", 2090, 2100, 3, 3100),
                    stored(1, Effect.GRANTED, 1, false, 5),
                    stored(2, Effect.GRANTED, 2, false, 2055),
                    stored(3, Effect.GRANTED, 3, false, 2095))
                .violations())
        .extracting(Violation::what)
        .anyMatch(what -> what.contains("holds 2 and 3"));
  }
}
