package io.holdfast.cmdb.store;

import io.holdfast.cmdb.report.Report;

/**
 * What became of a report, once its transaction has committed.
 *
 * @param report the report
 * @param status what became of it
 * @param machineId the machine it belongs to
 * @param version the machine's version that took it in
 */
public record Ack(Report report, Status status, String machineId, long version) {

  /** What became of a report; each of them means that it is in the ledger. */
  public enum Status {
    /** It said something new. */
    APPLIED,
    /** All that it says was known newer from its source. */
    OUTDATED,
    /** The same report was in the ledger before. */
    DUPLICATE
  }
}
