package io.holdfast.cmdb.report;

/**
 * Input that can never be merged; the message says why, in words for whoever sent it. Such input
 * becomes a dead letter, and nothing else does. Immutable, as far as exceptions are.
 */
public final class BadReportException extends Exception {

  private final Fault fault;

  /**
   * Input that can never be merged.
   *
   * @param reason one line, without the payload's own text where that may be long
   */
  public BadReportException(Fault fault, String reason) {
    super(reason);
    this.fault = fault;
  }

  /** The reason's kind. */
  public Fault fault() {
    return fault;
  }

  /** The reason in words. */
  public String reason() {
    return String.valueOf(getMessage());
  }
}
