package io.holdfast.cmdb.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.store.Brief;
import io.holdfast.cmdb.store.Catalog;
import io.holdfast.cmdb.store.Catalog.Found;
import io.holdfast.cmdb.store.Portrait;
import io.holdfast.cmdb.store.Wanted;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.List;

/** Finds the one machine that a command is about. */
final class Finding {

  static final String LABEL = "ID|KEY";

  private Finding() {}

  /**
   * The machine.
   *
   * @param out where the machines are listed if there are several
   * @throws CmdbException if it is not exactly one
   */
  static Portrait one(Catalog catalog, String text, PrintWriter out, boolean json)
      throws SQLException {
    Wanted wanted = Wanted.of(text);
    String shown = Screen.cut(text, 60);
    if (wanted.isJunk()) {
      throw new CmdbException(
          CmdbException.NO, shown + " is junk: too common or malformed to tell a machine by");
    }
    Found found = catalog.find(wanted);
    if (found instanceof Found.One one) {
      return one.portrait();
    } else if (found instanceof Found.Several several) {
      list(several.machines(), out, json);
      boolean isMore = several.machines().size() == Catalog.MOST_CANDIDATES;
      throw new CmdbException(
          CmdbException.NO,
          shown
              + " may be "
              + (isMore ? "at least " : "")
              + several.machines().size()
              + " machines; name one by more of its id");
    }
    throw new CmdbException(
        CmdbException.NO,
        "no machine "
            + shown
            + (wanted.idPrefix().isPresent()
                ? ": no id begins so, and no key is this"
                : ": no key is this (an id is at least 6 hexadecimal digits)"));
  }

  private static void list(List<Brief> machines, PrintWriter out, boolean json) {
    if (json) {
      ObjectNode node = Json.OWN.createObjectNode();
      ArrayNode list = node.putArray("machines");
      machines.forEach(brief -> list.add(MachineLine.json(brief)));
      out.println(Screen.json(node));
    } else {
      out.println(MachineLine.header());
      machines.forEach(brief -> out.println(MachineLine.text(brief)));
    }
    out.flush();
  }
}
