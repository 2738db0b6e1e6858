package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Effect;
import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The bound of a lock that stays free is 1000 + 100 + 2 * 100 + 50. */
class LivenessTest extends HistoryTest {

  @Test
  void waitThatEndsInTimeIsClean() {
    isClean(
        asked(1, "a", 0, 500, Outcome.FAILED, 400),
        asked(2, "a", 0, 550, Outcome.UNKNOWN, 400),
        got(3, "a", 0, 550, 1, 1500, 400),
        released(3, 600, 610));
  }

  @Test
  void waitThatEndsLateIsCaught() {
    isCaught(
        Check.LIVENESS,
        "hold 1 of lock would wait 400.000 ms at most and returned after 551.000 ms",
        asked(1, "a", 0, 551, Outcome.FAILED, 400));
  }

  @Test
  void waitThatNeverEndsIsCaught() {
    isCaught(Check.LIVENESS, "hold 1", asked(1, "a", 0, 9000, Outcome.UNKNOWN, 400));
  }

  @Test
  void whoWouldNotWaitIsAnsweredAfterOneQuestion() {
    isClean(asked(1, "a", 0, 150, Outcome.FAILED, 0));
    isCaught(Check.LIVENESS, "hold 1", asked(1, "a", 0, 151, Outcome.FAILED, 0));
  }

  @Test
  void pauseExcusesAsMuchAsItLasts() {
    isClean(asked(1, "a", 0, 650, Outcome.FAILED, 400), paused("a", 100, 200));
    isCaught(
        Check.LIVENESS,
        "hold 1",
        asked(1, "a", 0, 651, Outcome.FAILED, 400),
        paused("a", 100, 200));
    isCaught(
        Check.LIVENESS,
        "hold 1",
        asked(1, "a", 0, 650, Outcome.FAILED, 400),
        paused("b", 100, 200));
  }

  @Test
  void pausesThatOverlapAreNotCountedTwice() {
    isCaught(
        Check.LIVENESS,
        "hold 1",
        asked(1, "a", 0, 680, Outcome.FAILED, 400),
        paused("a", 100, 200),
        paused("a", 150, 210));
  }

  @Test
  void deathExcusesAll() {
    isClean(asked(1, "a", 0, 9000, Outcome.UNKNOWN, 400), crashed("a", 9000));
  }

  @Test
  void lockThatStaysFreeWhileSomeoneWaitsIsCaught() {
    isCaught(
        Check.LIVENESS,
        "nobody had lock for 1351.000 ms while hold 2 waited",
        got(1, "a", 0, 10, 1, 1000),
        released(1, 100, 110),
        got(2, "b", 50, 1451, 2, 2500),
        released(2, 1500, 1510));
  }

  @Test
  void lockThatIsFreeAsLongAsAForgottenGrantLastsIsClean() {
    isClean(
        got(1, "a", 0, 10, 1, 1000),
        released(1, 100, 110),
        got(2, "b", 50, 1450, 2, 2500),
        released(2, 1500, 1510));
  }

  @Test
  void grantThatWasHeardOfTooLateCostsItsTimeAndAnotherQuestion() {
    Event granted = stored(1, Effect.GRANTED, 1, false, 900);
    Event givenBack = stored(1, Effect.RELEASED, 0, true, 950);
    isCleanUntil(1800, granted, givenBack);
  }

  @Test
  void grantThatNobodyHeardOfCostsALease() {
    isCleanUntil(2750, stored(1, Effect.GRANTED, 1, false, 100));
  }

  @Test
  void grantThatWasAnsweredAgainLastsFromThenOn() {
    isCleanUntil(
        3250,
        stored(1, Effect.GRANTED, 1, false, 100),
        stored(1, Effect.GRANTED_AGAIN, 1, true, 600));
  }

  @Test
  void renewalOfWhatNobodyHeardOfIsNoExcuse() {
    isCleanUntil(
        2750, stored(1, Effect.GRANTED, 1, false, 100), stored(1, Effect.RENEWED, 0, true, 600));
  }

