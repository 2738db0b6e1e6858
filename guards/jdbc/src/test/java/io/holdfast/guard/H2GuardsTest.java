package io.holdfast.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class H2GuardsTest extends GuardContract {
  H2GuardsTest() {
    super(H2Database.H2);
  }

  @Override
  boolean tellsFirstWritersApartAt(Isolation isolation) {
    return isolation != Isolation.SERIALIZABLE;
  }

  @Override
  boolean mayEnterAt(Isolation isolation) throws SQLException {
    if (isolation == Isolation.READ_COMMITTED) {
      return true;
    }
    try (Session session = new Session(database, isolation)) {
      assertThatThrownBy(() -> session.run(c -> enter(c, "x", 1, Duration.ofSeconds(1))))
          .isInstanceOf(IllegalStateException.class);
    }
    return false;
  }

  @Test
  void waitForAnotherEndsWithLockTimeoutAndSaysAgain() throws Exception {
    String record = database.newRecord("");
    try (Session a = new Session(database, Isolation.READ_COMMITTED);
        Session b = new Session(database, Isolation.READ_COMMITTED)) {
      a.run(c -> touch(c, record));
      b.run(c -> execute(c, "SET LOCK_TIMEOUT 50"));
      SQLException ended =
          catchThrowableOfType(SQLException.class, () -> b.run(c -> touch(c, record)));
      assertThat(ended.getErrorCode()).isEqualTo(50200);
      assertThat(SqlFailure.of(ended)).isEqualTo(SqlFailure.AGAIN);
    }
  }

  @Test
  void databaseThatIsClosedLeavesTheOutcomeUnknown() throws Exception {
    try (Connection own = DriverManager.getConnection("jdbc:h2:mem:closed")) {
      execute(own, "SHUTDOWN IMMEDIATELY");
      SQLException ended = catchThrowableOfType(SQLException.class, () -> execute(own, "SELECT 1"));
      assertThat(SqlFailure.of(ended)).as("%s", ended).isEqualTo(SqlFailure.OUTCOME_UNKNOWN);
    }
  }
}
