package io.holdfast.jdbc;

class PostgreSqlSessionContractTest extends SessionContract {
  PostgreSqlSessionContractTest() {
    super(SessionServer.sharedPostgreSql());
  }
}
