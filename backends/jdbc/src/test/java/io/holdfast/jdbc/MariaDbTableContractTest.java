package io.holdfast.jdbc;

class MariaDbTableContractTest extends LeaseTableContract {
  MariaDbTableContractTest() {
    super(TestDatabase.mariaDb());
  }
}
