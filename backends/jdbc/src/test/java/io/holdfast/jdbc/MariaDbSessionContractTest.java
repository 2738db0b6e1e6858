package io.holdfast.jdbc;

class MariaDbSessionContractTest extends SessionContract {
  MariaDbSessionContractTest() {
    super(SessionServer.sharedMariaDb());
  }
}
