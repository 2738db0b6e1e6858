package io.holdfast.redis;

import static io.holdfast.redis.TestRedis.answer;
import static io.holdfast.redis.TestRedis.asking;
import static io.holdfast.redis.TestRedis.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.spi.Claim;
import io.holdfast.spi.Watch;
import io.lettuce.core.KillArgs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How waiters learn of releases, and what that costs. */
class RedisHintsTest {

  private final TestRedis redis = new TestRedis().start();
  private final Claim claim = newClaim();

  @AfterEach
  void stop() {
    redis.close();
  }

  private void release(RedisBackend backend, Claim held) throws Exception {
    answer(backend.ask(asking(held)));
    answer(backend.release(held, 0, Duration.ZERO));
  }

  private long subscriptions() {
    return redis.plain().pubsubNumsub("lock_released").values().iterator().next();
  }

  private static void awaitOneMore(AtomicInteger hints, Hinting hinting) throws Exception {
    int before = hints.get();
    hinting.hint();
    await().until(() -> hints.get() > before);
  }

  private interface Hinting {
    void hint() throws Exception;
  }

  @Test
  void nothingIsSubscribedBeforeTheFirstWatch() throws Exception {
    RedisBackend backend = redis.open();
    release(backend, claim);
    assertThat(subscriptions()).isZero();
  }

  @Test
  void anyNumberOfWatchesIsOneSubscriptionThatStays() throws Exception {
    RedisBackend backend = redis.open();
    try (Monitor monitor = Monitor.of(redis)) {
      AtomicInteger hints = new AtomicInteger();
      for (int round = 0; round < 3; round++) {
        List<Watch> watches = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
          watches.add(backend.watch(newClaim(), hints::incrementAndGet));
        }
        int all = (round + 1) * 100;
        await().until(() -> hints.get() >= all);
        watches.forEach(Watch::close);
      }
      assertThat(monitor.sent("SUBSCRIBE")).hasSize(1);
    }
    assertThat(subscriptions()).isEqualTo(1);
  }

  @Test
  void hintGoesToTheWatchersOfItsNameOnly() throws Exception {
    RedisBackend backend = redis.open();
    AtomicInteger mine = new AtomicInteger();
    AtomicInteger others = new AtomicInteger();
    backend.watch(claim, mine::incrementAndGet);
    await().until(() -> mine.get() > 0);
    awaitOneMore(mine, () -> release(backend, claim)); // so all are told that listening has begun
    backend.watch(newClaim(), others::incrementAndGet);
    int before = others.get();
    for (int i = 0; i < 10; i++) {
      int soFar = mine.get();
      release(backend, claim);
      await().until(() -> mine.get() == soFar + 1);
    }
    assertThat(others.get()).isEqualTo(before);
  }

  @Test
  void closedWatchIsNotCalled() throws Exception {
    RedisBackend backend = redis.open();
    AtomicInteger closed = new AtomicInteger();
    AtomicInteger open = new AtomicInteger();
    Watch watch = backend.watch(claim, closed::incrementAndGet);
    backend.watch(claim, open::incrementAndGet);
    await().until(() -> closed.get() > 0 && open.get() > 0);
    watch.close();
    watch.close();
    int before = closed.get();
    int openBefore = open.get();
    release(backend, claim);
    await().until(() -> open.get() > openBefore);
    assertThat(closed.get()).isEqualTo(before);
  }

  @Test
  void oneTaskWatchedTwiceIsClosedOnce() throws Exception {
    RedisBackend backend = redis.open();
    AtomicInteger hints = new AtomicInteger();
    Runnable task = hints::incrementAndGet;
    Watch one = backend.watch(claim, task);
    backend.watch(claim, task);
    await().until(() -> hints.get() >= 2);
    one.close();
    int before = hints.get();
    release(backend, claim);
    await().until(() -> hints.get() > before);
  }

  @Test
  void keptLockIsNotAnnounced() throws Exception {
    RedisBackend backend = redis.open();
    AtomicInteger hints = new AtomicInteger();
    backend.watch(claim, hints::incrementAndGet);
    await().until(() -> hints.get() > 0);
    int before = hints.get();
    answer(backend.ask(asking(claim)));
    answer(backend.release(claim, 0, Duration.ofMinutes(1)));
    redis.plain().publish("lock_released", claim.name().value());
    await().until(() -> hints.get() > before);
    assertThat(hints.get()).isEqualTo(before + 1);
  }

  @Test
  void hintsComeAgainAfterTheConnectionWasLost() throws Exception {
    try (Tunnel tunnel = Tunnel.to(redis.server().port())) {
      RedisBackend through = redis.open(tunnel.url(), TestRedis.PATIENT);
      RedisBackend releaser = redis.open();
      AtomicInteger hints = new AtomicInteger();
      through.watch(claim, hints::incrementAndGet);
      await().until(() -> hints.get() > 0);
      awaitOneMore(hints, () -> release(releaser, claim));
      int before = hints.get();
      tunnel.passages().forEach(Tunnel.Passage::cut);
      await("what was missed may be anything").until(() -> hints.get() > before);
      awaitOneMore(hints, () -> release(releaser, claim));
    }
  }

  @Test
  void hintsComeAgainAfterTheServerWasRestarted() throws Exception {
    RedisBackend backend = redis.open();
    AtomicInteger hints = new AtomicInteger();
    backend.watch(claim, hints::incrementAndGet);
    await().until(() -> hints.get() > 0);
    redis.server().kill();
    int before = hints.get();
    redis.server().restart();
    await().until(() -> hints.get() > before);
    redis.plain().ping();
    awaitOneMore(hints, () -> redis.plain().publish("lock_released", claim.name().value()));
  }

  /**
   * Another process, which does need it, has opened it twice in the meantime, each after a pause.
   */
  @Test
  void lostConnectionThatNobodyNeedsIsNotOpenedAgain() throws Exception {
    RedisBackend backend = redis.open();
    AtomicInteger hints = new AtomicInteger();
    Watch watch = backend.watch(claim, hints::incrementAndGet);
    await().until(() -> hints.get() > 0);
    watch.close();
    AtomicInteger others = new AtomicInteger();
    redis.open().watch(claim, others::incrementAndGet);
    await().until(() -> others.get() > 0);
    try (Monitor monitor = Monitor.of(redis)) {
      for (int loss = 1; loss <= 2; loss++) {
        int before = others.get();
        redis.plain().clientKill(KillArgs.Builder.typePubsub());
        await().until(() -> others.get() > before);
      }
      assertThat(monitor.sent("SUBSCRIBE")).hasSize(2);
      backend.watch(claim, hints::incrementAndGet);
      await().until(() -> subscriptions() == 2);
    }
  }
}
