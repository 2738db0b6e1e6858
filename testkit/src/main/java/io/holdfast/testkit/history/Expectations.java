package io.holdfast.testkit.history;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a history is held against. Start from {@link #DEFAULTS} and change what differs:
 *
 * <pre>{@code
 * Expectations redis = Expectations.DEFAULTS.exclusion(false).leaseFor(Duration.ofSeconds(10));
 * }</pre>
 *
 * <p>Immutable and thread-safe.
 *
 * @param exclusion whether the store promises that two never hold one lock, whatever disturbs it;
 *     default true. If not, a hold that another overlaps is counted and no violation if a {@link
 *     Event.Fault#FAILOVER}, {@link Event.Fault#LOSS} or {@link Event.Fault#CLOCK} lies between
 *     their grants, and {@link Check#LINEARIZABILITY} leaves out what may have been forgotten
 * @param tokens whether the lock has fencing tokens; default true. If not, {@link Check#TOKENS} and
 *     {@link Check#RESOURCE} are not looked at
 * @param tokensGrow whether tokens are unique and grow; default true. If not, as where two masters
 *     may serve at a time, a hold must still have one token, and the resource its order; then
 *     {@link Check#FAIRNESS} and {@link Check#LINEARIZABILITY} go by time alone, and {@code
 *     storeLossTold} is not looked at
 * @param requestTimeout how long one question to the store may take; default 3 s
 * @param leaseFor the longest time that the store keeps a lock for a holder that has fallen silent,
 *     or after its release; default 30 s
 * @param longestBackoff the longest pause of a waiter between two questions; default 1 s
 * @param slack what is forgiven wherever something has to happen in time; default 1 s: what a busy
 *     machine may take to run a thread. Zero on virtual time
 * @param storeLossTold whether a holder is told within a third of the lease and a question that the
 *     store ended its lease early; default false. Needs {@link Event.Stored}, and tokens that grow
 * @param endsNoneEarly whether a holder is told of a loss before its time only after a {@link
 *     Event.Fault#FAILOVER}, {@link Event.Fault#LOSS} or {@link Event.Fault#CLOCK}; default false
 * @param renewsInTime whether a lease does not end before it is given back while its process runs
 *     and nothing disturbs it; default false. Not where holds have a limit
 * @param fifoInProcess whether callers of one process are served in the order in which they asked;
 *     default false. To be expected only where calls follow each other as their times say: from one
 *     thread, or on virtual time
 * @param fifoOverStore whether waiters are served in the order in which they asked wherever they
 *     are; default false
 * @param minima what has to happen at least; default none
 */
public record Expectations(
    boolean exclusion,
    boolean tokens,
    boolean tokensGrow,
    Duration requestTimeout,
    Duration leaseFor,
    Duration longestBackoff,
    Duration slack,
    boolean storeLossTold,
    boolean endsNoneEarly,
    boolean renewsInTime,
    boolean fifoInProcess,
    boolean fifoOverStore,
    Optional<Minima> minima) {

  /**
   * Exclusion and tokens; question 3 s, lease 30 s, backoff 1 s, slack 1 s; no order, no minima.
   */
  public static final Expectations DEFAULTS =
      new Expectations(
          true,
          true,
          true,
          Duration.ofSeconds(3),
          Duration.ofSeconds(30),
          Duration.ofSeconds(1),
          Duration.ofSeconds(1),
          false,
          false,
          false,
          false,
          false,
          Optional.empty());

  /**
   * Checks the spans.
   *
   * @throws IllegalArgumentException if one is negative; the message names it
   */
  public Expectations {
    notNegative("requestTimeout", requestTimeout);
    notNegative("leaseFor", leaseFor);
    notNegative("longestBackoff", longestBackoff);
    notNegative("slack", slack);
  }

  private static void notNegative(String what, Duration span) {
    if (span.isNegative()) {
      throw new IllegalArgumentException("%s is not negative, as is %s".formatted(what, span));
    }
  }

  /** These expectations with or without {@link #exclusion()}. */
  public Expectations exclusion(boolean promised) {
    return with(copy -> copy.exclusion = promised);
  }

  /** These expectations with or without {@link #tokens()}. */
  public Expectations tokens(boolean given) {
    return with(copy -> copy.tokens = given);
  }

  /** These expectations with or without {@link #tokensGrow()}. */
  public Expectations tokensGrow(boolean promised) {
    return with(copy -> copy.tokensGrow = promised);
  }

  /** These expectations with another {@link #requestTimeout()}. */
  public Expectations requestTimeout(Duration span) {
    return with(copy -> copy.requestTimeout = span);
  }

  /** These expectations with another {@link #leaseFor()}. */
  public Expectations leaseFor(Duration span) {
    return with(copy -> copy.leaseFor = span);
  }

  /** These expectations with another {@link #longestBackoff()}. */
  public Expectations longestBackoff(Duration span) {
    return with(copy -> copy.longestBackoff = span);
  }

  /** These expectations with another {@link #slack()}. */
  public Expectations slack(Duration span) {
    return with(copy -> copy.slack = span);
  }

  /** These expectations with or without {@link #storeLossTold()}. */
  public Expectations storeLossTold(boolean told) {
    return with(copy -> copy.storeLossTold = told);
  }

  /** These expectations with or without {@link #endsNoneEarly()}. */
  public Expectations endsNoneEarly(boolean kept) {
    return with(copy -> copy.endsNoneEarly = kept);
  }

  /** These expectations with or without {@link #renewsInTime()}. */
  public Expectations renewsInTime(boolean inTime) {
    return with(copy -> copy.renewsInTime = inTime);
  }

  /** These expectations with or without {@link #fifoInProcess()}. */
  public Expectations fifoInProcess(boolean inOrder) {
    return with(copy -> copy.fifoInProcess = inOrder);
  }

  /** These expectations with or without {@link #fifoOverStore()}. */
  public Expectations fifoOverStore(boolean inOrder) {
    return with(copy -> copy.fifoOverStore = inOrder);
  }

  /** These expectations with {@link #minima()}. */
  public Expectations minima(Minima least) {
    return with(copy -> copy.minima = Optional.of(least));
  }

  private Expectations with(Consumer<Copy> change) {
    Copy copy = new Copy(this);
    change.accept(copy);
    return copy.done();
  }

  /** What one of them is changed in. */
  private static final class Copy {
    private boolean exclusion;
    private boolean tokens;
    private boolean tokensGrow;
    private Duration requestTimeout;
    private Duration leaseFor;
    private Duration longestBackoff;
    private Duration slack;
    private boolean storeLossTold;
    private boolean endsNoneEarly;
    private boolean renewsInTime;
    private boolean fifoInProcess;
    private boolean fifoOverStore;
    private Optional<Minima> minima;

    Copy(Expectations of) {
      exclusion = of.exclusion;
      tokens = of.tokens;
      tokensGrow = of.tokensGrow;
      requestTimeout = of.requestTimeout;
      leaseFor = of.leaseFor;
      longestBackoff = of.longestBackoff;
      slack = of.slack;
      storeLossTold = of.storeLossTold;
      endsNoneEarly = of.endsNoneEarly;
      renewsInTime = of.renewsInTime;
      fifoInProcess = of.fifoInProcess;
      fifoOverStore = of.fifoOverStore;
      minima = of.minima;
    }

    Expectations done() {
      return new Expectations(
          exclusion,
          tokens,
          tokensGrow,
          requestTimeout,
          leaseFor,
          longestBackoff,
          slack,
          storeLossTold,
          endsNoneEarly,
          renewsInTime,
          fifoInProcess,
          fifoOverStore,
          minima);
    }
  }
}
