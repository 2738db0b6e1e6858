package io.holdfast;

import java.time.Duration;

/**
 * What a store promises, as data: the contract tests skip by it, and the documentation is checked
 * against it. Immutable.
 *
 * @param store what it is, in a few words
 * @param fair whether claims are granted in the order in which they came
 * @param tokenSource what makes tokens grow
 * @param raisesTokens whether {@link LockOptions#tokenAbove()} is obeyed
 * @param survivesFailover whether exclusion holds while the store fails over
 * @param endsByItself whether a lock of a silent holder ends although its process lives on;
 *     otherwise it ends only with its process, and the engine gives back until it is heard
 * @param granularity by how much the store may end a lock later than asked
 * @param tellsOfRelease whether waiters are woken by a release, and do not only ask again
 */
public record Guarantees(
    String store,
    boolean fair,
    TokenSource tokenSource,
    boolean raisesTokens,
    boolean survivesFailover,
    boolean endsByItself,
    Duration granularity,
    boolean tellsOfRelease) {

  /** What makes a store's tokens grow. */
  public enum TokenSource {
    /**
     * The greatest of the previous token + 1 and the store's clock in microseconds. Grows past a
     * loss of the store's data if the loss lasts longer than twice the error of the clock.
     */
    STORE_CLOCK,
    /** The store's own revision, on a base that only rises. */
    REVISION
  }
}
