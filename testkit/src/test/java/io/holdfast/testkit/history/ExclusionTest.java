package io.holdfast.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.testkit.history.Event.Outcome;
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

  @Test
  void overlapIsCountedAndNoViolationWhereNoExclusionIsPromised() {
    Event[] events = {
      got(1, "a", 0, 10, 1, 1000),
      released(1, 150, 160),
      got(2, "b", 50, 100, 2, 1100),
      released(2, 200, 210)
    };
    isClean(EXPECTED.exclusion(false), events);
    assertThat(check(EXPECTED.exclusion(false), events).load().overlaps()).isEqualTo(1);
  }
}
