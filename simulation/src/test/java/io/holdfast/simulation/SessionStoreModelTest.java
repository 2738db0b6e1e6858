package io.holdfast.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.simulation.SessionStoreModel.Answer.Behind;
import io.holdfast.simulation.SessionStoreModel.Answer.First;
import io.holdfast.simulation.SessionStoreModel.Answer.NoSession;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What may be relied on in a store with sessions. */
class SessionStoreModelTest {

  private static final long MILLI = 1_000_000;

  private long nanos;
  private final SessionStoreModel store = new SessionStoreModel(() -> nanos);

  @Test
  void claimsAreServedInTheOrderInWhichTheyAsked() {
    long session = store.openSession(10);

    assertThat(store.ask("a", session, "one")).isInstanceOf(First.class);
    assertThat(store.ask("a", session, "two")).isEqualTo(new Behind(1));
    assertThat(store.ask("a", session, "three")).isEqualTo(new Behind(2));
    assertThat(store.ask("b", session, "three")).isInstanceOf(First.class);
    assertThat(store.release("a", "two")).isTrue();
    assertThat(store.release("a", "two")).isFalse();
    assertThat(store.release("a", "one")).isTrue();
    assertThat(store.first("a")).hasValue("three");
    assertThat(store.release("a", "three")).isTrue();
    assertThat(store.first("a")).isEmpty();
  }

  @Test
  void aSessionEndsWithItsTimeWithoutAHeartbeatAndNotBefore() {
    long one = store.openSession(10);
    long other = store.openSession(10);
    store.ask("a", one, "one");
    store.ask("a", other, "other");
    store.ask("b", other, "other");
    store.ask("b", one, "one");

    nanos = 9 * MILLI;
    assertThat(store.heartbeat(other)).isTrue();
    nanos = 10 * MILLI - 1;
    assertThat(store.expire()).isEmpty();
    nanos = 10 * MILLI;
    assertThat(store.first("a")).hasValue("one");
    assertThat(store.expire()).containsExactly("a");

    assertThat(store.heartbeat(one)).isFalse();
    assertThat(store.ask("a", one, "one")).isEqualTo(new NoSession());
    assertThat(store.first("a")).hasValue("other");
    assertThat(store.release("b", "one")).isFalse();
    nanos = 19 * MILLI;
    assertThat(store.expire()).containsExactly("a", "b");
    assertThat(store.first("b")).isEmpty();
  }

  @Test
  void aHeartbeatThatComesLateButBeforeTheLeaderLooksSavesTheSession() {
    long session = store.openSession(10);
    store.ask("a", session, "one");

    nanos = 30 * MILLI;
    assertThat(store.heartbeat(session)).isTrue();

    assertThat(store.expire()).isEmpty();
    assertThat(store.first("a")).hasValue("one");
  }

  @Test
  void aNewLeaderGivesEverySessionItsWholeTimeOnItsOwnClock() {
    long session = store.openSession(10);
    store.ask("a", session, "one");
    nanos = 9 * MILLI;
    long[] other = {-500 * MILLI};

    store.changeLeader(() -> other[0]);

    nanos = 1_000 * MILLI;
    other[0] += 10 * MILLI - 1;
    assertThat(store.expire()).isEmpty();
    other[0] += 1;
    assertThat(store.expire()).containsExactly("a");
  }

  @Test
  void theBaseIsReadWhenAClaimIsFoundFirstAndTheTokenStays() {
    store.liftBase(1_000_000);
    long session = store.openSession(10);
    First one = (First) store.ask("a", session, "one");
    store.ask("a", session, "two");
    assertThat(one.token()).isGreaterThanOrEqualTo(1_000_000);

    store.liftBase(5_000_000);
    assertThat(store.ask("a", session, "one")).isEqualTo(one);
    store.release("a", "one");
    First two = (First) store.ask("a", session, "two");
    assertThat(two.token()).isGreaterThan(4_999_990);

    store.liftBase(2_000_000);
    store.release("a", "two");
    First three = (First) store.ask("a", session, "three");
    assertThat(three.token()).isGreaterThan(two.token());
  }

  @Test
  void tokensRiseFromGrantToGrantWhateverHappens() {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      SessionStoreModel any = new SessionStoreModel(() -> nanos);
      List<Long> sessions = new ArrayList<>();
      String holder = "";
      long last = 0;
      for (int step = 0; step < 300; step++) {
        switch (random.nextInt(6)) {
          case 0 -> any.liftBase(random.nextLong(1L << 50));
          case 1 -> sessions.add(any.openSession(1 + random.nextInt(50)));
          case 2 -> nanos += random.nextInt(20) * MILLI;
          case 3 -> any.expire();
          case 4 -> any.first("a").ifPresent(claim -> any.release("a", claim));
          default -> {
            if (!sessions.isEmpty()) {
              String claim = "claim" + random.nextInt(step + 1);
              long session = sessions.get(random.nextInt(sessions.size()));
              if (any.ask("a", session, claim) instanceof First first && !claim.equals(holder)) {
                assertThat(first.token()).as("seed %d", seed).isGreaterThan(last);
                last = first.token();
                holder = claim;
              }
            }
          }
        }
      }
      assertThat(last).isPositive();
    }
  }
}
