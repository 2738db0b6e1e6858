package io.holdfast.benchmarks;

import io.holdfast.cmdb.report.Report;

/** What merges reports, in one way. Thread-safe. */
interface Pipeline extends AutoCloseable {

  /** Gives a report; may wait while many are on their way. Told when its commit has returned. */
  void submit(Report report, Runnable acknowledged) throws InterruptedException;

  /** Waits until all that was given is acknowledged, or fails. */
  void awaitAll() throws InterruptedException;

  @Override
  void close();
}
