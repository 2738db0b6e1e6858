package io.holdfast.engine;

import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LeaseState;
import io.holdfast.LockName;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What a holder has in hand. Reads the clock at every call. The engine refers to it weakly, so that
 * it is seen when nobody can close it any more.
 */
final class HeldLease implements Lease {

  private final Parts parts;
  private final LockName name;
  private final LiveLease lease;
  private final Hold hold;
  private final AtomicBoolean closed = new AtomicBoolean();

  HeldLease(Parts parts, LockName name, LiveLease lease, Hold hold) {
    this.parts = parts;
    this.name = name;
    this.lease = lease;
    this.hold = hold;
  }

  @Override
  public LockName name() {
    return name;
  }

  @Override
  public long token() {
    return hold.token();
  }

  @Override
  public LeaseState state() {
    return hold.at(parts.now()).state();
  }

  @Override
  public Duration remaining() {
    long now = parts.now();
    Hold.Standing standing = hold.at(now);
    return standing.isLive() ? Duration.ofNanos(standing.validUntil() - now) : Duration.ZERO;
  }

  @Override
  public void onLost(Runnable action) {
    hold.onLost(action);
    if (state() == LeaseState.LOST) {
      hold.tellLost(parts.callbacks(), parts.time());
    }
  }

  @Override
  public void close() {
    if (!Blocking.awaitUninterruptibly(startClose())) {
      throw new LeaseLostException(name, token());
    }
  }

  @Override
  public CompletableFuture<Void> closeAsync() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    var unused =
        startClose()
            .thenAcceptAsync(
                held -> {
                  if (held) {
                    done.complete(null);
                  } else {
                    done.completeExceptionally(new LeaseLostException(name, token()));
                  }
                },
                parts.callbacks())
            .whenComplete(
                (delivered, failure) -> {
                  if (failure != null) {
                    done.completeExceptionally(failure); // no thread for the delivery
                  }
                });
    return done;
  }

  /** Ends the hold at this moment; completes with whether it was ours until then. */
  private CompletableFuture<Boolean> startClose() {
    if (!closed.compareAndSet(false, true)) {
      return CompletableFuture.completedFuture(true);
    }
    if (hold.release(parts.now()).state() == LeaseState.LOST) {
      return CompletableFuture.completedFuture(false);
    }
    lease.release(hold);
    return hold.outcome();
  }

  /** Closes a lease that its caller never saw. */
  void giveBack() {
    hold.neverSeen();
    var unused = startClose();
  }

  @Override
  public String toString() {
    return "Lease[" + name + ", token " + token() + ", " + state() + "]";
  }
}
