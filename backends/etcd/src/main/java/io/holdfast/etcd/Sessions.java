package io.holdfast.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Lease;
import io.etcd.jetcd.lease.LeaseGrantResponse;
import io.holdfast.BackendException;
import io.holdfast.spi.StoreContext;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;

/**
 * The etcd lease of this process: one at a time, and another once the server has said that it is
 * gone. Thread-safe.
 */
final class Sessions {

  private static final Duration LAST_WORDS = Duration.ofSeconds(1);

  private final Lease leases;
  private final StoreContext context;
  private final Tokens tokens;
  private final BiConsumer<Session, Set<ByteSequence>> keys;
  private final AtomicReference<CompletableFuture<Session>> present =
      new AtomicReference<>(CompletableFuture.failedFuture(new BackendException("Not yet open")));

  /**
   * None is open yet.
   *
   * @param keys is told with each heartbeat which keys hang on the lease
   */
  Sessions(
      Lease leases,
      StoreContext context,
      Tokens tokens,
      BiConsumer<Session, Set<ByteSequence>> keys) {
    this.leases = leases;
    this.context = context;
    this.tokens = tokens;
    this.keys = keys;
  }

  /** The one that is open or being opened. */
  CompletableFuture<Session> open() {
    CompletableFuture<Session> last = Objects.requireNonNull(present.get());
    if (!last.isDone() || (!last.isCompletedExceptionally() && !last.join().isGone())) {
      return last;
    }
    CompletableFuture<Session> next = new CompletableFuture<>();
    if (!present.compareAndSet(last, next)) {
      return open();
    }
    long askedAt = context.time().nanoTime();
    try {
      var unused =
          leases
              .grant(seconds(context.leaseFor()))
              .thenApply(granted -> opened(granted, askedAt))
              .whenComplete(
                  (opened, failure) -> {
                    if (failure == null) {
                      next.complete(opened);
                    } else {
                      next.completeExceptionally(failure);
                    }
                  });
    } catch (RuntimeException e) {
      next.completeExceptionally(e);
    }
    return next;
  }

  /** Whole ones, and one more than is lost to them. */
  static long seconds(Duration leaseFor) {
    return Math.max(2, leaseFor.plusNanos(999_999_999).toSeconds());
  }

  private Session opened(LeaseGrantResponse granted, long askedAt) {
    tokens.heard(granted.getHeader().getRevision());
    if (granted.getTTL() > seconds(context.leaseFor())) {
      context
          .warnings()
          .accept(
              "The etcd cluster makes leases %d s long instead of %s: a dead process keeps its"
                      .formatted(granted.getTTL(), context.leaseFor())
                  + " locks that long");
    }
    return new Session(
        leases,
        context.time(),
        granted.getID(),
        Duration.ofSeconds(granted.getTTL()),
        askedAt,
        keys);
  }

  /**
   * Revokes the lease, if the server hears it within a second or the request timeout, whichever is
   * shorter; else it ends by itself.
   */
  void close() {
    CompletableFuture<Session> last =
        present.getAndSet(CompletableFuture.failedFuture(new BackendException("Closed")));
    Duration timeout = context.requestTimeout();
    Duration longest = timeout.compareTo(LAST_WORDS) < 0 ? timeout : LAST_WORDS;
    try {
      var unused =
          last.thenCompose(open -> leases.revoke(open.id()))
              .get(longest.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // Not heard, or there was none.
    }
  }
}
