package io.holdfast.jdbc;

import io.holdfast.LockName;
import io.holdfast.spi.LockBackend;
import io.holdfast.testkit.LockBackendContract;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;

/** The contract on the lease table of one database. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class LeaseTableContract extends LockBackendContract {

  private final TestDatabase database;

  LeaseTableContract(TestDatabase database) {
    this.database = database;
  }

  @AfterAll
  void stop() {
    database.close();
  }

  @Override
  protected LockBackend open() {
    return database.open();
  }

  @Override
  protected void deleteByHand(LockName locked) {
    database.run("delete from holdfast_lock where name = '" + locked + "'");
  }

  @Override
  protected List<String> contents(LockName locked) {
    return database.rows("select * from holdfast_lock where name = '" + locked + "'");
  }

  /** Rows go when they were idle for a day: those whose end the clock will pass. */
  @Override
  protected List<String> immortals(LockName locked) {
    return database.rows(
        "select name, expires_at, last_token from holdfast_lock where name = '"
            + locked
            + "' and not (expires_at between 1 and 4000000000000000"
            + " and last_token between 1 and 4000000000000000)");
  }
}
