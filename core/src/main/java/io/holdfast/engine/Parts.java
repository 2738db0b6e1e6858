package io.holdfast.engine;

import io.holdfast.LocksConfig;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;

/**
 * What the state machines of one engine share.
 *
 * @param callbacks runs users' code, and nothing else does
 * @param closed becomes true once
 */
record Parts(
    LockBackend backend,
    Time time,
    LocksConfig config,
    Announcer announcer,
    Executor callbacks,
    RandomGenerator random,
    AtomicBoolean closed) {

  Duration requestTimeout() {
    return config.requestTimeout();
  }

  Backoff backoff(Duration cap) {
    return new Backoff(random, cap);
  }

  boolean isClosed() {
    return closed.get();
  }
}
