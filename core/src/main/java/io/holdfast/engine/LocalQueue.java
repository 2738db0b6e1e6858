package io.holdfast.engine;

import io.holdfast.LockException;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The callers of this process that want one name, first come first served. One claim stands for all
 * of them: it outlives those who give up, and while this process has the lock nobody asks for it.
 *
 * <p>Exists only while someone waits or holds. Its methods run in its mailbox, apart from those
 * that are said to be thread-safe.
 */
final class LocalQueue {

  private final Parts parts;
  private final LockName name;
  private final Consumer<LocalQueue> leave;
  private final Mailbox mailbox = new Mailbox();
  private final Deque<Waiter> waiters = new ArrayDeque<>();
  private @Nullable Acquirer acquirer;
  private @Nullable LiveLease tenure;
  private long answers;
  private @Nullable LockException lastFailure;

  /**
   * A queue for a name.
   *
   * @param leave is told once for each waiter that entered, when it neither waits nor holds any
   *     more
   */
  LocalQueue(Parts parts, LockName name, Consumer<LocalQueue> leave) {
    this.parts = parts;
    this.name = name;
    this.leave = leave;
  }

  /** Thread-safe. */
  LockName name() {
    return name;
  }

  /** Thread-safe. */
  Mailbox mailbox() {
    return mailbox;
  }

  void enter(Waiter waiter) {
    if (parts.isClosed()) {
      end(waiter, new IllegalStateException("These locks are closed"));
      return;
    }
    waiter.startWaiting(answers);
    waiters.add(waiter);
    if (waiter.isOverdue()) {
      deadlineOf(waiter);
    }
    pump();
  }

  /** The caller went away: interrupted or cancelled. A lease that it did not see is released. */
  void abandon(Waiter waiter) {
    if (waiters.remove(waiter)) {
      end(waiter, new CancellationException("The caller went away"));
      pump();
    } else if (waiter.result().isDone() && !waiter.result().isCompletedExceptionally()) {
      waiter.result().join().ifPresent(HeldLease::giveBack);
    }
  }

  /** Time is over. Who has heard no answer yet waits for the one that is under way. */
  void deadlineOf(Waiter waiter) {
    if (waiter.isDone()) {
      return;
    }
    waiter.becomeOverdue();
    if (tenure != null || waiter.hasAnswer(answers)) {
      giveUp(waiter);
      pump();
    } else if (acquirer != null) {
      acquirer.askNow();
    }
  }

  private void giveUp(Waiter waiter) {
    waiters.remove(waiter);
    if (tenure != null || lastFailure == null) {
      waiter.busy();
      leave.accept(this);
    } else {
      end(waiter, lastFailure);
    }
  }

  private void end(Waiter waiter, Throwable reason) {
    waiter.failed(reason);
    leave.accept(this);
  }

  /** Whoever is first has a claim that asks, unless this process has the lock. */
  private void pump() {
    if (tenure != null) {
      return;
    }
    Waiter first = waiters.peek();
    if (acquirer != null && (first == null || !isAlike(first.options(), acquirer.options()))) {
      acquirer.withdraw();
      acquirer = null;
    }
    if (first != null && acquirer == null) {
      LockOptions options = first.options();
      Claim claim = Claim.on(name, options.label().orElseGet(HostLabel::ofThisThread));
      acquirer = new Acquirer(parts, this, claim, options);
      acquirer.askNow();
    }
  }

  /** Whether one claim can stand for both. */
  private static boolean isAlike(LockOptions a, LockOptions b) {
    return a.waitAtMost(Duration.ZERO).equals(b.waitAtMost(Duration.ZERO));
  }

  /** Whether anyone would wait beyond this answer. */
  boolean someoneWaits() {
    return waiters.stream().anyMatch(waiter -> !waiter.isOverdue());
  }

  /** How many callers in front could share one grant; one if its end is one caller's own. */
  int spanWanted(LockOptions options) {
    if (!options.keepFor().isZero() || options.holdAtMost().isPresent()) {
      return 1;
    }
    int alike = 0;
    for (Waiter waiter : waiters) {
      if (alike == Ask.MAX_SPAN || !isAlike(waiter.options(), options)) {
        break;
      }
      alike++;
    }
    return Math.max(1, alike);
  }

  void granted(Acquirer by, Attempt.Granted granted, long askedAt) {
    Waiter first = waiters.remove();
    acquirer = null;
    LiveLease lease = new LiveLease(parts, this, by.claim(), by.options(), granted, askedAt);
    by.becameLease(lease);
    tenure = lease;
    lastFailure = null;
    answers++;
    first.granted(lease.startHold());
    giveUpOverdue();
  }

  void refused() {
    answers++;
    lastFailure = null;
    giveUpOverdue();
    pump();
  }

  void failed(LockException reason) {
    answers++;
    lastFailure = reason;
    giveUpOverdue();
    if (reason instanceof StoreRefusedException && !waiters.isEmpty()) {
      end(waiters.remove(), reason);
      if (acquirer != null) {
        acquirer.withdraw();
        acquirer = null;
      }
    }
    pump();
  }

  /** The claim is spent without a lease: the next one starts over. */
  void spent(LockException reason) {
    acquirer = null;
    failed(reason);
  }

  private void giveUpOverdue() {
    for (Waiter waiter : List.copyOf(waiters)) {
      if (waiter.isOverdue()) {
        giveUp(waiter);
      }
    }
  }

  /** The next caller if it can take over a grant made for these options. */
  @Nullable Waiter pollAlike(LockOptions options) {
    Waiter next = waiters.peek();
    return next != null && isAlike(next.options(), options) ? waiters.poll() : null;
  }

  /** A holder is done and another took over. */
  void handedOver() {
    leave.accept(this);
  }

  /** The lease is over, however it ended. */
  void ended(LiveLease lease) {
    if (tenure == lease) {
      tenure = null;
      leave.accept(this);
      pump();
    }
  }

  /** Ends all of it; completes when the store has answered or a request timeout is over. */
  void close(CompletableFuture<Void> done) {
    for (Waiter waiter : List.copyOf(waiters)) {
      waiters.remove(waiter);
      end(waiter, new IllegalStateException("These locks are closed"));
    }
    LiveLease held = tenure;
    if (held == null) {
      pump();
      done.complete(null);
    } else {
      var unused = held.close().whenComplete((released, failure) -> done.complete(null));
    }
  }
}
