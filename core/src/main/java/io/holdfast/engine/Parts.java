package io.holdfast.engine;

import io.holdfast.LocksConfig;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;

/**
 * What the state machines of one engine share.
 *
 * @param callbacks runs users' code, which may block, and takes over from threads that may not
 * @param closed becomes true once
 * @param unanswered what {@code Locks.close()} waits for: farewells and inspections under way
 */
record Parts(
    LockBackend backend,
    Time time,
    LocksConfig config,
    Announcer announcer,
    Executor callbacks,
    RandomGenerator random,
    AtomicBoolean closed,
    Map<Object, CompletableFuture<?>> unanswered) {

  long now() {
    return time.nanoTime();
  }

  Duration requestTimeout() {
    return config.requestTimeout();
  }

  /** Whether the store ends what this process has forgotten while it lives. */
  boolean locksEndByThemselves() {
    return backend.guarantees().endsByItself();
  }

  /** Whether a refused claim may have a place in the store. */
  boolean keepsALine() {
    return backend.guarantees().fair();
  }

  Backoff backoff(Duration cap) {
    return new Backoff(random, cap);
  }

  boolean isClosed() {
    return closed.get();
  }

  /** A future that {@code Locks.close()} waits for until it is done. */
  <T> CompletableFuture<T> awaitedOnClose() {
    CompletableFuture<T> future = new CompletableFuture<>();
    Object key = new Object();
    unanswered.put(key, future);
    var unused = future.whenComplete((value, failure) -> unanswered.remove(key));
    return future;
  }
}
