package io.holdfast;

import java.time.Duration;
import java.util.Optional;

/**
 * How a lock is acquired and held. Start from {@link #DEFAULTS} and change what differs:
 *
 * <pre>{@code
 * LockOptions quick = LockOptions.DEFAULTS.leaseFor(Duration.ofSeconds(5)).waitAtMost(Duration.ZERO);
 * }</pre>
 *
 * <p>Every range is checked here, before anything is sent. Immutable and thread-safe. The
 * constructor is not part of the API, because a new option is a new parameter of it: what stays are
 * {@link #DEFAULTS}, the accessors, and the methods that change one option.
 *
 * @param leaseFor how long the store keeps the lock for a holder that has fallen silent; 50 ms to
 *     24 h, default 30 s: long enough for a pause of the JVM, short enough to wait for after a
 *     crash. It does not limit the work: a lease is renewed every third of it for as long as it is
 *     open
 * @param waitAtMost how long to wait for the lock; 0 (ask once) to 24 h, default 30 s: a caller
 *     that waits longer is better told. The answer to the last question is awaited for at most one
 *     request timeout more
 * @param holdAtMost when renewal ends and the lease is lost although its holder still runs, counted
 *     from before the question that was granted; 50 ms to 24 h, default none. For holders that may
 *     hang
 * @param keepFor how long the lock stays taken, counted from the grant, even when it is released
 *     earlier; 0 to 24 h, default 0. For a job that runs once although the nodes' clocks differ. A
 *     holder that crashes or loses its lease keeps nothing: another may run the job at once
 * @param tokenAbove the token has to be greater than this; 0 to 2^53 - 2, default 0. For a holder
 *     whose resource has already seen a greater token. More than 400 days ahead of the store's
 *     clock is refused by the store
 * @param label who holds the lock, for people: 1 to 128 printable ASCII characters, default {@code
 *     host/pid/thread}. Anyone who may read the store can read it. The store is told the label of
 *     the caller for whom this process began to ask; the next one to whom the lock is handed over
 *     here, without a question, is not named there
 */
public record LockOptions(
    Duration leaseFor,
    Duration waitAtMost,
    Optional<Duration> holdAtMost,
    Duration keepFor,
    long tokenAbove,
    Optional<String> label) {

  /** The shortest lease. Below it, one slow answer of the store would lose every lease. */
  public static final Duration SHORTEST_LEASE = Duration.ofMillis(50);

  /** The longest of every span here. Work beyond it is not a lock's but a workflow's. */
  public static final Duration LONGEST = Duration.ofHours(24);

  /** No token reaches this: up to here every whole number is exact in a double, as Lua has them. */
  public static final long TOKEN_LIMIT = 1L << 53;

  /** Lease 30 s, wait at most 30 s, nothing else. */
  public static final LockOptions DEFAULTS =
      new LockOptions(
          Duration.ofSeconds(30),
          Duration.ofSeconds(30),
          Optional.empty(),
          Duration.ZERO,
          0,
          Optional.empty());

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if a value is out of its range; the message names it
   */
  public LockOptions {
    inRange("leaseFor", leaseFor, SHORTEST_LEASE);
    inRange("waitAtMost", waitAtMost, Duration.ZERO);
    holdAtMost.ifPresent(span -> inRange("holdAtMost", span, SHORTEST_LEASE));
    inRange("keepFor", keepFor, Duration.ZERO);
    if (tokenAbove < 0 || tokenAbove > TOKEN_LIMIT - 2) {
      throw new IllegalArgumentException("tokenAbove is 0 to 2^53 - 2, not " + tokenAbove);
    }
    label.ifPresent(LockOptions::checkLabel);
  }

  private static void inRange(String what, Duration span, Duration least) {
    if (span.compareTo(least) < 0 || span.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "%s is %s to %s, not %s".formatted(what, least, LONGEST, span));
    }
  }

  private static void checkLabel(String label) {
    boolean printable = label.chars().allMatch(c -> c >= ' ' && c < 0x7f);
    if (label.isEmpty() || label.length() > 128 || !printable) {
      throw new IllegalArgumentException("A label has 1 to 128 printable ASCII characters");
    }
  }

  /** These options with another {@link #leaseFor()}. */
  public LockOptions leaseFor(Duration span) {
    return new LockOptions(span, waitAtMost, holdAtMost, keepFor, tokenAbove, label);
  }

  /** These options with another {@link #waitAtMost()}. */
  public LockOptions waitAtMost(Duration span) {
    return new LockOptions(leaseFor, span, holdAtMost, keepFor, tokenAbove, label);
  }

  /** These options with a {@link #holdAtMost()}. */
  public LockOptions holdAtMost(Duration span) {
    return new LockOptions(leaseFor, waitAtMost, Optional.of(span), keepFor, tokenAbove, label);
  }

  /** These options with another {@link #keepFor()}. */
  public LockOptions keepFor(Duration span) {
    return new LockOptions(leaseFor, waitAtMost, holdAtMost, span, tokenAbove, label);
  }

  /** These options with another {@link #tokenAbove()}. */
  public LockOptions tokenAbove(long token) {
    return new LockOptions(leaseFor, waitAtMost, holdAtMost, keepFor, token, label);
  }

  /** These options with a {@link #label()}. */
  public LockOptions label(String text) {
    return new LockOptions(
        leaseFor, waitAtMost, holdAtMost, keepFor, tokenAbove, Optional.of(text));
  }
}
