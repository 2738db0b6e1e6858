package io.holdfast.engine;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The callers of this process that want one name, first come first served. One claim stands for all
 * of them: it outlives those who give up, and while this process has the lock nobody asks for it.
 *
 * <p>Exists only while someone waits or holds. Its methods run in its mailbox, apart from those
 * that are said to be thread-safe. Whenever {@link #pump} has run, whoever is first either has a
 * claim that asks, or waits for the holder in this process.
 */
final class LocalQueue {

  private final Parts parts;
  private final LockName name;
  private final Consumer<LocalQueue> leave;
  private final Mailbox mailbox;
  private final Deque<Waiter> waiters = new ArrayDeque<>();
  private @Nullable Acquirer acquirer;
  private @Nullable LiveLease tenure;
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
    this.mailbox = Mailbox.ofPosters(parts.callbacks());
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
    waiter.startWaiting();
    waiters.add(waiter);
    pump();
    if (waiter.isOverdue()) {
      deadlineOf(waiter);
    }
  }

  /** The caller went away: interrupted or cancelled. A lease that it did not see is released. */
  void abandon(Waiter waiter) {
    if (waiters.remove(waiter)) {
      end(waiter, new CancellationException("The caller went away"));
      pump();
    } else if (waiter.isDone() && !waiter.result().isCompletedExceptionally()) {
      waiter.result().join().ifPresent(HeldLease::giveBack);
    }
  }

  /** Time is over. Who has heard no answer yet waits for the one that is under way. */
  void deadlineOf(Waiter waiter) {
    if (waiter.isDone()) {
      return;
    }
    waiter.becomeOverdue();
    if (tenure != null) {
      tenure.due(); // its end may have come without its timer
    }
    if (tenure != null || waiter.hasAnswer()) {
      giveUp(waiter);
    } else if (acquirer != null) {
      acquirer.askNow();
    }
    pump();
  }

  /** No answer came in a whole request timeout more, whatever the reason. */
  void lastDeadlineOf(Waiter waiter) {
    if (waiters.remove(waiter)) {
      end(waiter, new BackendException("No answer within waitAtMost and one request timeout"));
      pump();
    }
  }

  private void giveUp(Waiter waiter) {
    if (!waiters.remove(waiter)) {
      return;
    }
    if (tenure == null && lastFailure != null) {
      end(waiter, lastFailure);
    } else {
      leave.accept(this);
      waiter.busy();
    }
  }

  private void end(Waiter waiter, Throwable reason) {
    leave.accept(this);
    waiter.failed(reason);
  }

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
      acquirer = new Acquirer(parts, this, first.label(), first.options());
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
    long alike =
        waiters.stream()
            .limit(Ask.MAX_SPAN)
            .takeWhile(waiter -> isAlike(waiter.options(), options))
            .count();
    return Math.max(1, (int) alike);
  }

  /** The store said yes: the first caller has the lock. */
  LiveLease granted(Acquirer by, Attempt.Granted granted, long askedAt) {
    LiveLease lease = new LiveLease(parts, this, by.claim(), by.options(), granted, askedAt);
    acquirer = null;
    tenure = lease;
    waiters.remove().granted(lease.startHold());
    answered(null, by.options());
    return lease;
  }

  /**
   * The store said that someone else has the lock, or nothing.
   *
   * @param failure why there is no answer; null if there is one
   * @param options what was asked with
   */
  void answered(@Nullable LockException failure, LockOptions options) {
    boolean refusedForGood = failure instanceof StoreRefusedException;
    if (!refusedForGood) {
      waiters.forEach(Waiter::hearsAnswer);
      lastFailure = failure;
    }
    for (Waiter waiter : List.copyOf(waiters)) {
      if (refusedForGood && failure != null && isAlike(waiter.options(), options)) {
        waiters.remove(waiter);
        end(waiter, failure);
      } else if (!refusedForGood && waiter.isOverdue()) {
        giveUp(waiter);
      }
    }
    pump();
  }

  /** The next caller, for whom the holder makes way; none if a grant like this is not its wish. */
  @Nullable Waiter pollAlike(LockOptions options) {
    Waiter next = waiters.peek();
    if (next == null || !isAlike(next.options(), options)) {
      return null;
    }
    leave.accept(this);
    return waiters.poll();
  }

  /** The lease is over, however it ended. */
  void ended(LiveLease lease) {
    if (tenure == lease) {
      tenure = null;
      leave.accept(this);
      pump();
    }
  }

  /** Ends all of it, because the locks are closed. */
  void close() {
    for (Waiter waiter : List.copyOf(waiters)) {
      waiters.remove(waiter);
      end(waiter, new IllegalStateException("These locks are closed"));
    }
    if (tenure != null) {
      tenure.close();
    }
    pump();
  }
}
