package io.holdfast.cmdb.ingest;

import io.holdfast.cmdb.report.BadReportException;
import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.report.Value;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Reports for tests. */
final class Reports {

  static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");

  private Reports() {}

  /** Keys as {@code kind:value}; the attribute says who said it. */
  static Report of(String source, String attribute, String... keys) {
    return of(source, NOON, attribute, keys);
  }

  static Report of(String source, Instant observedAt, String attribute, String... keys) {
    List<Key> parsed = new ArrayList<>();
    for (String key : keys) {
      String[] parts = key.split(":", 2);
      parsed.add(Key.of(Key.Kind.of(parts[0]).orElseThrow(), parts[1]).orElseThrow());
    }
    try {
      return Report.of(source, observedAt, parsed, Map.of(attribute, Value.of("by " + source)));
    } catch (BadReportException e) {
      throw new AssertionError(e);
    }
  }
}
