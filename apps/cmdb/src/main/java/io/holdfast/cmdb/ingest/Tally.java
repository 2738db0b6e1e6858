package io.holdfast.cmdb.ingest;

import io.holdfast.LockEvent;
import io.holdfast.LockListener;
import io.holdfast.cmdb.store.Ack;
import java.util.concurrent.atomic.LongAdder;

/** Counts what an ingest does. Give it to the locks as their listener. Thread-safe. */
public final class Tally implements LockListener {

  private static final int SMALLEST_MICROS = 100;
  private static final int BUCKETS = 96;

  private final LongAdder applied = new LongAdder();
  private final LongAdder outdated = new LongAdder();
  private final LongAdder duplicates = new LongAdder();
  private final LongAdder merges = new LongAdder();
  private final LongAdder leasesLost = new LongAdder();
  private final LongAdder staleWritesRefused = new LongAdder();
  private final LongAdder retries = new LongAdder();
  private final LongAdder[] waits = new LongAdder[BUCKETS];

  /** Nothing counted yet. */
  public Tally() {
    for (int i = 0; i < BUCKETS; i++) {
      waits[i] = new LongAdder();
    }
  }

  void count(Ack.Status status) {
    switch (status) {
      case APPLIED -> applied.increment();
      case OUTDATED -> outdated.increment();
      case DUPLICATE -> duplicates.increment();
    }
  }

  void merged(int machines) {
    merges.add(machines);
  }

  void staleWriteRefused() {
    staleWritesRefused.increment();
  }

  void retried() {
    retries.increment();
  }

  @Override
  public void on(LockEvent event) {
    if (event instanceof LockEvent.Lost) {
      leasesLost.increment();
    } else if (event instanceof LockEvent.Acquired acquired) {
      waits[bucket(acquired.waited().toNanos() / 1_000)].increment();
    }
  }

  /** Each bucket reaches a fifth further than the one before it. */
  private static int bucket(long micros) {
    if (micros <= SMALLEST_MICROS) {
      return 0;
    }
    double steps = Math.log((double) micros / SMALLEST_MICROS) / Math.log(1.2);
    return Math.min(BUCKETS - 1, (int) Math.ceil(steps));
  }

  /** The counts as they are now. */
  public Counts counts() {
    long[] buckets = new long[BUCKETS];
    for (int i = 0; i < BUCKETS; i++) {
      buckets[i] = waits[i].sum();
    }
    return new Counts(
        applied.sum(),
        outdated.sum(),
        duplicates.sum(),
        merges.sum(),
        leasesLost.sum(),
        staleWritesRefused.sum(),
        retries.sum(),
        java.util.Arrays.stream(buckets).boxed().toList());
  }

  /**
   * Counts, which can be added up over processes.
   *
   * @param applied reports that said something new
   * @param outdated reports that said nothing that was not known newer
   * @param duplicates reports that were in the ledger before
   * @param merges writes of machines
   * @param leasesLost leases that ended before they were released
   * @param staleWritesRefused writes that the database refused because of a newer token or version
   * @param retries transactions that were begun again for another reason
   * @param waits how often a lock was waited for up to each bound of {@link #waitMillis}
   */
  public record Counts(
      long applied,
      long outdated,
      long duplicates,
      long merges,
      long leasesLost,
      long staleWritesRefused,
      long retries,
      java.util.List<Long> waits) {

    /** Of nothing. */
    public static final Counts NONE =
        new Counts(0, 0, 0, 0, 0, 0, 0, java.util.Collections.nCopies(BUCKETS, 0L));

    /** Copies the list. */
    public Counts {
      waits = java.util.List.copyOf(waits);
    }

    /** How many reports were acknowledged, duplicates too. */
    public long acknowledged() {
      return applied + outdated + duplicates;
    }

    /** The same work with other numbers of acknowledged reports. */
    public Counts acknowledged(long newlyApplied, long newlyOutdated, long newDuplicates) {
      return new Counts(
          newlyApplied,
          newlyOutdated,
          newDuplicates,
          merges,
          leasesLost,
          staleWritesRefused,
          retries,
          waits);
    }

    /** Both together. */
    public Counts plus(Counts other) {
      java.util.List<Long> sums = new java.util.ArrayList<>();
      for (int i = 0; i < waits.size(); i++) {
        sums.add(waits.get(i) + other.waits.get(i));
      }
      return new Counts(
          applied + other.applied,
          outdated + other.outdated,
          duplicates + other.duplicates,
          merges + other.merges,
          leasesLost + other.leasesLost,
          staleWritesRefused + other.staleWritesRefused,
          retries + other.retries,
          sums);
    }

    /**
     * A bound, in milliseconds, below which this share of all waits for a lock stayed; at most a
     * fifth more than the true one.
     *
     * @param share 0 to 1
     */
    public double waitMillis(double share) {
      long all = waits.stream().mapToLong(Long::longValue).sum();
      long wanted = (long) Math.ceil(all * share);
      long seen = 0;
      for (int i = 0; i < waits.size(); i++) {
        seen += waits.get(i);
        if (seen >= wanted && seen > 0) {
          return SMALLEST_MICROS * Math.pow(1.2, i) / 1_000;
        }
      }
      return 0;
    }
  }
}
