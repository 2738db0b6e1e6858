package io.holdfast.testkit.history;

import static io.holdfast.testkit.history.Event.Effect.GRANTED;

import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.Message;
import io.holdfast.testkit.history.Event.Outcome;
import org.junit.jupiter.api.Test;

class LossToldTest extends HistoryTest {

  private static final Event GOT = got(1, "a", 0, 10, 1, 1000);
  private static final Event LATER = content();

  @Test
  void lossToldInTimeIsClean() {
    isClean(GOT, look(1, 500, 1, 1000), lost(1, 1050), look(1, 1060, 1, 0), LATER);
  }

  @Test
  void lossThatWasNeverToldIsCaught() {
    isCaught(Check.LOSS_TOLD, "hold 1 of lock was over and its holder never told", GOT, LATER);
  }

  @Test
  void lossToldLateIsCaught() {
    isCaught(
        Check.LOSS_TOLD,
        "hold 1 of lock was over and its holder told 51.000 ms after it",
        GOT,
        lost(1, 1051),
        LATER);
  }

  @Test
  void lossIsDueAfterTheLatestEndThatTheHolderSaw() {
    isClean(GOT, look(1, 500, 1, 1400), lost(1, 1450), LATER);
    isCaught(Check.LOSS_TOLD, "51.000 ms", GOT, look(1, 500, 1, 1400), lost(1, 1451), LATER);
  }

  @Test
  void lossIsToldWhenThePauseIsOver() {
    isClean(GOT, paused("a", 900, 3000), lost(1, 3050), LATER);
    isClean(GOT, paused("a", 1040, 3000), lost(1, 3050), LATER);
    isCaught(Check.LOSS_TOLD, "told", GOT, paused("a", 900, 3000), lost(1, 3051), LATER);
    isCaught(Check.LOSS_TOLD, "never told", GOT, paused("a", 900, 3000), LATER);
    isCaught(Check.LOSS_TOLD, "told", GOT, paused("a", 800, 999), lost(1, 1051), LATER);
  }

  @Test
  void whoNeverRunsAgainIsToldNothing() {
    isClean(GOT, paused("a", 900, Long.MAX_VALUE), LATER);
    isClean(GOT, crashed("a", 1040), LATER);
  }

  @Test
  void grantThatWasOverWhenItWasHeardOfIsToldThen() {
    isClean(got(1, "a", 0, 1300, 1, 1000), lost(1, 1350), LATER);
  }

  @Test
  void holdThatIsStillOpenOwesNothing() {
    isClean(GOT, look(1, 900, 1, 1900));
    isClean(GOT, look(1, 1040, 1, 0));
  }

  @Test
  void whoGaveItBackInTimeIsToldNothing() {
    isClean(GOT, released(1, 1000, 1010), LATER);
    isClean(GOT, released(1, 900, 1200, Outcome.UNKNOWN), LATER);
    isClean(GOT, released(1, 900, 910, Outcome.FAILED), LATER);
  }

  @Test
  void whoGivesItBackTooLateIsToldTwiceOver() {
    isClean(GOT, released(1, 1001, 1002, Outcome.FAILED), lost(1, 1010), LATER);
    isCaught(Check.LOSS_TOLD, "never told", GOT, released(1, 1001, 1002, Outcome.FAILED), LATER);
  }

  @Test
  void lossToldTwiceIsCaught() {
    isCaught(Check.LOSS_TOLD, "was told lost 2 times", GOT, lost(1, 1000), lost(1, 1010), LATER);
  }

  @Test
  void lossToldAfterTheReleaseIsCaught() {
    isCaught(
        Check.LOSS_TOLD,
        "was told lost after its release",
        GOT,
        released(1, 100, 110),
        lost(1, 1000),
        LATER);
  }

  @Test
  void lossToldWhileTheReleaseIsUnderWayIsClean() {
    isClean(GOT, released(1, 900, 1100, Outcome.UNKNOWN), lost(1, 1000), LATER);
    isClean(GOT, released(1, 100, 110, Outcome.FAILED), lost(1, 120), LATER);
  }

  @Test
  void holdThatComesBackAfterItWasLostIsCaught() {
    isCaught(
        Check.LOSS_TOLD,
        "was held again after it was over",
        GOT,
        lost(1, 500),
        look(1, 501, 1, 1000),
        LATER);
  }

  @Test
  void holdThatComesBackAfterItWasSeenOverIsCaught() {
    isCaught(
        Check.LOSS_TOLD,
        "was held again after it was over",
        GOT,
        look(1, 500, 1, 400),
        look(1, 600, 1, 1000),
        lost(1, 1000),
        LATER);
  }

  @Test
  void holderWhoseLockTheStoreGaveAwayIsToldAtItsNextRenewal() {
    Expectations told = EXPECTED.exclusion(false).storeLossTold(true);
    Event mine = stored(1, GRANTED, 1, false, 5);
    Event others = stored(2, GRANTED, 2, false, 200);
    isClean(told, GOT, mine, others, lost(1, 683), LATER);
    isCaught(
        told,
        Check.LOSS_TOLD,
        "was given to another and its holder not told in time",
        GOT,
        mine,
        others,
        lost(1, 684),
        LATER);
    isClean(told.storeLossTold(false), GOT, mine, others, lost(1, 900), LATER);
    isClean(told.tokensGrow(false), GOT, mine, others, lost(1, 900), LATER);
    isClean(told, GOT, mine, others, lost(1, 900), disturbed(Fault.SILENCE, 500, 600), LATER);
    isClean(told, GOT, mine, others, lost(1, 900), paused("a", 300, 860), LATER);
    isClean(told, GOT, mine, others, released(1, 500, 510, Outcome.FAILED), LATER);
  }

  @Test
  void releaseOfALockThatAnotherHasIsNotAnsweredAsIfAllWereWell() {
    Expectations told = EXPECTED.exclusion(false).storeLossTold(true);
    Event mine = stored(1, GRANTED, 1, false, 5);
    Event forgotten = disturbed(Fault.LOSS, 150, 150);
    Event others = stored(2, GRANTED, 2, false, 200);
    Event asked = sent(1, Message.RELEASE, 300);
    Event release = released(1, 300, 320);
    isCaught(
        told,
        Check.LOSS_TOLD,
        "was given back as if another did not have it",
        GOT,
        mine,
        forgotten,
        others,
        asked,
        release,
        LATER);
    isClean(told, GOT, mine, forgotten, others, release, LATER); // handed over: nobody was asked
    isClean(told, GOT, mine, forgotten, others, asked, released(1, 300, 400), LATER); // no answer
    Event again = sent(1, Message.RELEASE, 330);
    isClean(told, GOT, mine, forgotten, others, asked, release, again, LATER);
    Event silence = disturbed(Fault.SILENCE, 310, 320);
    isClean(told, GOT, mine, forgotten, others, asked, release, silence, LATER);
    isClean(told, GOT, mine, asked, release, stored(2, GRANTED, 2, false, 301), LATER);
    Event late = released(1, 300, 320, Outcome.FAILED);
    isClean(told, GOT, mine, forgotten, others, asked, late, LATER);
  }
}
