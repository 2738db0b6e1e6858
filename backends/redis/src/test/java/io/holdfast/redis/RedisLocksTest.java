package io.holdfast.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.Lease;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The whole of it, as a user has it. */
class RedisLocksTest {

  private final TestRedis redis = new TestRedis().start();

  @AfterEach
  void stop() {
    redis.close();
  }

  @Test
  void releaseWakesAWaiterOfAnotherProcessLongBeforeTheLeaseEnds() throws Exception {
    LockOptions longLease = LockOptions.DEFAULTS.leaseFor(Duration.ofHours(1));
    try (Locks one = Locks.connect(redis.server().url());
        Locks other = Locks.connect(redis.server().url())) {
      Lease first = one.acquire("machine:42", longLease);
      CompletableFuture<Lease> waiting = other.acquireAsync("machine:42", longLease);
      assertThat(other.inspect("machine:42").holder())
          .hasValueSatisfying(holder -> assertThat(holder.token()).hasValue(first.token()));
      first.close();
      try (Lease second = waiting.get(60, TimeUnit.SECONDS)) {
        assertThat(second.token()).isGreaterThan(first.token());
      }
    }
    assertThat(redis.plain().keys("lock_*")).isEmpty();
  }

  @Test
  void closedLocksLeaveNothingTaken() throws Exception {
    try (Locks locks = Locks.connect(redis.server().url())) {
      assertThat(locks.acquire("a").isHeld()).isTrue();
      assertThat(locks.acquire("b").isHeld()).isTrue();
    }
    assertThat(redis.plain().keys("lock_*")).isEmpty();
  }
}
