package io.holdfast.cmdb.report;

/**
 * Input that can never be merged; the message says why, in words for whoever sent it. Such input
 * becomes a dead letter, and nothing else does.
 */
public final class BadReportException extends Exception {

  /** The reason, one line without the payload's own text where that may be long. */
  public BadReportException(String reason) {
    super(reason);
  }
}
