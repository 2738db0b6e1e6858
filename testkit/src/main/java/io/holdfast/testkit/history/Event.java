package io.holdfast.testkit.history;

import java.util.List;

/**
 * What happened in a run: what callers did and heard, what the store and the resource did, and what
 * disturbed them.
 *
 * <p>All times are nanoseconds of one clock; on one host {@link System#nanoTime()}, which its
 * processes share. They are compared as plain numbers, so a clock that overflows meanwhile needs an
 * offset. A {@code process} is whoever may be paused or killed as a whole, a {@code hold} is one
 * call of acquire by one caller and what came of it: a number used once in a history.
 *
 * <p>Immutable and thread-safe.
 */
public sealed interface Event {

  /** When it was over, or when it was seen. */
  long at();

  /** What a caller knows of what it asked for. */
  enum Outcome {
    /** It was done. */
    OK,
    /** It was not done, and will not be. */
    FAILED,
    /** An acquire whose caller went away first: cancelled or interrupted. */
    WITHDRAWN,
    /** No answer: it may have been done, may be done later, or never. */
    UNKNOWN
  }

  /**
   * A caller asked for a lock.
   *
   * @param name the lock
   * @param invokedAt when it asked
   * @param returnedAt when it heard; when it died or the history ended if it never did
   * @param outcome FAILED: someone else had it for as long as the caller would wait
   * @param token the fencing token; 0 unless OK
   * @param validUntil until when it may rely on the lock, as far as it knew then; 0 unless OK
   * @param waitAtMost how long it wanted to wait at most, in nanoseconds; negative if it did not
   *     say
   */
  record Acquire(
      String process,
      String name,
      long hold,
      long invokedAt,
      long returnedAt,
      Outcome outcome,
      long token,
      long validUntil,
      long waitAtMost)
      implements Event {
    /**
     * Checks the times.
     *
     * @throws IllegalArgumentException if it returned before it was invoked
     */
    public Acquire {
      if (returnedAt < invokedAt) {
        throw new IllegalArgumentException(
            "Hold %d of %s returned before it was invoked".formatted(hold, name));
      }
    }

    @Override
    public long at() {
      return returnedAt;
    }
  }

  /**
   * A holder looked whether it still has the lock.
   *
   * @param token the token as the lease tells it now
   * @param validUntil until when it may rely on the lock; not after {@code at} if it is told that
   *     it has it no more
   */
  record Look(String process, long hold, long at, long token, long validUntil) implements Event {
    /** Whether the holder saw that it has the lock. */
    public boolean isHeld() {
      return validUntil > at;
    }
  }

  /** A holder was told that it has the lock no more, without having asked. */
  record Lost(String process, long hold, long at) implements Event {}

  /**
   * A holder gave the lock back.
   *
   * @param outcome FAILED: it was told that the lock had been lost before
   */
  record Release(String process, long hold, long invokedAt, long returnedAt, Outcome outcome)
      implements Event {
    @Override
    public long at() {
      return returnedAt;
    }
  }

  /**
   * A holder announced its token to the resource before it read: guard (a).
   *
   * @param at when the resource decided
   */
  record Claim(String resource, String process, long hold, long token, long at, boolean accepted)
      implements Event {}

  /**
   * A holder wrote what it had merged.
   *
   * @param id what was merged into the resource: used for one accepted write only
   * @param versionRead the version that the merge began with
   * @param at when the resource decided
   * @param accepted whether the write took effect, as version {@code versionRead + 1} where
   *     versions are in order
   */
  record Write(
      String resource,
      String process,
      long hold,
      long token,
      String id,
      long versionRead,
      long at,
      boolean accepted)
      implements Event {}

  /** Whoever sent {@code id} was told that it is kept for good. */
  record Acknowledged(String resource, String id, long at) implements Event {}

  /**
   * What a resource contains when all is over.
   *
   * @param ids all that was merged into it, in order, as the resource tells it
   */
  record Content(String resource, List<String> ids, long at) implements Event {
    /** Copies the list. */
    public Content {
      ids = List.copyOf(ids);
    }
  }

  /** A message that left a process for the store. */
  enum Message {
    ASK,
    RENEW,
    RELEASE
  }

  /**
   * A process sent a message to the store.
   *
   * @param claim the claim it was about: a number, not the secret
   */
  record Sent(String process, String name, long claim, Message message, long at) implements Event {}

  /** What a message did in the store. */
  enum Effect {
    /** The claim has the lock, which was free. */
    GRANTED,
    /** The claim had the lock already, and was told so; its end may have been put off. */
    GRANTED_AGAIN,
    /** The end of the claim's lock was put off. */
    RENEWED,
    /** The lock is free, or kept for nobody. */
    RELEASED
  }

  /**
   * A message changed something in the store, as the store's own log tells it. Questions that
   * changed nothing are not recorded.
   *
   * @param token the token of the grant
   * @param wasHolder whether the claim had the lock just before
   */
  record Stored(String name, long claim, Effect effect, long token, boolean wasHolder, long at)
      implements Event {}

  /**
   * A process did not run: stopped, or in a long collection of garbage.
   *
   * @param to when it ran again; {@link Long#MAX_VALUE} if it never did
   */
  record Paused(String process, long from, long to) implements Event {
    @Override
    public long at() {
      return from;
    }
  }

  /** A process ended without being asked to. What it had not written is gone. */
  record Crashed(String process, long at) implements Event {}

  /**
   * A living process gave up what its locks hang on, as a session it takes for dead, and with it
   * all of them. It is the cause of losses of this process, and excuses nothing else.
   *
   * @param at when it gave it up, in nanoseconds
   */
  record GaveUp(String process, long at) implements Event {}

  /** What kinds of disturbance there are. */
  enum Fault {
    /** Messages are lost, late, doubled or out of order. */
    NETWORK,
    /** Another server takes the store's place, and may know less. */
    FAILOVER,
    /** The store forgets: flush, eviction, deletion by hand. */
    LOSS,
    /** The store's clock was set. */
    CLOCK,
    /** The store does not answer. */
    SILENCE
  }

  /** Something disturbed the run for a while. {@code from} and {@code to} may be equal. */
  record Disturbed(Fault fault, long from, long to) implements Event {
    @Override
    public long at() {
      return from;
    }
  }

  /** Something was left that nobody will ever take away, found when all was over. */
  record Leftover(String where, String what, long at) implements Event {}
}
