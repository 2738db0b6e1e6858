package io.holdfast.jdbc;

import io.holdfast.LockName;
import io.holdfast.spi.LockBackend;
import io.holdfast.testkit.LockBackendContract;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;

/** The contract on locks of sessions: an operator ends a lock by ending the session. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class SessionContract extends LockBackendContract {

  private final SessionServer server;

  SessionContract(SessionServer server) {
    this.server = server;
  }

  @AfterAll
  void stop() {
    server.close();
  }

  @Override
  protected LockBackend open() {
    return server.open(Duration.ofMinutes(2)); // also on a machine that stalls
  }

  @Override
  protected void deleteByHand(LockName locked) {
    server.endHolder(locked);
    server.database().run("delete from holdfast_lock where name = '" + locked + "'");
  }

  @Override
  protected List<String> contents(LockName locked) {
    List<String> rows =
        server.database().rows("select * from holdfast_lock where name = '" + locked + "'");
    return Stream.concat(rows.stream(), server.holders(locked).stream()).toList();
  }

  /** All locks end with their session, and rows go when they were idle for a day. */
  @Override
  protected List<String> immortals(LockName locked) {
    return List.of();
  }
}
