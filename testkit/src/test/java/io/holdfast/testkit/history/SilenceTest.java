package io.holdfast.testkit.history;

import static io.holdfast.testkit.history.Event.Effect.GRANTED;
import static io.holdfast.testkit.history.Event.Effect.GRANTED_AGAIN;
import static io.holdfast.testkit.history.Event.Effect.RELEASED;
import static io.holdfast.testkit.history.Event.Effect.RENEWED;
import static io.holdfast.testkit.history.Event.Message.ASK;
import static io.holdfast.testkit.history.Event.Message.RELEASE;
import static io.holdfast.testkit.history.Event.Message.RENEW;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.testkit.history.Event.Effect;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SilenceTest extends HistoryTest {

  @Test
  void claimThatIsAskedForRenewedAndGivenBackIsClean() {
    isClean(
        sent(1, ASK, 0),
        sent(1, ASK, 10),
        stored(1, GRANTED, 5, false, 15),
        stored(1, GRANTED_AGAIN, 5, true, 16),
        sent(1, RENEW, 20),
        stored(1, RENEWED, 5, true, 25),
        sent(1, RELEASE, 30),
        stored(1, RELEASED, 5, true, 35),
        sent(1, RELEASE, 40),
        sent(2, ASK, 50));
  }

  @Test
  void renewalAfterTheReleaseIsCaught() {
    isCaught(
        Check.SILENCE,
        "p sent RENEW of claim 1 after it had given it back",
        sent(1, ASK, 0),
        sent(1, RELEASE, 30),
        sent(1, RENEW, 30));
  }

  @Test
  void questionAfterTheReleaseIsCaught() {
    isCaught(
        Check.SILENCE,
        "p sent ASK of claim 1 after it had given it back",
        sent(1, ASK, 40),
        sent(1, RELEASE, 30));
  }

  @ParameterizedTest
  @EnumSource(
      value = Effect.class,
      names = {"RENEWED", "RELEASED", "GRANTED_AGAIN"})
  void effectOfAClaimThatDoesNotHaveTheLockIsCaught(Effect effect) {
    isCaught(
        Check.SILENCE,
        "claim 2 did not have lock and the store has " + effect,
        sent(1, ASK, 0),
        stored(1, GRANTED, 5, false, 15),
        stored(2, effect, 5, false, 20));
  }

  @Test
  void claimUsedForAnotherGrantIsCaught() {
    isCaught(
        Check.SILENCE,
        "claim 1 of lock was used for another grant after its release",
        sent(1, ASK, 0),
        stored(1, GRANTED, 5, false, 15),
        sent(1, RELEASE, 30),
        stored(1, RELEASED, 5, true, 35),
        sent(1, ASK, 40),
        stored(1, GRANTED, 6, false, 45));
  }

  @Test
  void grantByAQuestionThatCameLateIsCounted() {
    Event[] events = {
      sent(1, ASK, 0),
      stored(1, GRANTED, 5, false, 15),
      sent(1, RELEASE, 30),
      stored(1, RELEASED, 5, true, 35),
      stored(1, GRANTED, 6, false, 45)
    };
    isClean(events);
    assertThat(check(EXPECTED, events).load().lateGrants()).isEqualTo(1);
  }

  @Test
  void claimThatExpiredInTheStoreMayBeGrantedAnew() {
    isClean(
        sent(1, ASK, 0),
        stored(1, GRANTED, 5, false, 15),
        sent(1, ASK, 1500),
        stored(1, GRANTED, 6, false, 1515));
  }
}
