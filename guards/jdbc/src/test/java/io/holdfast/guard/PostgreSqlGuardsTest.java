package io.holdfast.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

class PostgreSqlGuardsTest extends GuardContract {

  PostgreSqlGuardsTest() {
    super(PostgreSqlDatabase.POSTGRESQL);
  }

  @Test
  void recordThatRowSecurityLetsReadAndNotUpdateIsNoAbsentRecord() throws SQLException {
    ClaimedTable secured = ClaimedTable.of("secured");
    try (Connection connection = PostgreSqlDatabase.POSTGRESQL.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "CREATE TABLE secured (id text PRIMARY KEY, fence bigint, holder varchar(32))");
      statement.execute("INSERT INTO secured VALUES ('a', 0, NULL)");
      statement.execute("ALTER TABLE secured ENABLE ROW LEVEL SECURITY");
      statement.execute("CREATE POLICY sees ON secured FOR SELECT USING (true)");
      statement.execute("CREATE POLICY none ON secured FOR UPDATE USING (false)");
      statement.execute("CREATE ROLE reader");
      statement.execute("GRANT SELECT, UPDATE ON secured TO reader");
      statement.execute("SET ROLE reader");
      assertThat(secured.claim(connection, "b", Holder.of(5), row -> row.getString("id")))
          .isEmpty();
      assertThatThrownBy(
              () -> secured.claim(connection, "a", Holder.of(5), row -> row.getString("id")))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("row security policy")
          .hasMessageContaining("secured a");
    }
  }
}
