package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.LONG;
import static io.holdfast.jdbc.TestDatabase.answer;
import static io.holdfast.jdbc.TestDatabase.asking;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.testkit.RealTime;
import java.sql.Connection;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Renewals that stand in line for the one connection that they have. */
class UnsentRenewalsTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private final RealTime time = new RealTime();
  private final TestDatabase database = TestDatabase.postgreSql();
  private final Claim busy = newClaim();
  private final Claim held = newClaim();
  private LockBackend backend;

  @BeforeEach
  void hold() throws Exception {
    LockBackend another = database.open();
    answer(another.ask(asking(busy)));
    answer(another.ask(asking(held)));
    backend =
        database.open(
            database.url("holdfast.connections=2"), database.context(time, TIMEOUT, LONG));
  }

  @AfterEach
  void stop() {
    database.close();
  }

  @Test
  void renewalThatIsNotSentYetStandsInLineOnceHoweverOftenItIsAskedFor() throws Exception {
    CompletionStage<Release> inTheWay;
    CompletionStage<Renewal> renewal;
    CompletionStage<Renewal> shorter;
    try (Connection hand = database.lockedByHand(busy.name().value())) {
      inTheWay = backend.release(busy, 0, Duration.ZERO);
      database.awaitWaitingForARow(1);
      renewal = backend.renew(held, LONG);
      shorter = backend.renew(held, LONG.minusSeconds(1));
      assertThat(backend.renew(held, LONG)).isSameAs(renewal);
      assertThat(shorter).isNotSameAs(renewal);
      hand.rollback();
    }
    assertThat(answer(inTheWay)).isEqualTo(Release.RELEASED);
    assertThat(answer(renewal)).isEqualTo(new Renewal.Renewed(LONG));
    assertThat(answer(shorter)).isEqualTo(new Renewal.Renewed(LONG.minusSeconds(1)));
    assertThat(backend.renew(held, LONG)).isNotSameAs(renewal);
  }

  @Test
  void renewalThatIsNotSentYetIsAsYoungAsTheLastWhoAskedForIt() throws Exception {
    CompletionStage<Release> inTheWay;
    CompletionStage<Renewal> again;
    CompletionStage<Renewal> once;
    try (Connection hand = database.lockedByHand(busy.name().value())) {
      inTheWay = backend.release(busy, 0, Duration.ZERO);
      database.awaitWaitingForARow(1);
      again = backend.renew(held, LONG);
      once = backend.renew(held, LONG.minusSeconds(1));
      time.pass(TIMEOUT.multipliedBy(2));
      assertThat(backend.renew(held, LONG)).isSameAs(again);
      hand.rollback();
    }
    assertThat(answer(inTheWay)).isEqualTo(Release.RELEASED);
    assertThat(answer(again)).isEqualTo(new Renewal.Renewed(LONG));
    assertThatThrownBy(() -> answer(once)).hasMessageContaining("Not sent");
  }

  /** The store may have heard it before the second was asked for. */
  @Test
  void renewalThatIsSentAnswersNobodyWhoAsksLater() throws Exception {
    CompletionStage<Renewal> renewal;
    CompletionStage<Renewal> later;
    try (Connection hand = database.lockedByHand(held.name().value())) {
      renewal = backend.renew(held, LONG);
      database.awaitWaitingForARow(1);
      later = backend.renew(held, LONG);
      assertThat(later).isNotSameAs(renewal);
      hand.rollback();
    }
    assertThat(answer(renewal)).isInstanceOf(Renewal.Renewed.class);
    assertThat(answer(later)).isInstanceOf(Renewal.Renewed.class);
  }

  @Test
  void renewalThatFailedUnsentIsAskedForAnew() throws Exception {
    backend.close();
    CompletionStage<Renewal> failed = backend.renew(held, LONG);
    assertThat(failed.toCompletableFuture()).isCompletedExceptionally();
    assertThat(backend.renew(held, LONG)).isNotSameAs(failed);
  }
}
