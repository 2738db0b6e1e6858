package io.holdfast;

import java.time.Duration;
import java.util.Optional;

/**
 * How one connection to a store behaves. Start from {@link #DEFAULTS}. Immutable; as thread-safe as
 * its listener. As with {@link LockOptions}, the constructor is not part of the API.
 *
 * @param options the options of every call that brings none of its own
 * @param requestTimeout how long one question to the store is waited for before it counts as
 *     unanswered; 10 ms to 60 s, default 3 s: longer than a failover's hiccup, a tenth of the
 *     default lease
 * @param listener is told of waits, holds, renewals and losses; default none. Losses are logged
 *     without one, too
 */
public record LocksConfig(
    LockOptions options, Duration requestTimeout, Optional<LockListener> listener) {

  /** {@link LockOptions#DEFAULTS}, 3 s per question, no listener. */
  public static final LocksConfig DEFAULTS =
      new LocksConfig(LockOptions.DEFAULTS, Duration.ofSeconds(3), Optional.empty());

  /**
   * Checks the range of the request timeout.
   *
   * @throws IllegalArgumentException if it is out of its range
   */
  public LocksConfig {
    if (requestTimeout.compareTo(Duration.ofMillis(10)) < 0
        || requestTimeout.compareTo(Duration.ofMinutes(1)) > 0) {
      throw new IllegalArgumentException(
          "requestTimeout is PT0.01S to PT1M, not " + requestTimeout);
    }
  }

  /** This configuration with other {@link #options()}. */
  public LocksConfig options(LockOptions defaults) {
    return new LocksConfig(defaults, requestTimeout, listener);
  }

  /** This configuration with another {@link #requestTimeout()}. */
  public LocksConfig requestTimeout(Duration span) {
    return new LocksConfig(options, span, listener);
  }

  /** This configuration with a {@link #listener()}. */
  public LocksConfig listener(LockListener told) {
    return new LocksConfig(options, requestTimeout, Optional.of(told));
  }
}
