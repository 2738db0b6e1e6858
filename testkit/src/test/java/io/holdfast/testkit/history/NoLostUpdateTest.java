package io.holdfast.testkit.history;

import org.junit.jupiter.api.Test;

class NoLostUpdateTest extends HistoryTest {

  private static final Event GOT = got(1, "a", 0, 10, 1, 1000);
  private static final Event GAVE = released(1, 500, 510);
  private static final Event X = wrote(1, 1, "x", 7, 20);
  private static final Event Y = wrote(1, 1, "y", 8, 30);

  @Test
  void whatWasAcknowledgedAndIsThereIsClean() {
    isClean(GOT, X, Y, told("x", 20), told("y", 40), told("y", 50), GAVE, content("x", "y"));
  }

  @Test
  void whatWasNotAcknowledgedMayBeThere() {
    isClean(GOT, X, Y, told("x", 20), GAVE, content("x", "y"));
  }

  @Test
  void contentAloneIsEnough() {
    isClean(told("x", 20), told("y", 40), content("y", "x", "z"));
  }

  @Test
  void acknowledgedIdThatIsNotThereIsCaught() {
    isCaught(
        Check.NO_LOST_UPDATE,
        "row: y was acknowledged and is not there",
        GOT,
        X,
        Y,
        told("y", 40),
        GAVE,
        content("x"));
  }

  @Test
  void acknowledgedIdThatIsNotThereIsCaughtWithoutWrites() {
    isCaught(
        Check.NO_LOST_UPDATE, "y was acknowledged and is not there", told("y", 40), content("x"));
  }

  @Test
  void idThatIsThereTwiceIsCaught() {
    isCaught(
        Check.NO_LOST_UPDATE, "row: x is there twice", GOT, X, Y, GAVE, content("x", "x", "y"));
  }

  @Test
  void idThatNobodyWroteIsCaught() {
    isCaught(
        Check.NO_LOST_UPDATE,
        "row: z is there and no write of it was accepted",
        GOT,
        X,
        failed(1, 1, "z", 8, 25),
        Y,
        GAVE,
        content("x", "z", "y"));
  }

  @Test
  void writeThatWasAcceptedAndIsNotThereIsCaught() {
    isCaught(
        Check.NO_LOST_UPDATE,
        "row: y was accepted and is not there",
        GOT,
        X,
        Y,
        GAVE,
        content("x"));
  }

  @Test
  void twoMergesIntoOneVersionAreCaught() {
    isCaught(
        Check.NO_LOST_UPDATE,
        "row: y was merged into version 7 and written after version 8",
        GOT,
        X,
        wrote(1, 1, "y", 7, 30),
        GAVE,
        content("x", "y"));
  }

  @Test
  void gapInTheVersionsIsCaught() {
    isCaught(
        Check.NO_LOST_UPDATE,
        "row: y was merged into version 9 and written after version 8",
        GOT,
        X,
        wrote(1, 1, "y", 9, 30),
        GAVE,
        content("x", "y"));
  }

  @Test
  void idThatWasWrittenTwiceIsCaught() {
    isCaught(
        Check.NO_LOST_UPDATE,
        "row: x was written twice",
        GOT,
        X,
        wrote(1, 1, "x", 8, 30),
        GAVE,
        content("x"));
  }

  @Test
  void contentInAnotherOrderThanWrittenIsCaught() {
    isCaught(
        Check.NO_LOST_UPDATE, "row: y is where x was written", GOT, X, Y, GAVE, content("y", "x"));
  }

  @Test
  void acknowledgementBeforeTheWriteIsCaught() {
    isCaught(
        Check.NO_LOST_UPDATE,
        "row: x was acknowledged before it was written",
        GOT,
        told("x", 19),
        X,
        Y,
        GAVE,
        content("x", "y"));
  }

  @Test
  void acknowledgementOfAWriteThatWasRefusedIsCaught() {
    isCaught(
        Check.NO_LOST_UPDATE,
        "row: z was acknowledged and no write of it was accepted",
        GOT,
        X,
        failed(1, 1, "z", 8, 30),
        told("z", 40),
        GAVE);
  }

  @Test
  void idThatWasRefusedAndWrittenAgainIsClean() {
    isClean(GOT, failed(1, 1, "x", 6, 15), X, Y, told("x", 20), GAVE, content("x", "y"));
  }
}
