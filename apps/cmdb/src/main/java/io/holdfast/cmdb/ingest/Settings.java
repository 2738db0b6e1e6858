package io.holdfast.cmdb.ingest;

import io.holdfast.LockOptions;
import io.holdfast.LocksConfig;
import java.time.Duration;

/**
 * How an ingest works.
 *
 * @param workers transactions at a time, each with a connection; 1 to 64. A quarter as many look up
 *     which machine reports belong to
 * @param batch the most reports of one transaction; 1 to 1,000. More reports of one machine than
 *     that still go together
 * @param linger how long a transaction waits for reports that are on their way to fill it; 0 to 1 s
 * @param leaseFor of each machine's lock
 * @param ahead for how many batches of each worker there is room on their way; 1 to 64. Their
 *     machines' locks are held or asked for meanwhile, and whoever else wants one waits for all
 *     before it
 */
public record Settings(int workers, int batch, Duration linger, Duration leaseFor, int ahead) {

  /** 4 workers, up to 100 reports or 20 ms, leases of 10 s, 8 batches ahead. */
  public static final Settings DEFAULTS =
      new Settings(4, 100, Duration.ofMillis(20), Duration.ofSeconds(10), 8);

  private static final int AHEAD_OF_SEVERAL = 2;

  /** Checks the ranges. */
  public Settings {
    if (workers < 1 || workers > 64) {
      throw new IllegalArgumentException("1 to 64 workers, not " + workers);
    }
    if (batch < 1 || batch > 1_000) {
      throw new IllegalArgumentException("batches of 1 to 1,000 reports, not " + batch);
    }
    if (linger.isNegative() || linger.compareTo(Duration.ofSeconds(1)) > 0) {
      throw new IllegalArgumentException("linger is 0 to 1 s, not " + linger);
    }
    if (ahead < 1 || ahead > 64) {
      throw new IllegalArgumentException("1 to 64 batches ahead, not " + ahead);
    }
  }

  /** These settings with other workers. */
  public Settings workers(int number) {
    return new Settings(number, batch, linger, leaseFor, ahead);
  }

  /** These settings with another batch. */
  public Settings batch(int reports) {
    return new Settings(workers, reports, linger, leaseFor, ahead);
  }

  /** These settings with another lease. */
  public Settings leaseFor(Duration span) {
    return new Settings(workers, batch, linger, span, ahead);
  }

  /**
   * These settings for each of so many processes on one database: fewer batches ahead where there
   * are several, because what is ahead of one is locked for the others.
   */
  public Settings oneOf(int processes) {
    return processes > 1 ? ahead(AHEAD_OF_SEVERAL) : this;
  }

  /** These settings with another number of batches ahead. */
  public Settings ahead(int batches) {
    return new Settings(workers, batch, linger, leaseFor, batches);
  }

  /** How to connect to the locks: where a session is the lease, it is as long as this lease. */
  public LocksConfig locksConfig() {
    return LocksConfig.DEFAULTS.options(LockOptions.DEFAULTS.leaseFor(leaseFor));
  }

  /** How many threads look up which machine reports belong to: a look-up is for many reports. */
  int resolvers() {
    return Math.max(1, workers / 4);
  }

  /** How many connections the workers, those who look up and the one for intricate reports take. */
  public int connections() {
    return workers + resolvers() + 1;
  }

  /**
   * How many reports are on their way at most before whoever gives more has to wait; never less
   * than 64. A large one counts as several.
   */
  public int inFlight() {
    return Math.max(64, ahead * workers * batch);
  }
}
