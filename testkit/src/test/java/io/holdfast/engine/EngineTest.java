package io.holdfast.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.Lease;
import io.holdfast.LockEvent;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.local.MemoryBackend;
import io.holdfast.local.MemoryStore;
import io.holdfast.testkit.ManualTime;
import io.holdfast.testkit.UnreliableBackend;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;

/**
 * An engine on time and messages that the test is in charge of, and a second one on the same store
 * whose messages are never harmed. Everything runs in the thread of the test.
 */
abstract class EngineTest {

  static final Duration LEASE = Duration.ofSeconds(30);
  static final Duration REQUEST = Duration.ofSeconds(3);
  static final String NAME = "machine:42";
  static final LockOptions NO_WAIT = LockOptions.DEFAULTS.waitAtMost(Duration.ZERO);

  final ManualTime time = new ManualTime();
  final MemoryStore store = new MemoryStore(time::nanoTime, time.clock());
  final UnreliableBackend messages = new UnreliableBackend(new MemoryBackend(store));
  final List<LockEvent> events = new CopyOnWriteArrayList<>();
  final Locks locks =
      LockEngine.on(messages)
          .config(LocksConfig.DEFAULTS.requestTimeout(REQUEST).listener(events::add))
          .time(time)
          .callbacks(Runnable::run)
          .random(new Random(42))
          .build();
  final Locks others =
      LockEngine.on(new MemoryBackend(store))
          .time(time)
          .callbacks(Runnable::run)
          .random(new Random(43))
          .build();

  @AfterEach
  void close() {
    messages.heal();
    time.pass(REQUEST.multipliedBy(3)); // every question has its outcome: closing waits for none
    locks.close();
    others.close();
  }

  static Lease leaseOf(CompletableFuture<Lease> future) {
    assertThat(future).isCompleted();
    return future.join();
  }

  Lease acquired() {
    return leaseOf(locks.acquireAsync(NAME));
  }

  Lease acquiredByOthers() {
    return leaseOf(others.acquireAsync(NAME));
  }

  int sent(UnreliableBackend.Kind kind) {
    return messages.sent(kind).size();
  }

  <E extends LockEvent> List<E> events(Class<E> kind) {
    return events.stream().filter(kind::isInstance).map(kind::cast).toList();
  }
}
