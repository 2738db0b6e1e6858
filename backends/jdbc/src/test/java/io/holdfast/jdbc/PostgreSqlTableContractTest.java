package io.holdfast.jdbc;

import io.holdfast.embedded.EmbeddedPostgreSql;

class PostgreSqlTableContractTest extends LeaseTableContract {
  PostgreSqlTableContractTest() {
    super(TestDatabase.of(EmbeddedPostgreSql.start()));
  }
}
