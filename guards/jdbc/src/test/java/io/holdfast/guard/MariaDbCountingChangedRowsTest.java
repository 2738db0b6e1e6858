package io.holdfast.guard;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** With the driver's setting that makes an update without a difference look like none. */
@Tag("slow")
class MariaDbCountingChangedRowsTest extends GuardContract {
  MariaDbCountingChangedRowsTest() {
    super(MariaDbDatabase.COUNTS_CHANGED_ROWS);
  }

  @Test
  void updateWithoutADifferenceCountsNoRow() throws SQLException {
    String id = database.newRecord("same");
    try (Connection connection = database.connect();
        Statement update = connection.createStatement()) {
      assertThat(update.executeUpdate("UPDATE record SET content = 'same' WHERE id = '" + id + "'"))
          .isZero();
    }
  }
}
