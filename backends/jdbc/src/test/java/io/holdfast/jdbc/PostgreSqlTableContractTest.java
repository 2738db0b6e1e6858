package io.holdfast.jdbc;

class PostgreSqlTableContractTest extends LeaseTableContract {
  PostgreSqlTableContractTest() {
    super(TestDatabase.postgreSql());
  }
}
