package io.holdfast.cmdb.ingest;

import io.holdfast.cmdb.report.Report;
import java.util.concurrent.CompletableFuture;

/** Whoever takes reports and has them merged: the workers of this process, or other processes. */
public interface Intake extends AutoCloseable {

  /**
   * Gives a report; waits while too many are on their way.
   *
   * @param tag comes back with the acknowledgement
   * @throws IngestException if the ingest has ended by a failure
   */
  void submit(Report report, long tag) throws IngestException, InterruptedException;

  /**
   * Waits until everything that was given is acknowledged.
   *
   * @throws IngestException if the ingest has ended by a failure
   */
  void awaitAll() throws IngestException, InterruptedException;

  /** Completes with the reason if this ends by a failure: for who waits for other things. */
  CompletableFuture<IngestException> failure();

  /** What was done so far. */
  Tally.Counts counts();

  /** Stops; what is not acknowledged stays so. Call {@link #awaitAll} before to have it done. */
  @Override
  void close();
}
