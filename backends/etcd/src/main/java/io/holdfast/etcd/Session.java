package io.holdfast.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Lease;
import io.etcd.jetcd.lease.LeaseKeepAliveResponse;
import io.etcd.jetcd.lease.LeaseTimeToLiveResponse;
import io.etcd.jetcd.options.LeaseOption;
import io.holdfast.spi.Heartbeat;
import io.holdfast.spi.Heartbeat.Beat;
import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * One etcd lease, on which all keys of this process hang. Nothing keeps it alive by itself: it is
 * asked for when a lock is renewed, or when a claim is asked for and the last answer is older than
 * a third of the lease; so the lease of a process that wants nothing ends, and its keys with it.
 *
 * <p>How long it lives is judged by this process's clock from before each question. The server
 * starts to count later, and anew when its leader changes; jetcd's own keep-alive would say nothing
 * of either, and of an expired lease only to its log. Thread-safe.
 */
final class Session {

  /** etcd counts leases in seconds. */
  static final Duration GRANULARITY = Duration.ofSeconds(1);

  private static final Duration LONGEST_PATIENCE = Duration.ofSeconds(15);

  private static final LeaseOption WITH_KEYS = LeaseOption.builder().withAttachedKeys().build();

  private final Lease leases;
  private final Time time;
  private final long id;
  private final Duration length;
  private final Heartbeat<Pulse> heartbeat;
  private final Slots slots = new Slots();
  private volatile long keptUntil;
  private volatile boolean gone;

  /**
   * What the server says of the lease.
   *
   * @param length how long it lives
   * @param keys which hang on it
   * @param revision how far the store, or the member that answered, was
   */
  record Pulse(Duration length, Set<ByteSequence> keys, long revision) {
    private static final Pulse NONE = new Pulse(Duration.ZERO, Set.of(), 0);
  }

  /**
   * A lease that was just granted.
   *
   * @param askedAt before it was asked for
   * @param keys is told of the keys that hang on it, once for each heartbeat
   */
  Session(
      Lease leases,
      Time time,
      long id,
      Duration length,
      long askedAt,
      BiConsumer<Session, Set<ByteSequence>> keys) {
    this.leases = leases;
    this.time = time;
    this.id = id;
    this.length = length;
    this.keptUntil = askedAt + length.toNanos();
    this.heartbeat =
        new Heartbeat<>(
            time,
            () ->
                ask()
                    .thenApply(
                        pulse -> {
                          keys.accept(this, pulse.keys());
                          return pulse;
                        }));
  }

  long id() {
    return id;
  }

  /** Which of its keys are taken. */
  Slots slots() {
    return slots;
  }

  /** The server has said so. It never comes back. */
  boolean isGone() {
    return gone;
  }

  /** The server said so in answer to something else. */
  void end() {
    gone = true;
  }

  /** Until when the server keeps what hangs on it, less what a whole second may hide. */
  Duration keptFrom(long askedAt) {
    long left = keptUntil - askedAt - GRANULARITY.toNanos();
    return Duration.ofNanos(Math.max(0, left));
  }

  /**
   * An answer to a question that was put no earlier. If the lease is gone, so it is from now on.
   */
  CompletionStage<Beat<Pulse>> beat(long notBefore) {
    return heartbeat.beat(notBefore);
  }

  /**
   * So often at least whoever waits has to ask: that keeps the lease alive, and hints may be late.
   */
  Duration patience() {
    Duration quarter = length.dividedBy(4);
    return quarter.compareTo(LONGEST_PATIENCE) < 0 ? quarter : LONGEST_PATIENCE;
  }

  /** Keeps it alive if the last answer is old; fails never. */
  CompletionStage<?> keep(long now) {
    if (keptUntil - now >= length.toNanos() / 3 * 2) {
      return CompletableFuture.completedStage(null);
    }
    return beat(now - length.toNanos() / 6).handle((beat, failure) -> null);
  }

  private CompletionStage<Pulse> ask() {
    long askedAt = time.nanoTime();
    return leases
        .keepAliveOnce(id)
        .thenCombine(
            leases.timeToLive(id, WITH_KEYS), (kept, held) -> answered(askedAt, kept, held))
        .handle(
            (pulse, failure) -> {
              if (failure != null && EtcdFailure.isLeaseGone(failure)) {
                gone = true;
                return CompletableFuture.completedStage(Pulse.NONE);
              }
              return failure == null
                  ? CompletableFuture.completedStage(pulse)
                  : CompletableFuture.<Pulse>failedStage(failure);
            })
        .thenCompose(Function.identity());
  }

  private Pulse answered(long askedAt, LeaseKeepAliveResponse kept, LeaseTimeToLiveResponse held) {
    if (held.getTTL() < 0) { // 0 is less than a second, which the keep-alive has made more
      gone = true;
      return Pulse.NONE;
    }
    Duration lives = Duration.ofSeconds(kept.getTTL());
    keptUntil = askedAt + lives.toNanos();
    return new Pulse(lives, Set.copyOf(held.getKeys()), held.getHeader().getRevision());
  }
}
