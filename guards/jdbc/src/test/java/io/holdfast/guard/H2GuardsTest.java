package io.holdfast.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class H2GuardsTest extends GuardContract {
  H2GuardsTest() {
    super(H2Database.H2);
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
    try (Connection own = java.sql.DriverManager.getConnection("jdbc:h2:mem:closed")) {
      execute(own, "SHUTDOWN IMMEDIATELY");
      SQLException ended =
          catchThrowableOfType(SQLException.class, () -> execute(own, "SELECT 1"));
      assertThat(SqlFailure.of(ended)).as("%s", ended).isEqualTo(SqlFailure.OUTCOME_UNKNOWN);
    }
  }
}
