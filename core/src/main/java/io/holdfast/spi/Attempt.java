package io.holdfast.spi;

import io.holdfast.LockOptions;
import java.time.Duration;
import java.util.OptionalInt;

/** The answer to an {@link Ask}. */
public sealed interface Attempt {

  /**
   * The store's yes.
   *
   * @param firstToken the first token of the grant; the same for every repetition of the question
   * @param span how many consecutive tokens it has, at least 1
   * @param validFor how long the store will keep the lock, counted from this answer's question on;
   *     never the full lease for an older grant whose expiry was not moved
   */
  record Granted(long firstToken, int span, Duration validFor) implements Attempt {
    /**
     * Checks what a store may say.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public Granted {
      if (firstToken < 1 || firstToken + span > LockOptions.TOKEN_LIMIT) {
        throw new IllegalArgumentException("A token is 1 to 2^53 - 1, not " + firstToken);
      }
      if (span < 1 || span > Ask.MAX_SPAN) {
        throw new IllegalArgumentException("A span is 1 to " + Ask.MAX_SPAN + ", not " + span);
      }
      Renewal.check(validFor);
    }
  }

  /**
   * Someone else has the lock.
   *
   * @param askAgainIn when it may be free by itself; zero if that cannot be said. With a position
   *     it is when to ask again unless a hint comes first, and is believed however long it is: say
   *     so only while no hint can be missed without another that says so
   * @param position how many are before this claim; empty if the store keeps no line
   */
  record Refused(Duration askAgainIn, OptionalInt position) implements Attempt {
    /**
     * Checks what a store may say.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public Refused {
      if (askAgainIn.isNegative()) {
        throw new IllegalArgumentException("askAgainIn is not negative, as is " + askAgainIn);
      }
    }
  }
}
