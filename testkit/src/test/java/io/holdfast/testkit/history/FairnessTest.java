package io.holdfast.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.Outcome;
import org.junit.jupiter.api.Test;

class FairnessTest extends HistoryTest {

  private static final Expectations PROCESS = EXPECTED.fifoInProcess(true);
  private static final Expectations STORE = EXPECTED.fifoOverStore(true);

  /** One asks first and is served last. */
  private static Event[] overtaken(String one, String two, String three, long wait) {
    return new Event[] {
      got(1, one, 0, 360, 3, 1300, wait),
      released(1, 370, 380),
      got(2, two, 260, 270, 1, 1200, 900),
      released(2, 280, 290),
      got(3, three, 270, 300, 2, 1200, 900),
      released(3, 350, 355)
    };
  }

  @Test
  void callersServedInTheOrderOfTheirCallsAreClean() {
    Event[] events = {
      got(1, "a", 0, 10, 1, 1000, 900),
      released(1, 100, 110),
      got(2, "a", 20, 110, 2, 1000, 900),
      released(2, 200, 210),
      got(3, "b", 30, 220, 3, 1200, 900),
      released(3, 300, 310)
    };
    isClean(PROCESS.fifoOverStore(true), events);
    assertThat(check(PROCESS, events).load().maxBypass()).isZero();
  }

  @Test
  void callerServedBeforeAnEarlierOneOfItsProcessIsCaught() {
    isCaught(
        PROCESS,
        Check.FAIRNESS,
        "a asked for hold 1 before hold 3 of lock and was served after it",
        overtaken("a", "b", "a", 900));
  }

  @Test
  void callersOfOneProcessThatWaitDifferentlyHaveNoOrder() {
    isClean(PROCESS, overtaken("a", "b", "a", 800));
  }

  @Test
  void whereTwoMastersGiveTokensCallersAreServedInTheOrderOfTheirTimes() {
    Event[] served = {
      got(1, "a", 0, 10, 7, 1000, 900),
      released(1, 100, 110),
      got(2, "a", 20, 110, 2, 1000, 900),
      released(2, 200, 210)
    };
    Expectations twoMasters = PROCESS.exclusion(false).tokensGrow(false);
    isClean(twoMasters, served);
    isCaught(twoMasters, Check.FAIRNESS, "hold 1", overtaken("a", "b", "a", 900));
  }

  @Test
  void callersOfSeveralProcessesHaveNoOrderUnlessTheStoreHas() {
    isClean(PROCESS, overtaken("a", "b", "c", 900));
  }

  @Test
  void whoGaveUpIsServedByNobody() {
    isClean(
        PROCESS,
        asked(1, "a", 0, 300, Outcome.FAILED, 300),
        asked(2, "a", 0, 300, Outcome.UNKNOWN, 300),
        got(3, "a", 20, 110, 2, 1000, 300),
        released(3, 200, 210));
  }

  @Test
  void bypassIsCountedAndNoViolationWhereNoOrderIsExpected() {
    isClean(overtaken("a", "b", "c", 900));
    assertThat(check(EXPECTED, overtaken("a", "b", "c", 900)).load().maxBypass()).isEqualTo(2);
  }

  @Test
  void everyoneWhoWasServedBeforeIsCountedOnce() {
    Event[] events = new Event[14];
    for (int i = 0; i < 6; i++) {
      events[2 * i] = got(i, "p" + i, 10 + i, 100 * i + 100, i + 1, 1000);
      events[2 * i + 1] = released(i, 100 * i + 150, 100 * i + 160);
    }
    events[12] = got(6, "p6", 0, 700, 7, 1500);
    events[13] = released(6, 710, 720);
    assertThat(check(EXPECTED, events).load().maxBypass()).isEqualTo(6);
  }

  @Test
  void bypassInAStoreThatHasALineIsCaught() {
    isCaught(
        STORE,
        Check.FAIRNESS,
        "2 that asked for lock later were served before hold 1",
        overtaken("a", "b", "c", 900));
  }

  @Test
  void questionsThatMayBeOnTheirWayTogetherHaveNoOrder() {
    isClean(
        STORE,
        got(1, "a", 0, 300, 2, 1300),
        released(1, 310, 320),
        got(2, "b", 250, 260, 1, 1200),
        released(2, 270, 280));
  }

  @Test
  void whoIsDisturbedMayLoseItsPlace() {
    for (Event excuse : new Event[] {paused("a", 100, 150), disturbed(Fault.NETWORK, 100, 150)}) {
      Event[] events = overtaken("a", "b", "c", 900);
      Event[] more = java.util.Arrays.copyOf(events, events.length + 1);
      more[events.length] = excuse;
      isClean(STORE, more);
    }
  }

  @Test
  void callersBehindOthersOfTheirProcessAreNotInTheStoresLineYet() {
    isClean(
        STORE,
        got(1, "a", 0, 10, 1, 1000),
        released(1, 250, 260),
        got(2, "a", 20, 400, 3, 1300),
        released(2, 410, 420),
        got(3, "b", 280, 290, 2, 1200),
        released(3, 350, 355));
  }

  @Test
  void lineIsJudgedByReturnsWhereThereAreNoTokens() {
    isCaught(
        PROCESS.tokens(false),
        Check.FAIRNESS,
        "was served after it",
        got(1, "a", 0, 360, 0, 1300),
        released(1, 370, 380),
        got(2, "a", 200, 210, 0, 1200),
        released(2, 220, 230));
  }

  @Test
  void jainsIndexSaysHowEvenlyProcessesWereServed() {
    Verdict verdict =
        check(
            EXPECTED,
            got(1, "a", 0, 10, 1, 1000),
            released(1, 20, 30),
            asked(2, "b", 0, 10, Outcome.FAILED, -1));
    assertThat(verdict.load().jain()).isEqualTo(0.5);
  }
}
