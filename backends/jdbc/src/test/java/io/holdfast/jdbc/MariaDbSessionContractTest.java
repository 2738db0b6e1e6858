package io.holdfast.jdbc;

import io.holdfast.embedded.EmbeddedMariaDb;

class MariaDbSessionContractTest extends SessionContract {
  MariaDbSessionContractTest() {
    super(SessionServer.of(EmbeddedMariaDb.start()));
  }
}
