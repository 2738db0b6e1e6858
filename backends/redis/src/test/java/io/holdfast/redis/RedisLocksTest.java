package io.holdfast.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.Lease;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
    LockOptions longLease =
        LockOptions.DEFAULTS.leaseFor(Duration.ofHours(1)).waitAtMost(Duration.ofMinutes(2));
    try (Locks one = redis.connect();
        Locks other = redis.connect()) {
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

  /** There is one channel and no line: all who wait ask when one of them is told. */
  @Test
  void drainingAHotNameCostsTheSquareOfItsWaiters() throws Exception {
    int waiters = 10;
    LockOptions patient =
        LockOptions.DEFAULTS.leaseFor(Duration.ofHours(1)).waitAtMost(Duration.ofMinutes(2));
    List<Locks> processes = new ArrayList<>();
    long since;
    try (Locks first = redis.connect()) {
      Lease held = first.acquire("hot", patient);
      List<CompletableFuture<Void>> turns = new ArrayList<>();
      for (int i = 0; i < waiters; i++) {
        Locks process = redis.connect();
        processes.add(process);
        turns.add(process.acquireAsync("hot", patient).thenCompose(Lease::closeAsync));
      }
      await().until(() -> redis.plain().pubsubNumsub("lock_released").containsValue(10L));
      redis.plain().configResetstat();
      since = System.nanoTime();
      held.close();
      for (CompletableFuture<Void> turn : turns) {
        turn.get(60, TimeUnit.SECONDS);
      }
    } finally {
      processes.forEach(Locks::close);
    }
    long questions = questions();
    System.out.printf("%d waiters of one name, drained once: %d EVALSHA%n", waiters, questions);
    // A waiter asks unprompted, too, after half a second on average.
    long unprompted = 4L * waiters * Duration.ofNanos(System.nanoTime() - since).toSeconds();
    assertThat(questions).isBetween(2L * waiters + 1, 2L * waiters * waiters + unprompted);
  }

  private long questions() {
    Matcher calls =
        Pattern.compile("cmdstat_evalsha:calls=(\\d+)").matcher(redis.plain().info("commandstats"));
    assertThat(calls.find()).isTrue();
    return Long.parseLong(calls.group(1));
  }

  @Test
  void closedLocksLeaveNothingTaken() throws Exception {
    try (Locks locks = redis.connect()) {
      assertThat(locks.acquire("a").isHeld()).isTrue();
      assertThat(locks.acquire("b").isHeld()).isTrue();
    }
    assertThat(redis.plain().keys("lock_*")).isEmpty();
  }
}
