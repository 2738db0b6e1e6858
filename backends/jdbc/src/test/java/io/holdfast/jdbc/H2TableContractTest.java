package io.holdfast.jdbc;

class H2TableContractTest extends LeaseTableContract {
  H2TableContractTest() {
    super(TestDatabase.h2());
  }
}
