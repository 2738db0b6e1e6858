package io.holdfast.engine;

import static io.holdfast.engine.Interleavings.must;

import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LockEvent;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.LocksConfig;
import io.holdfast.local.MemoryBackend;
import io.holdfast.local.MemoryStore;
import io.holdfast.testkit.ManualTime;
import io.holdfast.testkit.UnreliableBackend;
import io.holdfast.testkit.UnreliableBackend.Kind;
import io.holdfast.testkit.UnreliableBackend.Message;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** An engine on time and messages that the scenario is in charge of; callbacks run at once. */
final class Rig {

  static final String NAME = "machine:42";
  static final LockName LOCK = new LockName(NAME);
  static final Duration LEASE = Duration.ofSeconds(30);
  static final Duration REQUEST = Duration.ofSeconds(3);

  /** When a renewal is due, and a little. */
  static final Duration THIRD = Duration.ofSeconds(11);

  /** A lease that is over after two seconds, without a renewal. */
  static final Duration SHORT = Duration.ofSeconds(2);

  private static final LockOptions NO_WAIT = LockOptions.DEFAULTS.waitAtMost(Duration.ZERO);

  final ManualTime time = new ManualTime();
  final MemoryStore store = new MemoryStore(time::nanoTime, time.clock());
  final UnreliableBackend messages = new UnreliableBackend(new MemoryBackend(store));
  final List<LockEvent> events = new CopyOnWriteArrayList<>();
  final LockEngine locks =
      (LockEngine)
          LockEngine.on(messages)
              .config(LocksConfig.DEFAULTS.requestTimeout(REQUEST).listener(e -> events.add(e)))
              .time(time)
              .callbacks(task -> task.run())
              .random(new Random(42))
              .build();

  Lease acquired() {
    return locks.acquireAsync(NAME, NO_WAIT).join();
  }

  Lease acquiredForAShortTime() {
    return locks.acquireAsync(NAME, NO_WAIT.holdAtMost(SHORT)).join();
  }

  /** Whether the holder is told that all it did was protected. */
  static boolean closes(Lease lease) {
    try {
      lease.close();
      return true;
    } catch (LeaseLostException lost) {
      return false;
    }
  }

  int events(Class<? extends LockEvent> kind) {
    int found = 0;
    for (LockEvent event : events) {
      if (kind.isInstance(event)) {
        found++;
      }
    }
    return found;
  }

  int sent(Kind kind) {
    return messages.sent(kind).size();
  }

  void noRenewalIsSentAfterTheRelease() {
    boolean released = false;
    for (Message message : messages.sent()) {
      must(!released || message.kind() != Kind.RENEW, "no renewal is sent after the release");
      released |= message.kind() == Kind.RELEASE;
    }
  }

  /** Released or lost, once, and to everybody the same. */
  void theEndIsToldOnce(boolean protectedUntilClosed, AtomicInteger lossesHeard) {
    int losses = protectedUntilClosed ? 0 : 1;
    must(events(LockEvent.Lost.class) == losses, "the end is told once: Lost");
    int releases = events(LockEvent.Released.class) + events(LockEvent.ReleaseUnanswered.class);
    must(releases == 1 - losses, "the end is told once: Released");
    must(lossesHeard.get() == losses, "the end is told once: onLost");
  }

  /** Nothing is left of what was going on, in the engine or the store. */
  void comesToRest() {
    time.pass(LEASE.multipliedBy(3));
    must(time.tasks() == 0, "no timer is left at rest");
    must(locks.names() == 0, "no entry is left at rest");
    must(!store.contents(LOCK).contains("lock"), "the lock is free at rest");
  }
}
