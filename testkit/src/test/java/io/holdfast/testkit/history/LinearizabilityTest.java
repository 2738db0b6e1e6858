package io.holdfast.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.testkit.history.Event.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LinearizabilityTest extends HistoryTest {

  @Test
  void grantWhileAnEarlierOneMustHaveBeenHeldIsCaughtByNothingElse() {
    // 2 has the smaller token, so it had the lock first, and until 40: 1 was told so at 10.
    isCaught(
        Check.LINEARIZABILITY,
        "no order explains these 2 holds of lock",
        got(1, "a", 0, 10, 2, 1000),
        released(1, 20, 22),
        got(2, "b", 5, 30, 1, 1000),
        released(2, 40, 42));
  }

  @Test
  void sameIsCleanIfTheEarlierOneWasOver() {
    isClean(
        got(1, "a", 0, 10, 2, 1000), released(1, 20, 22), got(2, "b", 0, 30, 1, 9), lost(2, 30));
  }

  @Test
  void onlyTheHoldsThatAreNeededAreShown() {
    Verdict verdict =
        check(
            EXPECTED,
            got(7, "c", 0, 3, 1, 1000),
            released(7, 4, 5),
            got(1, "a", 2, 10, 3, 1000),
            released(1, 20, 22),
            got(2, "b", 5, 30, 2, 1000),
            released(2, 40, 42),
            got(8, "c", 35, 50, 4, 1000),
            released(8, 60, 70));
    assertThat(verdict.violations()).hasSize(1);
    assertThat(verdict.violations().get(0).evidence())
        .extracting(event -> ((Event.Acquire) event).hold())
        .containsExactly(1L, 2L);
  }

  @Test
  void releaseWithoutAnswerMayTakeEffectLateOrNever() {
    isClean(
        got(1, "a", 0, 10, 1, 1000),
        released(1, 20, 120, Outcome.UNKNOWN),
        got(2, "b", 15, 30, 2, 1000),
        released(2, 40, 42),
        got(3, "c", 2000, 2010, 3, 3000),
        released(3, 2020, 2120, Outcome.UNKNOWN));
  }

  @Test
  void releaseMayTakeEffectBeforeItIsAnswered() {
    isClean(
        got(1, "a", 0, 10, 1, 1000),
        released(1, 20, 100),
        got(2, "b", 15, 30, 2, 1000),
        released(2, 40, 42),
        got(3, "c", 15, 50, 3, 1000),
        released(3, 60, 62));
  }

  @Test
  void tokensGoOnFromWindowToWindow() {
    assertThat(
            check(
                    EXPECTED,
                    got(1, "a", 0, 10, 5, 1000),
                    released(1, 20, 22),
                    got(2, "b", 30, 40, 4, 1000),
                    released(2, 50, 52))
                .broken())
        .contains(Check.LINEARIZABILITY);
  }

  @Test
  void whatWasOverBeforeWasBefore() {
    Verdict verdict =
        check(
            EXPECTED,
            got(3, "c", 0, 100, 6, 1000),
            released(3, 110, 112),
            got(1, "a", 0, 10, 5, 1000),
            released(1, 20, 22),
            got(2, "b", 30, 40, 4, 1000),
            released(2, 50, 52));
    assertThat(verdict.broken()).containsExactly(Check.TOKENS, Check.LINEARIZABILITY);
    assertThat(verdict.load().windowsSearched()).isEqualTo(1);
  }

  @Test
  void locksWithoutTokensAreSearchedToo() {
    Expectations tokenless = EXPECTED.tokens(false);
    isClean(
        tokenless,
        got(1, "a", 0, 30, 0, 1000),
        released(1, 40, 42),
        got(2, "b", 0, 10, 0, 1000),
        released(2, 20, 22));
    assertThat(
            check(
                    tokenless,
                    got(1, "a", 0, 30, 0, 1000),
                    released(1, 40, 42),
                    got(2, "b", 0, 10, 0, 1000),
                    released(2, 35, 36))
                .broken())
        .containsExactly(Check.EXCLUSION, Check.LINEARIZABILITY);
  }

  @Test
  void windowsAreCountedAndLongOnesAreSearchedInParts() {
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      events.add(got(i, "p" + i, 0, 10 * i + 10, i + 1, 1000));
      events.add(released(i, 10 * i + 15, 10 * i + 16));
    }
    events.add(got(100, "a", 5000, 5010, 100, 6000));
    events.add(released(100, 5020, 5030));
    Verdict verdict = new HistoryChecker(EXPECTED).check(events);
    assertThat(verdict.isClean()).as(verdict.report()).isTrue();
    assertThat(verdict.load().windowsSearched()).isEqualTo(1);
    assertThat(verdict.load().windowsInParts()).isEqualTo(1);

    events.add(got(101, "b", 285, 298, 31, 1000)); // while 28 must have had it
    events.add(released(101, 299, 300));
    assertThat(new HistoryChecker(EXPECTED).check(events).broken()).contains(Check.LINEARIZABILITY);
  }

  @Test
  void tokensThatNeedNotGrowAreNoOrder() {
    Event[] events = {
      got(1, "a", 0, 10, 5, 1000),
      released(1, 20, 30),
      got(2, "b", 40, 50, 3, 1000),
      released(2, 60, 70)
    };
    isClean(EXPECTED.tokensGrow(false), events);
    isCaughtTwice(Check.TOKENS, "token 3 of lock was granted after 5", events);
  }
}
