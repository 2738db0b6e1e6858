package io.holdfast.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Watch;
import io.holdfast.etcd.Transactions.Tenure;
import io.holdfast.spi.Attempt;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What this process knows of a claim's place in the line: its key's create revision, who is ahead,
 * and who wants to hear when that changes.
 *
 * <p>It listens to two keys only, the one ahead and its own, so a release wakes one waiter. To its
 * own from the revision after that at which it looked. To the one ahead from now on, and looks at
 * it once more if anything was written in between: etcd tells a watch that begins in the past what
 * it has to tell in rounds of 100 ms ({@code syncWatchersLoop}, etcd 3.4 to 3.6), and each turn of
 * a line would wait for one. Thread-safe.
 */
final class Place {

  /**
   * What the last answer said.
   *
   * @param revision the key's create revision; 0 if there is none that we know of
   * @param before how many are ahead, at most: those who left were not all counted
   * @param ahead the next of them
   * @param at the revision of the answer
   */
  private record Seen(
      long revision, int before, Optional<Tenure> ahead, boolean aheadIsGone, long at) {
    private static final Seen NOTHING = new Seen(0, Integer.MAX_VALUE, Optional.empty(), false, 0);

    /** When the one ahead was deleted at a revision, in the life that was seen or a later one. */
    private Seen withoutAhead(ByteSequence key, long deletedAt) {
      return ahead.filter(it -> it.key().equals(key) && it.revision() < deletedAt).isPresent()
          ? new Seen(revision, before, ahead, true, at)
          : this;
    }
  }

  /**
   * Whether its claim still has it. Changes within the compute of {@link Places}, but for the last.
   */
  enum Stage {
    KEPT,
    /** Its key is being deleted: nobody may rely on it any more. */
    GIVEN_UP,
    /** Nobody knows whether its key was deleted. */
    UNHEARD
  }

  /** The first answer that granted it. */
  private record Granted(long revision, Attempt.Granted grant, long heardAt) {}

  private record Hearer(
      Watch watches, Function<Tenure, CompletionStage<Boolean>> isStillThere, Runnable hint) {}

  private final Session session;
  private final ByteSequence key;
  private final AtomicInteger unanswered = new AtomicInteger();
  private volatile Stage stage = Stage.KEPT;
  private int lastAsk; // within the compute of Places alone
  private final AtomicReference<Seen> seen = new AtomicReference<>(Seen.NOTHING);
  private final AtomicReference<@Nullable Granted> granted = new AtomicReference<>();
  private final AtomicReference<@Nullable Listening> listening = new AtomicReference<>();
  private volatile @Nullable Hearer hearer;

  /**
   * A place that is not taken yet.
   *
   * @param former the claim's place on a lease that is gone; whoever heard of that hears of this
   */
  Place(Session session, ByteSequence key, @Nullable Place former) {
    this.session = session;
    this.key = key;
    this.hearer = former == null ? null : former.hearer;
  }

  Session session() {
    return session;
  }

  private Seen seen() {
    return Objects.requireNonNull(seen.get());
  }

  ByteSequence key() {
    return key;
  }

  /** Its key's create revision; 0 while no answer has said it. */
  long revision() {
    return seen().revision();
  }

  /** As its key was when it was seen last. */
  Tenure tenure() {
    return new Tenure(key, revision());
  }

  Stage stage() {
    return stage;
  }

  void enter(Stage next) {
    stage = next;
  }

  /** The number of the claim's last ask here. */
  int lastAsk() {
    return lastAsk;
  }

  /** Another ask begins. Answers its number. */
  int nextAsk() {
    asked();
    return ++lastAsk;
  }

  /** Whether an answer has ever granted it. */
  boolean wasGranted() {
    return granted.get() != null;
  }

  /** A question is put that may write or delete the key, whatever its create revision. */
  void asked() {
    unanswered.incrementAndGet();
  }

  /** One of those questions was answered; one that failed never is. */
  void answered() {
    unanswered.decrementAndGet();
  }

  /** Whether some such question may still reach the store. */
  boolean isInDoubt() {
    return unanswered.get() > 0;
  }

  Optional<Tenure> ahead() {
    return seen().ahead();
  }

  /** Whether a look at it is likely to find it first. */
  boolean maybeFirst() {
    Seen last = seen();
    return last.aheadIsGone() || last.ahead().isEmpty();
  }

