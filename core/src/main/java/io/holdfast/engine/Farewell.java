package io.holdfast.engine;

import io.holdfast.LockException;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Gives a claim back: the release of a lease, or the withdrawal of a claim that is no longer wished
 * for. Without an answer it is repeated, because the store may not have heard it; a release is safe
 * to repeat, since it acts only on what is the claim's own. Runs in the mailbox of its queue.
 *
 * <p>Where locks end by themselves, so does what is not heard of in time. Where they end only with
 * their process, it is repeated until the store has heard it or the locks are closed: otherwise the
 * name would be taken for as long as the process lives (CURATOR-315, CURATOR-678).
 */
final class Farewell {

  private final Parts parts;
  private final Mailbox mailbox;
  private final Claim claim;
  private final long lastTokenUsed;
  private final long keepUntil;
  private final long repeatUntil;
  private final Question.Listener<Release> told;
  private final Backoff backoff;
  private final CompletableFuture<Void> settled;
  private final long settlesAt;
  private boolean askMayCome;
  private boolean toldFirst;
  private boolean answered;

  private Farewell(
      Parts parts,
      Mailbox mailbox,
      Claim claim,
      long lastTokenUsed,
      long keepUntil,
      long repeatUntil,
      boolean askMayCome,
      Question.Listener<Release> told) {
    this.parts = parts;
    this.mailbox = mailbox;
    this.claim = claim;
    this.lastTokenUsed = lastTokenUsed;
    this.keepUntil = keepUntil;
    this.repeatUntil = parts.locksEndByThemselves() ? repeatUntil : parts.now() + Term.FOR_EVER;
    this.askMayCome = askMayCome;
    this.told = told;
    this.backoff = parts.backoff(Duration.ofSeconds(parts.locksEndByThemselves() ? 1 : 30));
    this.settled = parts.awaitedOnClose();
    this.settlesAt = parts.now() + parts.requestTimeout().toNanos();
  }

  /**
   * Ends a lease: repeated until the lease would have ended by itself.
   *
   * @param keepUntil when the lock may be free at the earliest
   * @param validUntil when the lease would have ended
   * @param told is told of the first outcome
   */
  static void release(
      Parts parts,
      Mailbox mailbox,
      Claim claim,
      long lastTokenUsed,
      long keepUntil,
      long validUntil,
      Question.Listener<Release> told) {
    new Farewell(parts, mailbox, claim, lastTokenUsed, keepUntil, validUntil, false, told).send();
  }

  /**
   * Withdraws a claim that nobody holds: at once, again while that fails at once, and once more
   * after a request timeout without an answer. What slips through ends with its lease, as nobody
   * renews it.
   *
   * @param keepUntil when the lock may be free at the earliest
   * @param askMayCome whether a question of the claim is unanswered: it may have been overtaken, so
   *     that the store knows nothing yet, and then it is told once more
   */
  static void withdraw(
      Parts parts, Mailbox mailbox, Claim claim, long keepUntil, boolean askMayCome) {
    long repeatUntil = parts.now() + 2 * parts.requestTimeout().toNanos();
    new Farewell(
            parts, mailbox, claim, 0, keepUntil, repeatUntil, askMayCome, (answer, failure) -> {})
        .send();
  }

  private void send() {
    Duration keepFor = Duration.ofNanos(Math.max(0, keepUntil - parts.now()));
    Question.put(
        parts.time(),
        parts.requestTimeout(),
        mailbox,
        () -> parts.backend().release(claim, lastTokenUsed, keepFor),
        this::hear);
  }

  private void hear(@Nullable Release answer, @Nullable LockException failure) {
    if (answer == null) {
      sendAfter(backoff.next());
    } else if (answer == Release.GONE && askMayCome) {
      askMayCome = false;
      settled.complete(null);
      sendAfter(parts.requestTimeout());
    } else {
      answered = true;
      settled.complete(null);
    }
    if (!toldFirst) {
      toldFirst = true;
      settleInTime();
      told.hears(answer, failure);
    }
  }

  /** What fails at once is tried again while {@code Locks.close()} waits: one request timeout. */
  private void settleInTime() {
    long left = settlesAt - parts.now();
    if (left <= 0) {
      settled.complete(null);
    } else if (!settled.isDone()) {
      Time.Timer end = parts.time().schedule(Duration.ofNanos(left), () -> settled.complete(null));
      var unused = settled.whenComplete((done, failed) -> end.cancel());
    }
  }

  private void sendAfter(Duration pause) {
    if (isWorthRepeating()) {
      parts.time().schedule(pause, () -> mailbox.post(this::sendAgain));
    }
  }

  private void sendAgain() {
    if (isWorthRepeating()) {
      send();
    }
  }

  private boolean isWorthRepeating() {
    long now = parts.now();
    return !answered && repeatUntil - now > 0 && (!parts.isClosed() || settlesAt - now > 0);
  }
}
