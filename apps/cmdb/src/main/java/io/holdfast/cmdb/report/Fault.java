package io.holdfast.cmdb.report;

/** Why input can never be merged, in the few words by which summaries count. Immutable. */
public enum Fault {
  /** A file or folder that could not be read, or vanished. */
  UNREADABLE("unreadable"),
  /** Bytes that are no UTF-8. */
  NOT_UTF8("not-utf8"),
  /** Longer, or nested deeper, than is read. */
  TOO_LARGE("too-large"),
  /** Text that is no JSON, or not one value of it, or has a member twice. */
  NOT_JSON("not-json"),
  /** JSON in which no source is recognised. */
  UNKNOWN_SHAPE("unknown-shape"),
  /** Something that is recognised, and is no machine: a Redfish Chassis, for instance. */
  ANOTHER_THING("another-thing"),
  /** A report that names no machine: all of its keys are absent or junk. */
  NO_KEY("no-key"),
  /** An attribute that cannot be kept: a number out of range, a text that is too long. */
  BAD_VALUE("bad-value"),
  /** A report in which something else is wrong. */
  BAD_REPORT("bad-report");

  private final String label;

  Fault(String label) {
    this.label = label;
  }

  /** As commands and documents write it; it stays. */
  public String label() {
    return label;
  }
}
