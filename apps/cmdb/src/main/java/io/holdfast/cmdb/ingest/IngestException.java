package io.holdfast.cmdb.ingest;

/**
 * The ingest cannot go on: the database or the store refuses for a reason that waiting does not
 * change, or acknowledgements cannot be written. What was not acknowledged is to be given again.
 */
public final class IngestException extends Exception {

  /** One line for people. */
  public IngestException(String message) {
    super(message);
  }

  IngestException(String message, Throwable cause) {
    super(message, cause);
  }
}
