package io.holdfast;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What the store says about a lock at one moment; it may have changed before it is read. Never
 * holds a claim's id, because that is the right to release. Immutable.
 *
 * @param name the lock
 * @param holder who has it; empty if it is free
 * @param waiting how many claims the store knows to wait; empty if it does not know
 */
public record Inspection(LockName name, Optional<Holder> holder, OptionalInt waiting) {

  /**
   * Who has a lock. Label and token are as of the grant: callers of one process hand a lock over
   * among themselves without telling the store, so another caller of the process that the label
   * names may have it, with a token up to 31 greater.
   *
   * @param label the label of the caller for whom the process asked; for a value that is not ours,
   *     words that say so
   * @param token the first token of the grant; empty for a value that is not ours
   * @param remaining how long the store keeps it without a renewal; empty if for ever
   */
  public record Holder(String label, OptionalLong token, Optional<Duration> remaining) {}
}
