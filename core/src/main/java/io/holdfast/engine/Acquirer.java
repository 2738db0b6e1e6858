package io.holdfast.engine;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.LockOptions;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Time;
import io.holdfast.spi.Watch;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Asks the store for one claim, again and again, until it is granted or withdrawn. The only place
 * that waits for a store.
 *
 * <p>The claim is the same in every question, so a lost answer costs nothing: asking again is
 * answered with the same grant. It asks again after a pause, when the holder's lease may have
 * ended, or on a hint, whichever is first; a lost hint costs a pause. Once the claim is given up,
 * an answer that still comes is given back.
 *
 * <p>Runs in the mailbox of its queue.
 */
final class Acquirer {

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(5);

  private final Parts parts;
  private final LocalQueue queue;
  private final Claim claim;
  private final LockOptions options;
  private final Backoff backoff;
  private @Nullable LiveLease lease;
  private @Nullable Watch watch;
  private Time.@Nullable Timer pause;
  private Question.@Nullable Answers<Attempt> latest;
  private boolean hinted;
  private boolean done;
  private boolean storeMayKnowClaim;

  Acquirer(Parts parts, LocalQueue queue, Claim claim, LockOptions options) {
    this.parts = parts;
    this.queue = queue;
    this.claim = claim;
    this.options = options;
    this.backoff = parts.backoff(LONGEST_PAUSE);
  }

  Claim claim() {
    return claim;
  }

  LockOptions options() {
    return options;
  }

  /** Asks without a further pause; does nothing while a question is under way. */
  void askNow() {
    if (latest == null && !done) {
      ask();
    }
  }

  private void ask() {
    stopPausing();
    hinted = false;
    boolean mayWait = queue.someoneWaits();
    Duration leaseFor =
        options
            .holdAtMost()
            .map(most -> Term.shorter(options.leaseFor(), Term.lasting(most)))
            .orElse(options.leaseFor());
    Ask ask = new Ask(claim, leaseFor, mayWait, queue.spanWanted(options), options.tokenAbove());
    boolean knownBefore = storeMayKnowClaim;
    storeMayKnowClaim = true;
    long askedAt = parts.time().nanoTime(); // before the question is sent, never later
    var answers =
        new Question.Answers<Attempt>() {
          @Override
          public void answered(Attempt answer) {
            boolean isLatest = stopWaitingFor(this);
            if (answer instanceof Attempt.Granted granted) {
              Acquirer.this.granted(granted, askedAt);
            } else if (answer instanceof Attempt.Refused refused && isLatest) {
              storeMayKnowClaim = knownBefore || mayWait;
              Acquirer.this.refused(refused);
            }
          }

          @Override
          public void failed(LockException reason) {
            if (stopWaitingFor(this)) {
              unanswered(reason);
            }
          }
        };
    latest = answers;
    Question.put(
        parts.time(),
        parts.requestTimeout(),
        queue.mailbox(),
        () -> parts.backend().ask(ask),
        answers);
  }

  private boolean stopWaitingFor(Question.Answers<Attempt> answers) {
    boolean isLatest = latest == answers;
    if (isLatest) {
      latest = null;
    }
    return isLatest && !done;
  }

  private void granted(Attempt.Granted granted, long askedAt) {
    if (done) {
      if (lease == null || lease.isOver()) {
        Farewell.withdraw(parts, queue.mailbox(), claim); // granted after it was given back
      }
      return;
    }
    if (Term.validUntil(askedAt, granted.validFor()) - parts.time().nanoTime() <= 0) {
      withdraw();
      queue.spent(new BackendException("The store's answer took longer than the lease"));
    } else if (granted.firstToken() <= options.tokenAbove()) {
      withdraw();
      queue.spent(new StoreRefusedException("This store cannot raise its tokens"));
    } else {
      stop();
      queue.granted(this, granted, askedAt);
    }
  }

  /** The grant was accepted: from here on the claim is the lease's. */
  void becameLease(LiveLease accepted) {
    lease = accepted;
  }

  private void refused(Attempt.Refused refused) {
    queue.refused();
    if (done) {
      return;
    }
    if (watch == null) {
      watch = parts.backend().watch(claim, () -> queue.mailbox().post(this::mayBeFree));
    }
    if (hinted) {
      askNow();
    } else {
      Duration ends = refused.askAgainIn();
      Duration next = backoff.next();
      pauseFor(ends.isZero() || ends.compareTo(next) > 0 ? next : later(ends));
    }
  }

  /** A little later than a lease's end, so that those who wait for it do not all come at once. */
  private Duration later(Duration ends) {
    long spread = SHORTEST_PAUSE.toNanos();
    return ends.plusNanos(parts.random().nextLong(spread / 5, spread));
  }

  private void unanswered(LockException reason) {
    queue.failed(reason);
    if (!done) {
      pauseFor(backoff.next());
    }
  }

  private void mayBeFree() {
    if (latest == null) {
      askNow();
    } else {
      hinted = true;
    }
  }

  private void pauseFor(Duration span) {
    if (latest == null && pause == null) {
      pause = parts.time().schedule(span, () -> queue.mailbox().post(this::pauseIsOver));
    }
  }

  private void pauseIsOver() {
    pause = null;
    askNow();
  }

  private void stopPausing() {
    if (pause != null) {
      pause.cancel();
      pause = null;
    }
  }

  /** Gives the claim up. It is never asked for again. */
  void withdraw() {
    stop();
    if (storeMayKnowClaim) {
      Farewell.withdraw(parts, queue.mailbox(), claim);
    }
  }

  private void stop() {
    done = true;
    stopPausing();
    if (watch != null) {
      watch.close();
      watch = null;
    }
  }
}
