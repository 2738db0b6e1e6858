package io.holdfast.cmdb.merge;

import io.holdfast.cmdb.report.Value;
import java.time.Instant;
import java.util.Comparator;

/**
 * What one source says of one attribute, and by which report.
 *
 * @param source who says it
 * @param value what it says; {@link Value#DELETED} for "there is none"
 * @param observedAt when it was seen
 * @param reportId the report
 */
public record Statement(String source, Value value, Instant observedAt, String reportId) {

  /**
   * Within one source: by moment, then by the report's id, which is as good as any and the same.
   */
  static final Comparator<Statement> WITHIN_SOURCE =
      Comparator.comparing(Statement::observedAt).thenComparing(Statement::reportId);

  /**
   * Across sources, better ones first: the later moment, then the source that comes first in the
   * alphabet.
   */
  static final Comparator<Statement> LATEST_FIRST =
      Comparator.comparing(Statement::observedAt).reversed().thenComparing(Statement::source);

  /** Whether it takes the place of another of the same source. */
  public boolean isNewerThan(Statement other) {
    return WITHIN_SOURCE.compare(this, other) > 0;
  }
}
