package io.holdfast.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.holdfast.testkit.history.Event.Effect;
import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.Outcome;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class LoadTest extends HistoryTest {

  private static final Event[] EVERYTHING = {
    got(1, "a", 0, 10, 1, 1000), // expires while paused, writes late
    paused("a", 900, 2000),
    lost(1, 2000),
    got(2, "b", 5, 1010, 2, 2000), // had to wait
    claimed(2, 2, 1020),
    wrote(2, 2, "x", 0, 1030),
    failed(2, 2, "y", 0, 1040),
    told("x", 1050),
    released(2, 1060, 1070),
    failed(1, 1, "z", 0, 2010),
    refused(1, 1, 2020),
    got(3, "c", 3000, 3010, 3, 4000), // expires while running
    lost(3, 4000),
    got(4, "d", 5000, 5010, 4, 6000), // ended by the store, told
    lost(4, 5500),
    got(5, "d", 6000, 6010, 5, 7000), // ended by the store, found at the release
    released(5, 6020, 6030, Outcome.FAILED),
    got(6, "e", 7000, 7010, 6, 8000), // dies
    crashed("e", 7020),
    asked(7, "f", 7100, 7200, Outcome.FAILED, 0),
    asked(8, "f", 7300, 7400, Outcome.UNKNOWN, 0),
    disturbed(Fault.LOSS, 5400, 5400),
    disturbed(Fault.LOSS, 6015, 6015),
    disturbed(Fault.CLOCK, 9000, 9000),
    content("x")
  };

  @Test
  void everythingThatHappenedIsCounted() {
    Verdict verdict = check(EXPECTED, EVERYTHING);
    assertThat(verdict.isClean()).as(verdict.report()).isTrue();
    Load load = verdict.load();
    assertThat(load.histories()).isEqualTo(1);
    assertThat(load.acquisitions()).isEqualTo(6);
    assertThat(load.waits()).isEqualTo(1);
    assertThat(load.refusals()).isEqualTo(1);
    assertThat(load.unanswered()).isEqualTo(1);
    assertThat(load.expiredWhilePaused()).isEqualTo(1);
    assertThat(load.expiredWhileRunning()).isEqualTo(1);
    assertThat(load.endedByStore()).isEqualTo(2);
    assertThat(load.losses()).isEqualTo(4);
    assertThat(load.overlaps()).isZero();
    assertThat(load.staleWrites()).isEqualTo(1);
    assertThat(load.staleWritesRefused()).isEqualTo(1);
    assertThat(load.staleClaimsRefused()).isEqualTo(1);
    assertThat(load.conflicts()).isEqualTo(1);
    assertThat(load.acknowledged()).isEqualTo(1);
    assertThat(load.crashes()).isEqualTo(1);
    assertThat(load.pauses()).isEqualTo(1);
    assertThat(load.disturbances()).containsEntry(Fault.LOSS, 2L).containsEntry(Fault.CLOCK, 1L);
    assertThat(load.longestWait()).isEqualTo(Duration.ofMillis(1005));
    assertThat(load.jain()).isEqualTo(36.0 / (6 * 8), within(1e-9));
  }

  @Test
  void writeAfterTheNextGrantIsStaleAlsoIfItIsAccepted() {
    Load load =
        check(
                EXPECTED,
                got(1, "a", 0, 10, 1, 1000),
                lost(1, 1000),
                got(2, "b", 900, 1010, 2, 2000),
                wrote(1, 1, "x", 0, 1010),
                released(2, 1060, 1070))
            .load();
    assertThat(load.staleWrites()).isEqualTo(1);
    assertThat(load.staleWritesRefused()).isZero();
  }

  @Test
  void grantsOfOneInstantAllCount() {
    Load load =
        check(
                EXPECTED.exclusion(false),
                got(1, "a", 0, 10, 1, 1000),
                got(2, "b", 0, 10, 2, 1000),
                asked(3, "c", 0, 10, Outcome.FAILED, 0),
                failed(1, 1, "x", 0, 10))
            .load();
    assertThat(load.staleWritesRefused()).isEqualTo(1);
  }

  @Test
  void holdsThatAreStillOpenAreNotLost() {
    assertThat(check(EXPECTED, got(1, "a", 0, 10, 1, 1000)).load().losses()).isZero();
  }

  @Test
  void loadsAddUp() {
    Load one = check(EXPECTED, EVERYTHING).load();
    Load other =
        check(EXPECTED, got(1, "a", 0, 10, 1, 1000), asked(2, "b", 0, 10, Outcome.FAILED, 0))
            .load();
    Load sum = one.plus(other).plus(Load.NONE);
    assertThat(sum.histories()).isEqualTo(2);
    assertThat(sum.acquisitions()).isEqualTo(7);
    assertThat(sum.refusals()).isEqualTo(2);
    assertThat(sum.losses()).isEqualTo(4);
    assertThat(sum.disturbances()).containsEntry(Fault.LOSS, 2L);
    assertThat(sum.longestWait()).isEqualTo(Duration.ofMillis(1005));
    assertThat(sum.jain()).isEqualTo((6 * 0.75 + 0.5) / 7, within(1e-9));
    assertThat(Load.NONE.plus(one)).isEqualTo(one);
  }

  @Test
  void reportNamesWhatHappened() {
    assertThat(check(EXPECTED, EVERYTHING).report())
        .startsWith("clean\n")
        .contains("1 histories: 6 acquisitions, 1 of them waited", "LOSS=2");
  }

  @Test
  void runInWhichTooLittleHappenedIsCaught() {
    Minima enough =
        Minima.NONE
            .acquisitions(6)
            .waits(1)
            .losses(4)
            .staleWrites(1)
            .staleRefused(2)
            .conflicts(1)
            .acknowledged(1)
            .crashes(1)
            .pauses(1)
            .disturbances(3);
    isClean(EXPECTED.minima(enough), EVERYTHING);
    tooLittle(enough.acquisitions(7), "acquisitions 6 of 7");
    tooLittle(enough.waits(2), "waits 1 of 2");
    tooLittle(enough.losses(5), "losses 4 of 5");
    tooLittle(enough.staleWrites(2), "stale writes 1 of 2");
    tooLittle(enough.staleRefused(3), "stale writes and claims refused 2 of 3");
    tooLittle(enough.conflicts(2), "conflicts 1 of 2");
    tooLittle(enough.acknowledged(2), "acknowledged 1 of 2");
    tooLittle(enough.crashes(2), "crashes 1 of 2");
    tooLittle(enough.pauses(2), "pauses 1 of 2");
    tooLittle(enough.disturbances(4), "disturbances 3 of 4");
  }

  private static void tooLittle(Minima minima, String saying) {
    isCaught(EXPECTED.minima(minima), Check.VACUITY, saying, EVERYTHING);
    assertThat(minima.missing(check(EXPECTED, EVERYTHING).load())).contains(saying);
  }

  @Test
  void grantsOfWhichNoHoldCameAreCounted() {
    Verdict verdict =
        check(
            EXPECTED,
            stored(1, Effect.GRANTED, 1, false, 5),
            got(1, "a", 0, 10, 1, 1000),
            released(1, 20, 30),
            stored(1, Effect.RELEASED, 0, true, 25),
            stored(2, Effect.GRANTED, 2, false, 50),
            stored(2, Effect.RELEASED, 0, true, 60));
    assertThat(verdict.load().unheardGrants()).isEqualTo(1);
    assertThat(verdict.load().plus(verdict.load()).unheardGrants()).isEqualTo(2);
  }
}
