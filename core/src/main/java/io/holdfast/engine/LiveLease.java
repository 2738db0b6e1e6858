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

  private enum Phase {
    /** Renewed until further notice. */
    LIVE,
    /** Given back; nothing is renewed any more, and the answer is awaited. */
    ENDING,
    /** Of no interest to anybody. */
    OVER
  }

  private final Parts parts;
  private final LocalQueue queue;
  private final Claim claim;
  private final LockOptions options;
  private final long lastToken;
  private long keepUntil;
  private final long endsAtMost;
  private Phase phase = Phase.LIVE;
  private Hold hold;
  private WeakReference<@Nullable HeldLease> holder = new WeakReference<>(null);
  private long renewAt;
  private Backoff backoff;
  private Time.@Nullable Timer timer;
  private int renewals;
  private boolean underWay;
  private boolean leaked;
  private boolean grantedAgain;
  private boolean givingBack;

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
    long now = parts.now();
    this.lastToken = granted.firstToken() + granted.span() - 1;
    this.keepUntil = now + options.keepFor().toNanos();
    this.endsAtMost = askedAt + options.holdAtMost().map(Duration::toNanos).orElse(Term.FOR_EVER);
    this.backoff = parts.backoff(longestPause());
    this.renewAt = renewAt(askedAt, granted.validFor());
    this.hold = new Hold(granted.firstToken(), now, validUntil(askedAt, granted.validFor()));
  }

  /** What the current holder has in hand. */
  HeldLease startHold() {
    HeldLease lease = new HeldLease(parts, claim.name(), this, hold);
    holder = new WeakReference<>(lease);
    setTimer(hold.at(parts.now()));
    return lease;
  }

  private long validUntil(long askedAt, Duration validFor) {
    long until = Term.validUntil(askedAt, validFor);
    return until - endsAtMost > 0 ? endsAtMost : until;
  }

  /**
   * After a third of the lease. One that lasts to its limit cannot be prolonged, and gets shorter;
   * it is renewed at the same distances all the same, so that its holder hears of it if the store
   * has ended it.
   */
  private long renewAt(long askedAt, Duration validFor) {
    boolean lastsToLimit = endsAtMost == validUntil(askedAt, validFor);
    // Rounded up, so that the third one is the end.
    long third = lastsToLimit ? (limited(options).toNanos() + 2) / 3 : validFor.toNanos() / 3;
    return askedAt + third;
  }

  private static Duration limited(LockOptions options) {
    return Term.shorter(options.leaseFor(), options.holdAtMost().orElse(options.leaseFor()));
  }

  private Duration longestPause() {
    return options.leaseFor().dividedBy(6);
  }

  /** Whether a renewal may be asked for: nobody has been, and someone relies on it. */
  private boolean isToBeRenewed() {
    return !underWay && !leaked;
  }

  /** One timer for what is due next: a renewal, or the end. */
  private void setTimer(Hold.Standing standing) {
    stopTimer();
    boolean renewalIsNext = isToBeRenewed() && renewAt - standing.validUntil() < 0;
    long next = renewalIsNext ? renewAt : standing.validUntil();
    Duration delay = Duration.ofNanos(Math.max(0, next - parts.now()));
    timer = parts.time().schedule(delay, () -> queue.mailbox().post(this::due));
  }

  private void stopTimer() {
    if (timer != null) {
      timer.cancel();
    }
  }

  /** Does what the clock says is due. May be called at any time. */
  void due() {
    long now = parts.now();
    Hold.Standing standing = hold.at(now);
    if (phase != Phase.LIVE) {
      return;
    }
    if (standing.state() == LeaseState.RELEASED) {
      released(hold);
      return;
    }
    if (standing.state() == LeaseState.LOST) {
      lose(endsAtMost == standing.validUntil() ? LossCause.HELD_TOO_LONG : LossCause.EXPIRED);
      return;
    }
    if (isToBeRenewed() && renewAt - now <= 0) {
      renew(now);
    }
    setTimer(standing);
  }

  private void renew(long askedAt) {
    if (holder.get() == null) {
      leaked = true;
      parts.announcer().announce(new LockEvent.Leaked(claim.name(), hold.token()));
      return;
    }
    int number = ++renewals;
    underWay = true;
    Duration most = Term.lasting(Duration.ofNanos(endsAtMost - askedAt));
    Question.put(
        parts.time(),
        Term.shorter(parts.requestTimeout(), longestPause()),
        queue.mailbox(),
        () -> parts.backend().renew(claim, Term.shorter(options.leaseFor(), most)),
        (answer, failure) -> {
          if (number == renewals) {
            underWay = false;
          }
          if (answer instanceof Renewal.Renewed renewed) {
            renewed(askedAt, renewed.validFor());
          } else if (answer != null) {
            gone();
          } else if (failure != null) {
            unanswered(failure);
          }
        });
  }

  private void renewed(long askedAt, Duration validFor) {
    long now = parts.now();
    long until = validUntil(askedAt, validFor);
    if (phase == Phase.LIVE) {
      Hold.Standing standing = hold.renewed(until, now);
      if (standing.validUntil() == until) {
        renewAt = renewAt(askedAt, validFor);
        backoff = parts.backoff(longestPause());
      } else if (!underWay) {
        renewAt = now + backoff.next().toNanos(); // it moved nothing: not again at once
      }
      if (standing.isLive()) {
        Duration took = Duration.ofNanos(now - askedAt);
        parts.announcer().announce(new LockEvent.Renewed(claim.name(), hold.token(), took));
      }
      due();
    }
    giveBackIfLost();
  }

  private void gone() {
    long now = parts.now();
    Hold.Standing standing = hold.at(now);
    if (phase != Phase.LIVE) {
      return;
    }
    if (standing.isLive() || standing.validUntil() - now > 0) {
      lose(LossCause.ENDED_BY_STORE);
    } else {
      due();
    }
  }

  private void unanswered(LockException reason) {
    long now = parts.now();
    if (phase != Phase.LIVE) {
      return;
    }
    Hold.Standing standing = hold.atRisk(now);
    if (standing.isLive() && !underWay) {
      renewAt = now + backoff.next().toNanos();
    }
    if (standing.isLive()) {
      Duration remaining = Duration.ofNanos(standing.validUntil() - now);
      parts
          .announcer()
          .announce(new LockEvent.RenewalFailed(claim.name(), hold.token(), reason, remaining));
    }
    due();
  }

  private void lose(LossCause cause) {
    phase = Phase.OVER;
    keepsNothing();
    stopTimer();
    hold.lose();
    queue.ended(this);
    tellLost(cause);
    hold.outcome().complete(false);
    if (cause != LossCause.ENDED_BY_STORE && !parts.locksEndByThemselves()) {
      giveBackIfLost();
    }
  }

  private void tellLost(LossCause cause) {
    Duration held = hold.heldAt(parts.now());
    parts.announcer().announce(new LockEvent.Lost(claim.name(), hold.token(), held, cause));
    hold.tellLost(parts.callbacks(), parts.time());
  }

  /**
   * The store may keep a lease that is lost here. It is given back, but not before the lease would
   * have ended without that, because a holder that is late in stopping relies on the margin.
   */
  private void giveBackIfLost() {
    boolean isLost = phase == Phase.OVER && hold.at(parts.now()).state() == LeaseState.LOST;
    if (isLost && !givingBack) {
      givingBack = true;
      parts
          .time()
          .schedule(Term.margin(options.leaseFor()), () -> queue.mailbox().post(this::withdraw));
    }
  }

  private void withdraw() {
    givingBack = !parts.locksEndByThemselves(); // then one farewell is repeated until it is heard
    if (!parts.isClosed()) {
      Farewell.withdraw(parts, queue.mailbox(), claim, keepUntil, false);
    }
  }

  /**
   * A question that was asked before the grant was accepted is answered only now: with the same
   * grant, unless the store had forgotten that and another may have had the lock meanwhile.
   */
  void grantedAgain(long firstToken) {
    if (phase == Phase.LIVE && firstToken > lastToken) {
      gone();
    }
    switch (phase) {
      case LIVE -> {}
      case ENDING -> grantedAgain = true;
      case OVER -> {
        if (hold.at(parts.now()).state() == LeaseState.LOST) {
          giveBackIfLost();
        } else {
          withdraw();
        }
      }
    }
  }

  /** Another may have the lock at once: whoever was to be kept out for has not done its work. */
  private void keepsNothing() {
    keepUntil = parts.now();
  }

  /** Gives back what a holder has ended; the hold's outcome tells. Thread-safe. */
  void release(Hold ended) {
    queue.mailbox().post(() -> released(ended));
  }

  private void released(Hold ended) {
    if (ended == hold && phase == Phase.LIVE && !handOver()) {
      giveBack();
    }
  }

  /** Ends the lease because the locks are closed. What its holder still does is unprotected. */
  void close() {
    if (phase != Phase.LIVE) {
      return;
    }
    if (hold.at(parts.now()).isLive()) {
      keepsNothing();
      hold.lose();
      tellLost(LossCause.LOCKS_CLOSED);
      hold.outcome().complete(false);
      giveBack();
    } else if (hold.at(parts.now()).state() == LeaseState.RELEASED) {
      giveBack();
    } else {
      due();
    }
  }

  private boolean handOver() {
    long now = parts.now();
    Hold ended = hold;
    if (ended.token() == lastToken || renewals > 0 || now - renewAt >= 0) {
      return false;
    }
    Waiter next = queue.pollAlike(options);
    if (next == null) {
      return false;
    }
    hold = new Hold(ended.token() + 1, now, ended.at(now).validUntil());
    announceReleased(ended);
    next.granted(startHold());
    ended.outcome().complete(true);
    return true;
  }

  private void giveBack() {
    phase = Phase.ENDING;
    stopTimer();
    if (hold.wasNeverSeen()) {
      keepsNothing();
    }
    long validUntil = hold.at(parts.now()).validUntil();
    long mayLastUntil = underWay ? parts.now() + options.leaseFor().toNanos() : validUntil;
    Farewell.release(
        parts,
        queue.mailbox(),
        claim,
        hold.token(),
        keepUntil,
        mayLastUntil,
        (answer, failure) -> givenBack(answer, failure, validUntil));
  }

  /** GONE is a loss only if it is heard before the lease would have ended by itself. */
  private void givenBack(
      @Nullable Release answer, @Nullable LockException failure, long validUntil) {
    phase = Phase.OVER;
    queue.ended(this);
    boolean lost = hold.at(parts.now()).state() == LeaseState.LOST;
    if (answer == Release.GONE && validUntil - parts.now() > 0 && !lost) {
      hold.lose();
      tellLost(LossCause.ENDED_BY_STORE);
      lost = true;
    } else if (failure != null) {
      parts
          .announcer()
          .announce(new LockEvent.ReleaseUnanswered(claim.name(), hold.token(), failure));
    } else if (!lost) {
      announceReleased(hold);
    }
    hold.outcome().complete(!lost);
    if (grantedAgain) {
      withdraw();
    }
  }

  private void announceReleased(Hold ended) {
    Duration held = ended.heldAt(parts.now());
    parts.announcer().announce(new LockEvent.Released(claim.name(), ended.token(), held));
  }
}
