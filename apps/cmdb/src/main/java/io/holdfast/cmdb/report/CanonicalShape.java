package io.holdfast.cmdb.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;

/**
 * Our own form. Two of its members are enough to recognise it, so that a report with one missing or
 * misspelt is told what is wrong with it.
 */
record CanonicalShape() implements Shape {

  private static final List<String> MEMBERS = List.of("source", "observedAt", "keys", "attributes");

  @Override
  public boolean fits(JsonNode root) {
    return MEMBERS.stream().filter(root::has).count() >= 2;
  }

  @Override
  public Report report(JsonNode part, Instant otherwise) throws BadReportException {
    return ReportJson.read(part);
  }
}
