package io.holdfast.testkit.history;

import static io.holdfast.testkit.history.Event.Effect.GRANTED;
import static io.holdfast.testkit.history.Event.Effect.RELEASED;

import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.Outcome;
import org.junit.jupiter.api.Test;

class LossCausesTest extends HistoryTest {

  private static final Event GOT = got(1, "a", 2000, 2010, 1, 3000);
  private static final Event LATER = content();
  private static final Expectations NONE_EARLY = EXPECTED.endsNoneEarly(true);
  private static final Expectations IN_TIME = EXPECTED.renewsInTime(true);
  private static final String FOR_NOTHING = "before its time, and nothing had ended it";

  @Test
  void lossBeforeItsTimeIsCaught() {
    isCaught(
        NONE_EARLY,
        Check.LOSS_TOLD,
        "hold 1 of lock was told lost 500.000 ms " + FOR_NOTHING,
        GOT,
        lost(1, 2500),
        LATER);
    isCaught(NONE_EARLY, Check.LOSS_TOLD, FOR_NOTHING, GOT, look(1, 2500, 1, 0), LATER);
    isCaught(
        NONE_EARLY,
        Check.LOSS_TOLD,
        FOR_NOTHING,
        GOT,
        released(1, 2400, 2500, Outcome.FAILED),
        LATER);
    isClean(EXPECTED, GOT, lost(1, 2500), LATER);
  }

  @Test
  void lossWhenItsTimeIsOverIsClean() {
    isClean(NONE_EARLY, GOT, lost(1, 2950), LATER);
  }

  @Test
  void lossOfWhatTheStoreForgotIsClean() {
    for (Fault fault : new Fault[] {Fault.LOSS, Fault.FAILOVER, Fault.CLOCK}) {
      isClean(NONE_EARLY, GOT, disturbed(fault, 2300, 2300), lost(1, 2500), LATER);
    }
    isCaught(
        NONE_EARLY,
        Check.LOSS_TOLD,
        FOR_NOTHING,
        GOT,
        disturbed(Fault.NETWORK, 2300, 2300),
        lost(1, 2500),
        LATER);
  }

  @Test
  void whatTheStoreForgotBeforeItsGrantIsNoCause() {
    Event before = disturbed(Fault.LOSS, 1500, 1500);
    isCaught(
        NONE_EARLY,
        Check.LOSS_TOLD,
        FOR_NOTHING,
        GOT,
        before,
        stored(1, GRANTED, 1, false, 2005),
        lost(1, 2500),
        LATER);
    // Without the store's word it may have been handed over, and be a lease older.
    isClean(NONE_EARLY, GOT, before, lost(1, 2500), LATER);
  }

  @Test
  void lossOfWhatItsProcessGaveUpIsClean() {
    isClean(NONE_EARLY, GOT, gaveUp("a", 2300), lost(1, 2500), LATER);
  }

  @Test
  void whatAnotherProcessGaveUpIsNoCause() {
    isCaught(
        NONE_EARLY, Check.LOSS_TOLD, FOR_NOTHING, GOT, gaveUp("b", 2300), lost(1, 2500), LATER);
  }

  @Test
  void whatItsProcessGaveUpBeforeItsGrantOrAfterItsLossIsNoCause() {
    for (long at : new long[] {2004, 2501}) {
      isCaught(
          NONE_EARLY,
          Check.LOSS_TOLD,
          FOR_NOTHING,
          got(1, "a", 2005, 2010, 1, 3000),
          gaveUp("a", at),
          stored(1, GRANTED, 1, false, 2005),
          lost(1, 2500),
          LATER);
    }
  }

  @Test
  void whatItsProcessGaveUpExcusesNoMissingRenewal() {
    isCaught(
        IN_TIME,
        Check.LOSS_TOLD,
        "nothing disturbed its renewal",
        GOT,
        gaveUp("a", 2500),
        lost(1, 3000),
        LATER);
  }

  @Test
  void releaseThatTheStoreHeardTwiceIsNoLoss() {
    isClean(
        NONE_EARLY,
        GOT,
        stored(1, GRANTED, 1, false, 2005),
        released(1, 2400, 2500, Outcome.FAILED),
        stored(1, RELEASED, 0, true, 2450),
        LATER);
  }

  @Test
  void leaseThatNobodyRenewedIsCaught() {
    isCaught(
        IN_TIME,
        Check.LOSS_TOLD,
        "ended while its process ran, and nothing disturbed its renewal",
        GOT,
        lost(1, 3000),
        LATER);
    isClean(EXPECTED, GOT, lost(1, 3000), LATER);
  }

  @Test
  void leaseThatCouldNotBeRenewedIsClean() {
    isClean(IN_TIME, GOT, disturbed(Fault.SILENCE, 2900, 2900), lost(1, 3000), LATER);
    isClean(IN_TIME, GOT, disturbed(Fault.NETWORK, 900, 1000), lost(1, 3000), LATER);
    isClean(IN_TIME, GOT, paused("a", 2500, 2600), lost(1, 3000), LATER);
    isClean(IN_TIME, GOT, crashed("a", 2990), LATER);
    isClean(IN_TIME, GOT, released(1, 2999, 3010), LATER);
  }
}
