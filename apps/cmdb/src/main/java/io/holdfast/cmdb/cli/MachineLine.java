package io.holdfast.cmdb.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.store.Brief;
import java.util.Locale;

/** A machine on one line. */
final class MachineLine {

  private static final int ID_DIGITS = 12;

  private MachineLine() {}

  static String header() {
    return line("ID", "HOSTNAME", "SERIAL", "OS", "SRC", "CNF", "VER", "NEWEST");
  }

  static String text(Brief brief) {
    return line(
        brief.id().substring(0, Math.min(ID_DIGITS, brief.id().length())),
        brief.hostname().orElse("-"),
        brief.serial().orElse("-"),
        brief.os().orElse("-"),
        Integer.toString(brief.sources().size()),
        Integer.toString(brief.conflicts()),
        Long.toString(brief.version()),
        brief.newest().toString().substring(0, "2026-11-20".length()));
  }

  private static String line(
      String id,
      String host,
      String serial,
      String os,
      String sources,
      String conflicts,
      String version,
      String newest) {
    return String.format(
        Locale.ROOT,
        "%s %s %s %s %3s %3s %4s %s",
        Screen.column(id, ID_DIGITS),
        Screen.column(host, 15),
        Screen.column(serial, 13),
        Screen.column(os, 13),
        sources,
        conflicts,
        version,
        newest);
  }

  static ObjectNode json(Brief brief) {
    ObjectNode node = Json.OWN.createObjectNode();
    node.put("id", brief.id());
    node.put("hostname", brief.hostname().orElse(null));
    node.put("serial", brief.serial().orElse(null));
    node.put("os", brief.os().orElse(null));
    ArrayNode sources = node.putArray("sources");
    brief.sources().forEach(sources::add);
    node.put("conflicts", brief.conflicts());
    node.put("version", brief.version());
    node.put("newestObservation", brief.newest().toString());
    node.put("updatedAt", brief.updatedAt().toString());
    return node;
  }
}
