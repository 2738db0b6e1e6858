package io.holdfast.engine;

import io.holdfast.LockException;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Time;
import java.time.Duration;

/**
 * Gives a claim back: the release of a lease, or the withdrawal of a claim that is no longer wished
 * for. Without an answer it is repeated, because the store may not have heard it; release is safe
 * to repeat, since it acts only on what is the claim's own.
 */
final class Farewell implements Question.Answers<Release> {

  /** Is told of the first outcome, in the mailbox. */
  interface FirstOutcome {
    void answered(Release answer);

    void unanswered(LockException reason);
  }

  private static final FirstOutcome NOBODY =
      new FirstOutcome() {
        @Override
        public void answered(Release answer) {}

        @Override
        public void unanswered(LockException reason) {}
      };

  private final Parts parts;
  private final Mailbox mailbox;
  private final Claim claim;
  private final long lastTokenUsed;
  private final long keepUntil;
  private final long repeatUntil;
  private final FirstOutcome told;
  private final Backoff backoff;
  private boolean toldFirst;
  private boolean answered;

  private Farewell(
      Parts parts,
      Mailbox mailbox,
      Claim claim,
      long lastTokenUsed,
      long keepUntil,
      long repeatUntil,
      FirstOutcome told) {
    this.parts = parts;
    this.mailbox = mailbox;
    this.claim = claim;
    this.lastTokenUsed = lastTokenUsed;
    this.keepUntil = keepUntil;
    this.repeatUntil = repeatUntil;
    this.told = told;
    this.backoff = parts.backoff(Duration.ofSeconds(1));
  }

  /**
   * Ends a lease: repeated until the lease would have ended by itself.
   *
   * @param keepUntil when the lock may be free at the earliest
   * @param validUntil when the lease would have ended
   */
  static void release(
      Parts parts,
      Mailbox mailbox,
      Claim claim,
      long lastTokenUsed,
      long keepUntil,
      long validUntil,
      FirstOutcome told) {
    new Farewell(parts, mailbox, claim, lastTokenUsed, keepUntil, validUntil, told).send();
  }

  /**
   * Withdraws a claim that nobody holds: at once, again while that fails at once, and once more
   * after a request timeout without an answer. What slips through ends with its lease, as nobody
   * renews it.
   */
  static void withdraw(Parts parts, Mailbox mailbox, Claim claim) {
    long now = parts.time().nanoTime();
    long repeatUntil = now + 2 * parts.requestTimeout().toNanos();
    new Farewell(parts, mailbox, claim, 0, now, repeatUntil, NOBODY).send();
  }

  private void send() {
    Time time = parts.time();
    Duration keepFor = Duration.ofNanos(Math.max(0, keepUntil - time.nanoTime()));
    Question.put(
        time,
        parts.requestTimeout(),
        mailbox,
        () -> parts.backend().release(claim, lastTokenUsed, keepFor),
        this);
  }

  @Override
  public void answered(Release answer) {
    answered = true;
    if (!toldFirst) {
      toldFirst = true;
      told.answered(answer);
    }
  }

  @Override
  public void failed(LockException reason) {
    if (!toldFirst) {
      toldFirst = true;
      told.unanswered(reason);
    }
    if (isWorthRepeating()) {
      parts.time().schedule(backoff.next(), () -> mailbox.post(this::repeat));
    }
  }

  private void repeat() {
    if (isWorthRepeating()) {
      send();
    }
  }

  private boolean isWorthRepeating() {
    return !answered && !parts.isClosed() && repeatUntil - parts.time().nanoTime() > 0;
  }
}
