package io.holdfast.jdbc;

import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** With a server of the caller's; its user may create tables in its database. */
@EnabledIfEnvironmentVariable(
    named = "HOLDFAST_SQLSERVER_URL",
    matches = "jdbc:sqlserver:.*",
    disabledReason = "HOLDFAST_SQLSERVER_URL names no server")
class SqlServerTableContractTest extends LeaseTableContract {
  SqlServerTableContractTest() {
    super(new TestDatabase(System.getenv("HOLDFAST_SQLSERVER_URL"), () -> {}));
  }
}
