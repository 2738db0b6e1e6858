package io.holdfast.cmdb.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;

/**
 * One way in which sources write about machines, recognised by content and never by a file's name.
 * Without state.
 */
sealed interface Shape permits CanonicalShape, Ec2Shape, FacterShape, GlpiShape, RedfishShape {

  /** Whether the payload is of this family, be it about a machine or not. */
  boolean fits(JsonNode root);

  /**
   * The parts of a payload that are each about one machine.
   *
   * @throws BadReportException if the payload is of the family, yet not about machines
   */
  default List<JsonNode> parts(JsonNode root) throws BadReportException {
    return List.of(root);
  }

  /**
   * What a part says.
   *
   * @param otherwise when it was observed, if the part does not say so itself
   */
  Report report(JsonNode part, Instant otherwise) throws BadReportException;
}
