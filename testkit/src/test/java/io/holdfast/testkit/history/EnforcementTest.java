package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Outcome;
import org.junit.jupiter.api.Test;

class EnforcementTest extends HistoryTest {

  private static final Event ONE = got(1, "a", 0, 10, 1, 1000);
  private static final Event ONE_LOST = lost(1, 1000);
  private static final Event TWO = got(2, "b", 900, 1010, 2, 2000);
  private static final Event TWO_DONE = released(2, 1500, 1510);

  @Test
  void claimsThatGrowAndWritesOfTheNewestAreClean() {
    isClean(
        ONE,
        ONE_LOST,
        TWO,
        TWO_DONE,
        claimed(1, 1, 20),
        claimed(1, 1, 30),
        wrote(1, 1, "x", 0, 40),
        wrote(1, 1, "y", 1, 50),
        claimed(2, 2, 1100),
        failed(1, 1, "z", 2, 1110),
        refused(1, 1, 1120),
        wrote(2, 2, "z", 2, 1130));
  }

  @Test
  void writesWithTokensThatGrowAreClean() {
    isClean(
        ONE,
        ONE_LOST,
        TWO,
        TWO_DONE,
        wrote(1, 1, "x", 0, 40),
        wrote(2, 2, "y", 1, 1100),
        failed(1, 1, "z", 1, 1110));
  }

  @Test
  void lateWriteBeforeAnyOfTheNextHolderIsClean() {
    isClean(ONE, ONE_LOST, TWO, TWO_DONE, wrote(1, 1, "x", 0, 1100), wrote(2, 2, "y", 1, 1200));
  }

  @Test
  void claimOfAnOlderTokenIsCaught() {
    isCaught(
        Check.RESOURCE,
        "row accepted the claim of token 1 after that of 2",
        ONE,
        ONE_LOST,
        TWO,
        TWO_DONE,
        claimed(2, 2, 1100),
        claimed(1, 1, 1110));
  }

  @Test
  void writeOfWhoHasNotTheNewestClaimIsCaught() {
    isCaught(
        Check.RESOURCE,
        "row accepted a write of token 1 while 2 has claimed it",
        ONE,
        ONE_LOST,
        TWO,
        TWO_DONE,
        claimed(1, 1, 20),
        claimed(2, 2, 1100),
        wrote(1, 1, "x", 0, 1110));
  }

  @Test
  void writeOfAGreaterTokenThatClaimedNothingIsCaught() {
    isCaught(
        Check.RESOURCE,
        "row accepted a write of token 2 while 1 has claimed it",
        ONE,
        ONE_LOST,
        TWO,
        TWO_DONE,
        claimed(1, 1, 20),
        wrote(2, 2, "x", 0, 1110));
  }

  @Test
  void writeBeforeAnyClaimIsCaught() {
    isCaught(
        Check.RESOURCE,
        "row accepted a write before any claim",
        ONE,
        released(1, 60, 70),
        wrote(1, 1, "x", 0, 20),
        claimed(1, 1, 30));
  }

  @Test
  void writeOfAnOlderTokenIsCaught() {
    isCaught(
        Check.RESOURCE,
        "row accepted a write of token 1 after one of 2",
        ONE,
        ONE_LOST,
        TWO,
        TWO_DONE,
        wrote(2, 2, "x", 0, 1100),
        wrote(1, 1, "y", 1, 1110));
  }

  @Test
  void tokenReadAfterTheGrantIsCaught() {
    isCaught(
        Check.RESOURCE,
        "hold 1 was granted with token 1 and writes with 2",
        ONE,
        ONE_LOST,
        TWO,
        TWO_DONE,
        failed(1, 2, "x", 0, 1100));
  }

  @Test
  void writeWithoutTheLockIsCaught() {
    isCaught(
        Check.RESOURCE,
        "hold 1 was granted with token 0 and writes with 7",
        asked(1, "a", 0, 10, Outcome.FAILED, 0),
        wrote(1, 7, "x", 0, 20));
  }

  @Test
  void writeOfAHoldThatNobodyCouldRecordIsClean() {
    isClean(
        asked(1, "a", 0, 30, Outcome.UNKNOWN, -1),
        crashed("a", 30),
        wrote(1, 7, "x", 0, 20),
        wrote(2, 8, "y", 1, 30));
  }
}
