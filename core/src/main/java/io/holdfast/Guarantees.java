package io.holdfast;

import java.time.Duration;
import java.util.Optional;

/**
 * What a store promises, as data: the contract tests skip by it, and the documentation is checked
 * against it. Immutable. Users read it. The constructor is for backends, and gets a parameter more
 * with each new promise: a backend is compiled against the version that it runs with.
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
 * @param sessionFor how long a silent session of the store lives, where locks live as long as their
 *     process's session: then {@code leaseFor} is fixed when connecting, another one is refused,
 *     and all locks of a session are lost together. Empty if each lock has a lease of its own
 * @param keeps whether {@link LockOptions#keepFor()} is obeyed; if not, one is refused
 */
public record Guarantees(
    String store,
    boolean fair,
    TokenSource tokenSource,
    boolean raisesTokens,
    boolean survivesFailover,
    boolean endsByItself,
    Duration granularity,
    boolean tellsOfRelease,
    Optional<Duration> sessionFor,
    boolean keeps) {

  /**
   * Checks that the store can do what a caller asks for.
   *
   * @throws IllegalArgumentException if it cannot; the message names the option
   */
  public void check(LockOptions options) {
    if (sessionFor.isPresent() && !options.leaseFor().equals(sessionFor.get())) {
      throw new IllegalArgumentException(
          "leaseFor is the session's here, fixed at %s when connecting, and not %s"
              .formatted(sessionFor.get(), options.leaseFor()));
    }
    if (!keeps && !options.keepFor().isZero()) {
      throw new IllegalArgumentException(
          "keepFor cannot be promised by this store (%s), only 0".formatted(store));
    }
  }

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
