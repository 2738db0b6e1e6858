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
 * ended, or on a hint, whichever is first; a lost hint costs a pause. A store that gave a place in
 * its line may ask for a longer one. A grant of a claim that was given up is given back whenever it
 * is heard of.
 *
 * <p>Runs in the mailbox of its queue.
 */
final class Acquirer {

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  private final Parts parts;
  private final LocalQueue queue;
  private final String label;
  private final LockOptions options;
  private final Backoff backoff;
  private Claim claim;
  private @Nullable LiveLease lease;
  private @Nullable Watch watch;
  private Time.@Nullable Timer pause;
  private int asked;
  private int unanswered;
  private boolean underWay;
  private boolean hinted;
  private boolean done;
  private boolean mayHaveAPlace;

  Acquirer(Parts parts, LocalQueue queue, String label, LockOptions options) {
    this.parts = parts;
    this.queue = queue;
    this.label = label;
    this.options = options;
    this.backoff = parts.backoff(LONGEST_PAUSE);
    this.claim = Claim.on(queue.name(), label);
  }

  Claim claim() {
    return claim;
  }

  LockOptions options() {
    return options;
  }

  /** Asks without a further pause; does nothing while a question is under way. */
  void askNow() {
    if (!underWay && !done) {
      ask();
    }
  }

  private void ask() {
    stopPausing();
    underWay = true;
    hinted = false;
    unanswered++;
    int number = ++asked;
    Claim asking = claim;
    boolean mayWait = queue.someoneWaits();
    Ask ask = new Ask(asking, leaseFor(), mayWait, queue.spanWanted(options), options.tokenAbove());
    long askedAt = parts.now(); // before the question is sent, never later
    Question.put(
        parts.time(),
        parts.requestTimeout(),
        queue.mailbox(),
        () -> parts.backend().ask(ask),
        (answer, failure) -> {
          boolean isLatest = number == asked && underWay;
          if (isLatest) {
            underWay = false;
          }
          if (answer != null && asking.equals(claim)) {
            unanswered--;
            mayHaveAPlace |= mayWait && answer instanceof Attempt.Refused;
          }
          if (answer instanceof Attempt.Granted granted) {
            granted(granted, asking, askedAt);
          } else if (isLatest && !done) {
            notGranted(answer, failure);
          } else if (answer != null && isGivenUp(asking) && mayWait && parts.keepsALine()) {
            withdraw(asking, false); // its farewell may have come before its place
          }
        });
  }

  private boolean isGivenUp(Claim asked) {
    return !asked.equals(claim) || (done && lease == null);
  }

  private Duration leaseFor() {
    Duration most = options.holdAtMost().map(Term::lasting).orElse(options.leaseFor());
    return Term.shorter(options.leaseFor(), most);
  }

  private void granted(Attempt.Granted granted, Claim asked, long askedAt) {
    if (asked.equals(claim) && lease != null) {
      lease.grantedAgain(granted.firstToken());
    } else if (!asked.equals(claim) || done) {
      withdraw(asked, false);
    } else if (Term.validUntil(askedAt, granted.validFor()) - parts.now() <= 0) {
      startOver(new BackendException("The store's answer took longer than the lease"));
    } else if (granted.firstToken() <= options.tokenAbove()) {
      startOver(new StoreRefusedException("This store cannot raise its tokens"));
    } else {
      stop();
      lease = queue.granted(this, granted, askedAt);
    }
  }

  /**
   * The claim is spent without a lease. The next one does not come at once, or it would never end.
   */
  private void startOver(LockException reason) {
    stopWatching();
    withdraw(claim, unanswered > 0);
    claim = Claim.on(queue.name(), label);
    unanswered = 0;
    mayHaveAPlace = false;
    underWay = false; // what is under way is the spent claim's
    notGranted(null, reason);
  }

  private void withdraw(Claim spent, boolean askMayCome) {
    Farewell.withdraw(parts, queue.mailbox(), spent, parts.now(), askMayCome);
  }

  private void notGranted(@Nullable Attempt answer, @Nullable LockException failure) {
    queue.answered(failure, options);
    if (done) {
      return;
    }
    Duration next = backoff.next();
    if (answer instanceof Attempt.Refused refused) {
      Duration ends = refused.askAgainIn();
      boolean isTold = refused.position().isPresent(); // whose turn it is, in a line
      boolean endsFirst = !ends.isZero() && (isTold || ends.compareTo(next) < 0);
      pauseFor(endsFirst ? backoff.notBefore(ends) : next);
      if (watch == null) {
        Announcer.guarded("a watch", this::startWatching);
      }
      if (hinted) {
        askNow();
      }
    } else {
      pauseFor(next);
    }
  }

  private void startWatching() {
    watch = parts.backend().watch(claim, () -> queue.mailbox().post(this::mayBeFree));
  }

  private void stopWatching() {
    Watch watching = watch;
    if (watching != null) {
      watch = null;
      Announcer.guarded("the end of a watch", watching::close);
    }
  }

  private void mayBeFree() {
    hinted = underWay;
    askNow();
  }

  private void pauseFor(Duration span) {
    stopPausing();
    pause = parts.time().schedule(span, () -> queue.mailbox().post(this::askNow));
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
    if (unanswered > 0 || mayHaveAPlace) {
      withdraw(claim, unanswered > 0);
    }
  }

  private void stop() {
    done = true;
    stopPausing();
    stopWatching();
  }
}
