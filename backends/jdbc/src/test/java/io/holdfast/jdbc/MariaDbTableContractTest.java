package io.holdfast.jdbc;

import io.holdfast.embedded.EmbeddedMariaDb;

class MariaDbTableContractTest extends LeaseTableContract {
  MariaDbTableContractTest() {
    super(TestDatabase.of(EmbeddedMariaDb.start()));
  }
}
