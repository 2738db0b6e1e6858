package io.holdfast.jdbc;

import io.holdfast.embedded.EmbeddedPostgreSql;

class PostgreSqlSessionContractTest extends SessionContract {
  PostgreSqlSessionContractTest() {
    super(SessionServer.of(EmbeddedPostgreSql.start()));
  }
}