  void entered(long revision, int before) {
    seen.set(new Seen(revision, before, Optional.empty(), false, revision));
  }

  /** Its key is not there, or is another's: whoever asks takes a new one. */
  void forget() {
    seen.set(Seen.NOTHING);
  }

  /**
   * Its grant in that life of its key, the first one that was said; {@code validFor} is the latest.
   */
  Attempt.Granted granted(Attempt.Granted latest, long revision, long heardAt) {
    Granted first =
        granted.updateAndGet(
            known ->
                known != null && known.revision() == revision
                    ? known
                    : new Granted(revision, latest, heardAt));
    return new Attempt.Granted(first.grant().firstToken(), first.grant().span(), latest.validFor());
  }

  /**
   * When it was heard of that the place is the first; empty if it was not, or not in that life of
   * its key, or if the key was seen to be missing or another one since.
   */
  Optional<Long> grantedAt(long revision) {
    return Optional.ofNullable(granted.get())
        .filter(known -> known.revision() == revision && revision == revision())
        .map(Granted::heardAt);
  }

  /**
   * Somebody is ahead.
   *
   * @param others how many have a place beside this one
   */
  Attempt.Refused refused(Tenure ahead, int others, long at) {
    Seen now =
        seen.updateAndGet(
            last ->
                new Seen(
                    last.revision(),
                    Math.min(last.before(), others),
                    Optional.of(ahead),
                    false,
                    at));
    listen();
    Listening last = listening.get();
    boolean isTold = last != null && last.isAbout(ahead.key()) && last.missesNothing();
    return new Attempt.Refused(
        isTold ? session.patience() : Duration.ZERO, OptionalInt.of(now.before()));
  }

  /**
   * Runs the hint whenever the place may have become the first, until {@link #ignore}.
   *
   * @param isStillThere asks the store
   */
  void hear(Watch watches, Function<Tenure, CompletionStage<Boolean>> isStillThere, Runnable hint) {
    hearer = new Hearer(watches, isStillThere, hint);
    listen();
  }

  void ignore() {
    hearer = null;
    Listening last = listening.getAndSet(null);
    if (last != null) {
      last.stop();
    }
  }

  private void listen() {
    Hearer mine = hearer;
    Seen last = seen();
    if (mine == null || last.ahead().isEmpty()) {
      return;
    }
    Tenure ahead = last.ahead().get();
    Listening former = listening.get();
    if (former != null && !former.isOver() && former.isAbout(ahead.key())) {
      return;
    }
    Listening next =
        new Listening(
            mine.watches(),
            ahead.key(),
            gone -> deleted(gone.getKey(), gone.getModRevision(), mine.hint()),
            mine.hint());
    if (listening.compareAndSet(former, next)) {
      if (former != null) {
        former.stop();
      }
      next.to(ahead.key(), 0, false, begunAt -> begun(next, begunAt, last.at(), ahead, mine));
      next.to(key, last.at() + 1, false, begunAt -> next.missesNothingMore());
      if (hearer == null) {
        next.stop();
      }
    }
  }

  /** It is told what happens to the one ahead from now on, and was not what happened before. */
  private void begun(Listening heard, long begunAt, long lookedAt, Tenure ahead, Hearer mine) {
    if (begunAt <= lookedAt) {
      heard.missesNothingMore();
      return;
    }
    var unused =
        mine.isStillThere()
            .apply(ahead)
            .whenComplete(
                (isThere, failure) -> {
                  if (failure != null) {
                    heard.end();
                    return;
                  }
                  heard.missesNothingMore();
                  if (!isThere) {
                    deleted(ahead.key(), ahead.revision() + 1, mine.hint());
                  }
                });
  }

  /**
   * Says nothing of a life of the key after the revision. Whoever was hinted already is not again,
   * but for one who does not know yet who is ahead.
   */
  private void deleted(ByteSequence which, long at, Runnable hint) {
    UnaryOperator<Seen> without =
        last ->
            which.equals(key)
                ? (last.revision() < at ? Seen.NOTHING : last)
                : last.withoutAhead(which, at);
    Seen before = Objects.requireNonNull(seen.getAndUpdate(without));
    if (before.ahead().isEmpty() || !without.apply(before).equals(before)) {
      hint.run();
    }
  }
}
