package io.holdfast.cmdb.report;

/** What became of a piece of input: a report, or a dead letter. Immutable. */
public sealed interface Input {

  /** Where it came from. */
  Origin origin();

  /**
   * A report that can be merged.
   *
   * @param report what was said
   * @param origin where it was found
   */
  record Reported(Report report, Origin origin) implements Input {}

  /**
   * Input that can never be merged.
   *
   * @param letter what is kept of it
   */
  record Dead(DeadLetter letter) implements Input {

    @Override
    public Origin origin() {
      return letter.origin();
    }
  }
}
