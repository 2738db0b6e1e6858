package io.holdfast.local;

import io.holdfast.Inspection;
import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Locks and their counters in this JVM's memory, by the same rules as in a server: they end by
 * themselves, and tokens are never below the clock. Thread-safe.
 */
public final class MemoryStore {

  private static final long HOUR_MICROS = Duration.ofHours(1).toNanos() / 1_000;
  private static final int SWEEP_EVERY = 1_000;

  /** A lock that is taken; kept after its release if {@code claimId} is null. */
  private record Held(
      @Nullable String claimId, String label, long firstToken, int span, long endsAt) {
    boolean isOf(Claim claim) {
      return claim.id().equals(claimId);
    }
  }

  /** The last token of a name, remembered until a time of the clock. */
  private record Counter(long last, long endsAtMicros) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Map<LockName, Held> held = new HashMap<>();
  private final Map<LockName, Counter> counters = new HashMap<>();
  private final LongSupplier nanoTime;
  private final Clock clock;
  private final Watchers watchers = new Watchers();
  private int asks;

  /** A store of its own in real time. */
  public MemoryStore() {
    this(System::nanoTime, Clock.systemUTC());
  }

  /**
   * A store in a test's time.
   *
   * @param nanoTime by which leases end
   * @param clock by which tokens are minted
   */
  public MemoryStore(LongSupplier nanoTime, Clock clock) {
    this.nanoTime = nanoTime;
    this.clock = clock;
  }

  /** Forgets everything, as a flushed server does. */
  public void flush() {
    lock.lock();
    try {
      held.clear();
      counters.clear();
    } finally {
      lock.unlock();
    }
  }

  /** Ends a lock, as an operator does by hand. */
  public void delete(LockName name) {
    lock.lock();
    try {
      held.remove(name);
    } finally {
      lock.unlock();
    }
  }

  /** What is remembered of a name, in words; each ends by itself. */
  public List<String> contents(LockName name) {
    lock.lock();
    try {
      Counter counter = counters.get(name);
      List<String> found = new ArrayList<>();
      held(name, nanoTime.getAsLong()).ifPresent(one -> found.add("lock"));
      if (counter != null) {
        found.add("counter");
      }
      return found;
    } finally {
      lock.unlock();
    }
  }

  /** Each question reads the clock once, or a lease could end while it is answered. */
  private Optional<Held> held(LockName name, long now) {
    Held found = held.get(name);
    return found != null && found.endsAt() - now > 0 ? Optional.of(found) : Optional.empty();
  }

  private long clockMicros() {
    return Mint.micros(clock);
  }

  Attempt ask(Ask ask) {
    Claim claim = ask.claim();
    lock.lock();
    try {
      sweepSometimes();
      long now = nanoTime.getAsLong();
      Optional<Held> present = held(claim.name(), now);
      if (present.isPresent() && !present.get().isOf(claim)) {
        long remaining = present.get().endsAt() - now;
        return new Attempt.Refused(Duration.ofNanos(remaining), OptionalInt.empty());
      }
      Held grant = present.isPresent() ? present.get() : mint(ask);
      held.put(claim.name(), ending(grant, now + ask.leaseFor().toNanos()));
      return new Attempt.Granted(grant.firstToken(), grant.span(), ask.leaseFor());
    } finally {
      lock.unlock();
    }
  }

  private Held mint(Ask ask) {
    Claim claim = ask.claim();
    long now = clockMicros();
    Counter counter = counters.get(claim.name());
    long previous = counter == null ? 0 : counter.last();
    long first = Mint.next(ask, previous, now);
    long last = first + ask.span() - 1;
    long ahead = Math.max(0, last - now) + ask.leaseFor().toNanos() / 1_000;
    counters.put(claim.name(), new Counter(last, now + ahead + HOUR_MICROS));
    return new Held(claim.id(), claim.label(), first, ask.span(), 0);
  }

  private static Held ending(Held grant, long endsAt) {
    return new Held(grant.claimId(), grant.label(), grant.firstToken(), grant.span(), endsAt);
  }

  private void sweepSometimes() {
    if (++asks % SWEEP_EVERY == 0) {
      long micros = clockMicros();
      long nanos = nanoTime.getAsLong();
      counters.values().removeIf(counter -> counter.endsAtMicros() < micros);
      held.keySet().removeIf(name -> held(name, nanos).isEmpty());
    }
  }

  Renewal renew(Claim claim, Duration leaseFor) {
    lock.lock();
    try {
      long now = nanoTime.getAsLong();
      Optional<Held> mine = held(claim.name(), now).filter(one -> one.isOf(claim));
      mine.ifPresent(one -> held.put(claim.name(), ending(one, now + leaseFor.toNanos())));
      return mine.isPresent() ? new Renewal.Renewed(leaseFor) : new Renewal.Gone();
    } finally {
      lock.unlock();
    }
  }

  Release release(Claim claim, long lastTokenUsed, Duration keepFor) {
    Release answer = end(claim, lastTokenUsed, keepFor);
    if (answer == Release.RELEASED) {
      watchers.tell(claim.name());
    }
    return answer;
  }

  Watch watch(LockName name, Runnable mayBeFree) {
    return watchers.add(name, mayBeFree);
  }

  private Release end(Claim claim, long lastTokenUsed, Duration keepFor) {
    lock.lock();
    try {
      long now = nanoTime.getAsLong();
      Optional<Held> mine = held(claim.name(), now).filter(one -> one.isOf(claim));
      if (mine.isEmpty()) {
        return Release.GONE;
      }
      Held grant = mine.get();
      Counter counter = counters.get(claim.name());
      if (counter != null
          && lastTokenUsed >= grant.firstToken()
          && counter.last() == grant.firstToken() + grant.span() - 1) {
        counters.put(claim.name(), new Counter(lastTokenUsed, counter.endsAtMicros()));
      }
      if (keepFor.isZero()) {
        held.remove(claim.name());
      } else {
        long endsAt = now + keepFor.toNanos();
        Held kept = new Held(null, grant.label(), grant.firstToken(), grant.span(), endsAt);
        held.put(claim.name(), kept);
      }
      return Release.RELEASED;
    } finally {
      lock.unlock();
    }
  }

  Inspection inspect(LockName name) {
    lock.lock();
    try {
      long now = nanoTime.getAsLong();
      return new Inspection(
          name,
          held(name, now)
              .map(
                  one ->
                      new Inspection.Holder(
                          one.label(),
                          OptionalLong.of(one.firstToken()),
                          Optional.of(Duration.ofNanos(one.endsAt() - now)))),
          OptionalInt.empty());
    } finally {
      lock.unlock();
    }
  }
}