  @Test
  void anotherGrantOfTheSameClaimIsOneMore() {
    isCleanUntil(
        4100, stored(1, Effect.GRANTED, 1, false, 100), stored(1, Effect.GRANTED, 2, false, 1300));
  }

  @Test
  void grantsThatNobodyEverHearsOfAreNotExcusedForEver() {
    List<Event> dropped = new ArrayList<>();
    for (long claim = 1; claim <= 10; claim++) {
      dropped.add(stored(claim, Effect.GRANTED, claim, false, 100 * claim));
      dropped.add(stored(claim, Effect.RELEASED, 0, true, 100 * claim));
    }
    isCleanUntil(2450, dropped.toArray(Event[]::new));
  }

  /** Someone waits from 50 on, and is granted the lock after so long, or a bit later. */
  private static void isCleanUntil(long granted, Event... stored) {
    List<Event> events = new ArrayList<>(List.of(stored));
    events.add(got(20, "b", 50, granted, 20, granted + 1000));
    events.add(released(20, granted + 10, granted + 20));
    isClean(events.toArray(Event[]::new));
    events.set(stored.length, got(20, "b", 50, granted + 1, 20, granted + 1000));
    isCaught(
        Check.LIVENESS,
        "nobody had lock for %d.000 ms while hold 20 waited".formatted(granted + 1 - 50),
        events.toArray(Event[]::new));
  }

  @Test
  void lockThatNobodyIsEverGivenIsCaught() {
    isCaught(Check.LIVENESS, "hold 1 waited", asked(1, "a", 0, 2000, Outcome.FAILED, -1));
  }

  @Test
  void lockThatNobodyWaitsForMayStayFree() {
    isClean(
        got(1, "a", 0, 10, 1, 1000),
        released(1, 100, 110),
        asked(2, "b", 200, 1300, Outcome.FAILED, -1),
        asked(3, "b", 1300, 2400, Outcome.FAILED, -1),
        got(4, "b", 90_000, 90_010, 2, 91_000),
        released(4, 90_100, 90_110));
  }

  @Test
  void lockThatSomeoneHasIsNotFree() {
    isClean(
        got(1, "a", 0, 10, 1, 1000),
        look(1, 900, 1, 1900),
        look(1, 1800, 1, 2800),
        released(1, 2700, 2710),
        got(2, "b", 50, 2720, 2, 3700),
        released(2, 2800, 2810));
  }

  @Test
  void grantsThatWereOverWhenTheyWereHeardOfAreGrants() {
    isClean(
        got(1, "a", 0, 1000, 1, 900),
        lost(1, 1000),
        got(2, "b", 0, 2000, 2, 2900),
        released(2, 2000, 2010));
  }

  @Test
  void acquireWithoutAnswerMayHaveTheLock() {
    isClean(
        asked(1, "a", 0, 1000, Outcome.UNKNOWN, -1),
        got(2, "b", 0, 2300, 2, 3000),
        released(2, 2400, 2410));
  }

  @Test
  void acquireWithoutAnswerHasNothingIfTheStoreTellsOfNoGrant() {
    isCaught(
        Check.LIVENESS,
        "hold 1 waited",
        asked(1, "a", 0, 2000, Outcome.UNKNOWN, -1),
        new Event.Stored("another lock", 9, Effect.GRANTED, 1, false, 0));
  }

  @Test
  void whatDisturbsTheRunExcusesForALeaseMore() {
    Event waiter = asked(1, "a", 0, 2600, Outcome.FAILED, -1);
    isClean(waiter, disturbed(Fault.SILENCE, 0, 250));
    isClean(waiter, paused("b", 0, 250));
    isClean(waiter, crashed("b", 250));
    isCaught(Check.LIVENESS, "nobody had lock", waiter, disturbed(Fault.NETWORK, 0, 249));
    isCaught(Check.LIVENESS, "nobody had lock", waiter, paused("b", 0, 249));
    isCaught(Check.LIVENESS, "nobody had lock", waiter, crashed("b", 249));
  }
}
