package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.Outcome;
import org.junit.jupiter.api.Test;

class TokensTest extends HistoryTest {

  @Test
  void tokensThatGrowAreClean() {
    isClean(
        got(1, "a", 0, 10, 5, 1000),
        look(1, 20, 5, 1000),
        claimed(1, 5, 30),
        released(1, 100, 110),
        got(2, "b", 50, 110, 9, 1100),
        released(2, 200, 210));
  }

  @Test
  void tokenGrantedTwiceIsCaught() {
    isCaughtTwice(
        Check.TOKENS,
        "token 5 of lock was granted twice",
        got(1, "a", 0, 10, 5, 1000),
        released(1, 20, 30),
        got(2, "b", 40, 50, 5, 1000),
        released(2, 60, 70));
  }

  @Test
  void tokenThatFallsIsCaught() {
    isCaughtTwice(
        Check.TOKENS,
        "token 4 of lock was granted after 5",
        got(1, "a", 0, 10, 5, 1000),
        released(1, 20, 30),
        got(2, "b", 40, 50, 4, 1000),
        released(2, 60, 70));
  }

  @Test
  void tokenThatFallsIsCaughtWhereNoExclusionIsPromised() {
    isCaught(
        EXPECTED.exclusion(false),
        Check.TOKENS,
        "token 4 of lock was granted after 6",
        disturbed(Fault.LOSS, 0, 30),
        got(1, "a", 0, 10, 5, 1000),
        got(2, "b", 5, 20, 6, 1000),
        got(3, "c", 30, 40, 4, 1000),
        released(1, 60, 70),
        released(2, 60, 70),
        released(3, 60, 70));
  }

  @Test
  void acquiresThatOverlapMayBeGrantedInAnyOrder() {
    isClean(
        got(1, "a", 0, 50, 5, 1000),
        released(1, 60, 70),
        got(2, "b", 10, 30, 4, 1000),
        released(2, 40, 45));
  }

  @Test
  void acquiresThatTouchMayBeGrantedInAnyOrder() {
    isClean(
        EXPECTED.exclusion(false),
        disturbed(Fault.LOSS, 5, 5),
        got(1, "a", 0, 10, 5, 1000),
        released(1, 60, 70),
        got(2, "b", 10, 30, 4, 1000),
        released(2, 40, 45));
  }

  @Test
  void tokenThatChangesWhileItIsHeldIsCaught() {
    isCaught(
        Check.TOKENS,
        "hold 1 was granted with token 5 and has 6",
        got(1, "a", 0, 10, 5, 1000),
        look(1, 20, 6, 1000),
        released(1, 20, 30));
  }

  @Test
  void tokenThatChangesAfterTheLossIsCaught() {
    isCaught(
        Check.TOKENS,
        "hold 1 was granted with token 5 and has 6",
        got(1, "a", 0, 10, 5, 1000),
        lost(1, 500),
        look(1, 600, 6, 0));
  }

  @Test
  void claimWithAnotherTokenThanTheGrantsIsCaught() {
    isCaught(
        Check.TOKENS,
        "hold 1 was granted with token 5 and has 7",
        got(1, "a", 0, 10, 5, 1000),
        claimed(1, 7, 20),
        released(1, 20, 30));
  }

  @Test
  void tokenOfAnAcquireWithoutAnswerIsNotKnown() {
    isClean(
        got(1, "a", 0, 10, 5, 1000),
        released(1, 20, 30),
        asked(2, "b", 40, 50, Outcome.UNKNOWN, -1),
        asked(3, "b", 40, 50, Outcome.FAILED, -1),
        got(4, "c", 60, 70, 6, 1000),
        released(4, 80, 90));
  }

  @Test
  void locksWithoutTokensAreNotAskedForThem() {
    isClean(
        EXPECTED.tokens(false),
        got(1, "a", 0, 10, 0, 1000),
        released(1, 20, 30),
        got(2, "b", 40, 50, 0, 1000),
        released(2, 60, 70));
  }
}
