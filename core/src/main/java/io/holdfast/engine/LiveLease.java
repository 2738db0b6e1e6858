package io.holdfast.engine;

import io.holdfast.LeaseState;
import io.holdfast.LockEvent;
import io.holdfast.LockEvent.LossCause;
import io.holdfast.LockException;
import io.holdfast.LockOptions;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Time;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a grant alive until it is released or lost. The only place that renews.
 *
 * <p>Time is counted from before each question was sent, never from when its answer came: the store
 * cannot have started to count earlier, so this process gives up no later than the store does. A
 * renewal is due after a third of what the last answer promised; a failed one is tried again, with
 * pauses, until the lease is over. A loss is final: a renewal that is answered after it is given
 * back.
 *
 * <p>A grant may have a span of tokens. Then the next caller of this process takes over with the
 * next token and without a question, but only before the first renewal is due: so callers of one
 * process keep the others out for a third of a lease and one hold at the most.
 *
 * <p>Each lease has its own timer and its own questions: no lease waits for another's. Runs in the
 * mailbox of its queue.
 */
final class LiveLease {

  private final Parts parts;
  private final LocalQueue queue;
  private final Claim claim;
  private final LockOptions options;
  private final long lastToken;
  private final long keepUntil;
  private final OptionalLong endsAtMost;
  private Hold hold;
  private WeakReference<@Nullable HeldLease> holder = new WeakReference<>(null);
  private long validUntil;
  private long renewAt;
  private Backoff backoff;
  private Time.@Nullable Timer timer;
  private Question.@Nullable Answers<Renewal> latest;
  private boolean renewedOrTried;
  private boolean over;
  private boolean lost;

  LiveLease(
      Parts parts,
      LocalQueue queue,
      Claim claim,
      LockOptions options,
      Attempt.Granted granted,
      long askedAt) {
    this.parts = parts;
    this.queue = queue;
    this.claim = claim;
    this.options = options;
    long now = parts.time().nanoTime();
    this.lastToken = granted.firstToken() + granted.span() - 1;
    this.keepUntil = now + options.keepFor().toNanos();
    this.endsAtMost =
        options
            .holdAtMost()
            .map(most -> OptionalLong.of(askedAt + most.toNanos()))
            .orElse(OptionalLong.empty());
    this.backoff = parts.backoff(longestPause());
    promised(askedAt, granted.validFor());
    this.hold = new Hold(granted.firstToken(), now, validUntil);
  }

  /** The first holder's lease. */
  HeldLease startHold() {
    HeldLease lease = new HeldLease(parts, queue.name(), this, hold);
    holder = new WeakReference<>(lease);
    setTimer();
    return lease;
  }

  /**
   * Whether the claim is spent, so that a grant of it that is heard of only now must be given back.
   */
  boolean isOver() {
    return over;
  }

  private void promised(long askedAt, Duration validFor) {
    long until = Term.validUntil(askedAt, validFor);
    long most = endsAtMost.orElse(until);
    validUntil = until - most > 0 ? most : until;
    renewAt = askedAt + validFor.toNanos() / 3;
  }

  private boolean isAtItsMost() {
    return endsAtMost.isPresent() && validUntil == endsAtMost.getAsLong();
  }

  private Duration longestPause() {
    return options.leaseFor().dividedBy(6);
  }

  /** One timer for what is due next: a renewal, or the end. */
  private void setTimer() {
    if (timer != null) {
      timer.cancel();
    }
    boolean toRenew = latest == null && !isAtItsMost() && renewAt - validUntil < 0;
    long next = toRenew ? renewAt : validUntil;
    Duration delay = Duration.ofNanos(Math.max(0, next - parts.time().nanoTime()));
    timer = parts.time().schedule(delay, () -> queue.mailbox().post(this::due));
  }

  private void due() {
    if (over) {
      return;
    }
    long now = parts.time().nanoTime();
    Hold.Standing standing = hold.at(now);
    if (standing.state() == LeaseState.LOST) {
      lose(isAtItsMost() ? LossCause.HELD_TOO_LONG : LossCause.EXPIRED);
    } else if (standing.isLive()) {
      if (latest == null && !isAtItsMost() && renewAt - now <= 0) {
        renew(now);
      }
      if (!over) {
        setTimer();
      }
    }
  }

  private void renew(long askedAt) {
    if (holder.get() == null) {
      over = true;
      parts.announcer().announce(new LockEvent.Leaked(claim.name(), hold.token()));
      queue.ended(this);
      return;
    }
    renewedOrTried = true;
    Duration leaseFor =
        endsAtMost.isPresent()
            ? Term.shorter(
                options.leaseFor(),
                Term.lasting(Duration.ofNanos(endsAtMost.getAsLong() - askedAt)))
            : options.leaseFor();
    var answers =
        new Question.Answers<Renewal>() {
          @Override
          public void answered(Renewal answer) {
            stopWaitingFor(this);
            if (answer instanceof Renewal.Renewed renewed) {
              renewed(askedAt, renewed.validFor());
            } else {
              gone();
            }
          }

          @Override
          public void failed(LockException reason) {
            stopWaitingFor(this);
            unanswered(reason);
          }
        };
    latest = answers;
    Question.put(
        parts.time(),
        Term.shorter(parts.requestTimeout(), longestPause()),
        queue.mailbox(),
        () -> parts.backend().renew(claim, leaseFor),
        answers);
  }

