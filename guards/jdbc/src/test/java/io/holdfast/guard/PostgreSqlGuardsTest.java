package io.holdfast.guard;

class PostgreSqlGuardsTest extends GuardContract {
  PostgreSqlGuardsTest() {
    super(PostgreSqlDatabase.POSTGRESQL);
  }
}
