package io.holdfast.guard;

import static io.holdfast.guard.PostgreSqlDatabase.POSTGRESQL;
import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That the other tests' eyes see a loss: the textbook fence has some. */
class InterleavingsTest {

  @Test
  void ordersAreAllThereAre() {
    assertThat(Interleavings.ORDERS).hasSize(20).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @CsvSource({
    "READ_COMMITTED, true",
    "READ_COMMITTED, false",
    "REPEATABLE_READ, true",
    "REPEATABLE_READ, false",
    "SERIALIZABLE, true",
    "SERIALIZABLE, false"
  })
  void textbookFenceLosesAcknowledgedUpdates(Isolation isolation, boolean readsInOwnTransaction)
      throws SQLException {
    Interleavings.Tally textbook =
        Interleavings.runAll(POSTGRESQL, isolation, readsInOwnTransaction, Protocols::textbook);
    if (readsInOwnTransaction || isolation == Isolation.READ_COMMITTED) {
      assertThat(textbook.lossy)
          .as("orders in which the textbook fence loses an update")
          .contains("ABAABB")
          .doesNotContain("AAABBB", "BBBAAA");
    } else {
      assertThat(textbook.lossy).as("the database itself compares the snapshots").isEmpty();
    }
  }
}