  private void stopWaitingFor(Question.Answers<Renewal> answers) {
    if (latest == answers) {
      latest = null;
    }
  }

  private void renewed(long askedAt, Duration validFor) {
    if (over) {
      giveBackIfLost();
      return;
    }
    long now = parts.time().nanoTime();
    if (Term.validUntil(askedAt, validFor) - validUntil > 0 || isAtItsMost()) {
      promised(askedAt, validFor);
    }
    if (hold.renewed(validUntil, now)) {
      backoff = parts.backoff(longestPause());
      parts
          .announcer()
          .announce(
              new LockEvent.Renewed(claim.name(), hold.token(), Duration.ofNanos(now - askedAt)));
      setTimer();
    } else {
      due();
      giveBackIfLost();
    }
  }

  private void gone() {
    if (!over) {
      lose(LossCause.ENDED_BY_STORE);
    }
  }

  private void unanswered(LockException reason) {
    long now = parts.time().nanoTime();
    if (over || !hold.atRisk(now)) {
      return;
    }
    renewAt = now + backoff.next().toNanos();
    parts
        .announcer()
        .announce(
            new LockEvent.RenewalFailed(
                claim.name(), hold.token(), reason, Duration.ofNanos(validUntil - now)));
    setTimer();
  }

  /**
   * The store has prolonged a lease that is lost here. It is given back, but not before the lease
   * would have ended without that, because a holder that is late in stopping relies on the margin.
   */
  private void giveBackIfLost() {
    if (lost) {
      parts
          .time()
          .schedule(
              Term.margin(options.leaseFor()),
              () -> queue.mailbox().post(() -> Farewell.withdraw(parts, queue.mailbox(), claim)));
    }
  }

  private void lose(LossCause cause) {
    end();
    lost = true;
    long now = parts.time().nanoTime();
    HeldLease lease = holder.get();
    if (hold.end(LeaseState.LOST, now).state() == LeaseState.LOST && lease != null) {
      lease.lost();
    }
    parts
        .announcer()
        .announce(new LockEvent.Lost(claim.name(), hold.token(), hold.heldAt(now), cause));
    queue.ended(this);
  }

  private void end() {
    over = true;
    if (timer != null) {
      timer.cancel();
    }
  }

  /** Gives back what a holder has ended. Thread-safe; its outcome tells. */
  void release(Hold ended) {
    queue.mailbox().post(() -> released(ended));
  }

  /** Ends the lease because the locks are closed. */
  CompletableFuture<Boolean> close() {
    Hold closed = hold;
    closed.end(LeaseState.RELEASED, parts.time().nanoTime());
    released(closed);
    return closed.outcome();
  }

  private void released(Hold ended) {
    if (ended != hold) {
      return; // has been handed over
    }
    if (over) {
      if (lost) {
        ended.outcome().complete(false);
      }
      return;
    }
    if (ended.at(parts.time().nanoTime()).state() == LeaseState.LOST) {
      due();
      ended.outcome().complete(false);
    } else if (!handOver(ended)) {
      end();
      Farewell.release(
          parts, queue.mailbox(), claim, ended.token(), keepUntil, validUntil, outcomeOf(ended));
    }
  }

  private boolean handOver(Hold ended) {
    long now = parts.time().nanoTime();
    if (ended.token() == lastToken || renewedOrTried || now - renewAt >= 0) {
      return false;
    }
    Waiter next = queue.pollAlike(options);
    if (next == null) {
      return false;
    }
    announceReleased(ended);
    hold = new Hold(ended.token() + 1, now, validUntil);
    next.granted(startHold());
    ended.outcome().complete(true);
    queue.handedOver();
    return true;
  }

  private Farewell.FirstOutcome outcomeOf(Hold ended) {
    return new Farewell.FirstOutcome() {
      @Override
      public void answered(Release answer) {
        if (answer == Release.RELEASED) {
          announceReleased(ended);
        } else {
          lost = true;
          ended.endedBeforeRelease();
          parts
              .announcer()
              .announce(
                  new LockEvent.Lost(
                      claim.name(),
                      ended.token(),
                      ended.heldAt(parts.time().nanoTime()),
                      LossCause.ENDED_BY_STORE));
        }
        finish(answer == Release.RELEASED);
      }

      @Override
      public void unanswered(LockException reason) {
        parts
            .announcer()
            .announce(new LockEvent.ReleaseUnanswered(claim.name(), ended.token(), reason));
        finish(true);
      }

      private void finish(boolean protectedToTheEnd) {
        queue.ended(LiveLease.this);
        ended.outcome().complete(protectedToTheEnd);
      }
    };
  }

  private void announceReleased(Hold ended) {
    Duration held = ended.heldAt(parts.time().nanoTime());
    parts.announcer().announce(new LockEvent.Released(claim.name(), ended.token(), held));
  }
}
