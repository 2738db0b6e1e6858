package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.answer;
import static io.holdfast.jdbc.TestDatabase.asking;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Inspectable;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.testkit.LockBackendContract;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The contract on the lease table of one database. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class LeaseTableContract extends LockBackendContract {

  private final TestDatabase database;

  LeaseTableContract(TestDatabase database) {
    this.database = database;
  }

  @AfterAll
  void stop() {
    database.close();
  }

  @Override
  protected LockBackend open() {
    return database.open();
  }

  @Override
  protected void deleteByHand(LockName locked) {
    database.run("delete from holdfast_lock where name = '" + locked + "'");
  }

  @Override
  protected List<String> contents(LockName locked) {
    return database.rows("select * from holdfast_lock where name = '" + locked + "'");
  }

  /** Rows go when they were idle for a day: those whose end the clock will pass. */
  @Override
  protected List<String> immortals(LockName locked) {
    return database.rows(
        "select name, expires_at, last_token from holdfast_lock where name = '"
            + locked
            + "' and not (expires_at between 1 and 4000000000000000"
            + " and last_token between 1 and 4000000000000000)");
  }

  @Test
  void renewalOfAnEndedLeaseIsGoneThoughNobodyTookTheLock() throws Exception {
    Claim claim = newClaim();
    try (LockBackend backend = open()) {
      answer(backend.ask(new Ask(claim, SHORT, false, 1, 0)));
      await().until(() -> answer(((Inspectable) backend).inspect(claim.name())).holder().isEmpty());
      assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Gone.class);
      assertThat(answer(backend.release(claim, 0, LONG))).isEqualTo(Release.GONE);
      assertThat(answer(((Inspectable) backend).inspect(claim.name())).holder()).isEmpty();
    }
  }

  @Test
  void tokenIsAboveTheOneOfARowThatIsAheadOfTheClock() throws Exception {
    Claim claim = newClaim();
    try (LockBackend backend = open()) {
      long token = ((Attempt.Granted) answer(backend.ask(asking(claim)))).firstToken();
      answer(backend.release(claim, token, Duration.ZERO));
      database.run("update holdfast_lock set last_token = last_token + 86400000000");
      Attempt next = answer(backend.ask(asking(Claim.on(claim.name(), "next"))));
      assertThat(((Attempt.Granted) next).firstToken()).isEqualTo(token + 86_400_000_001L);
    }
  }
}
