package io.holdfast.cmdb.report;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The canonical form of a report, one line of JSON:
 *
 * <pre>{@code
 * {"source":"facter","observedAt":"2026-11-20T08:00:00Z",
 *  "keys":{"serial":["9VKPS12"],"mac":["52:54:00:12:34:56"]},
 *  "attributes":{"os.name":"Debian","cpu.count":8,"rack":{"$deleted":true}}}
 * }</pre>
 *
 * <p>A key is a text or a list of texts. {@code null} for an attribute or a key is as good as
 * nothing. Members of other names are refused, because they are spelling mistakes.
 */
public final class ReportJson {

  private ReportJson() {}

  /**
   * Reads a report in canonical form.
   *
   * @throws BadReportException if it is none, with the reason
   */
  public static Report read(JsonNode root) throws BadReportException {
    if (!root.isObject()) {
      throw new BadReportException(Fault.BAD_REPORT, "a report is a JSON object");
    }
    for (Map.Entry<String, JsonNode> member : root.properties()) {
      switch (member.getKey()) {
        case "source", "observedAt", "keys", "attributes" -> {}
        default ->
            throw new BadReportException(
                Fault.BAD_REPORT,
                "a report has source, observedAt, keys and attributes, not "
                    + shown(member.getKey()));
      }
    }
    return Report.of(
        text(root, "source"),
        moment(text(root, "observedAt")),
        keys(object(root, "keys")),
        attributes(object(root, "attributes")));
  }

  /**
   * Reads the keys and attributes of a report that was stored.
   *
   * @param body what {@link Report#body()} gave
   */
  public static Report stored(String source, Instant observedAt, String body) {
    JsonNode root = Json.parseTrusted(body);
    try {
      return Report.of(
          source, observedAt, storedKeys(root.path("keys")), attributes(root.path("attributes")));
    } catch (BadReportException e) {
      throw new IllegalStateException("a stored report is none: " + e.getMessage(), e);
    }
  }

  private static String text(JsonNode root, String name) throws BadReportException {
    JsonNode node = root.path(name);
    if (!node.isTextual()) {
      throw new BadReportException(Fault.BAD_REPORT, name + " is missing or no text");
    }
    return node.textValue();
  }

  private static JsonNode object(JsonNode root, String name) throws BadReportException {
    JsonNode node = root.path(name);
    if (!node.isObject()) {
      throw new BadReportException(Fault.BAD_REPORT, name + " is missing or no object");
    }
    return node;
  }

  /** A moment as ISO-8601 with an offset writes it. */
  static Instant moment(String text) throws BadReportException {
    try {
      return java.time.OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException e) {
      throw new BadReportException(
          Fault.BAD_REPORT, "observedAt is not like 2026-11-20T08:00:00Z: " + shown(text));
    }
  }

  /** What was a key when it was stored is one, whatever has been found to be junk since. */
  private static List<Key> storedKeys(JsonNode node) throws BadReportException {
    List<Key> keys = new ArrayList<>();
    for (Map.Entry<String, JsonNode> member : node.properties()) {
      Key.Kind kind = kind(member.getKey());
      member.getValue().forEach(value -> keys.add(new Key(kind, value.textValue())));
    }
    return keys;
  }

  private static Key.Kind kind(String label) throws BadReportException {
    return Key.Kind.of(label)
        .orElseThrow(
            () -> new BadReportException(Fault.BAD_REPORT, "no kind of key: " + shown(label)));
  }

  private static List<Key> keys(JsonNode node) throws BadReportException {
    List<Key> keys = new ArrayList<>();
    for (Map.Entry<String, JsonNode> member : node.properties()) {
      Key.Kind kind = kind(member.getKey());
      JsonNode stated = member.getValue();
      for (JsonNode value : stated.isArray() ? stated : List.of(stated)) {
        if (value.isTextual()) {
          Key.of(kind, value.textValue()).ifPresent(keys::add);
        } else if (!value.isNull()) {
          throw new BadReportException(
              Fault.BAD_REPORT, "a key is a text or a list of texts: " + kind.label());
        }
      }
    }
    return keys;
  }

  private static SortedMap<String, Value> attributes(JsonNode node) throws BadReportException {
    SortedMap<String, Value> attributes = new TreeMap<>();
    for (Map.Entry<String, JsonNode> member : node.properties()) {
      if (!member.getValue().isNull()) {
        attributes.put(member.getKey(), Value.of(member.getValue()));
      }
    }
    return attributes;
  }

  /** A sender's text in a message about it: short, and without what steers a terminal. */
  static String shown(String text) {
    String plain = text.replaceAll("\\p{Cntrl}", "?");
    return plain.length() <= 60 ? plain : plain.substring(0, 60) + "...";
  }

  /**
   * Reads what {@link #write} wrote, however long it is.
   *
   * @throws IllegalStateException if it is none
   */
  public static Report readOwn(String line) {
    JsonNode root = Json.parseTrusted(line);
    try {
      return Report.of(
          text(root, "source"),
          moment(text(root, "observedAt")),
          storedKeys(root.path("keys")),
          attributes(root.path("attributes")));
    } catch (BadReportException e) {
      throw new IllegalStateException("no report of ours: " + e.getMessage(), e);
    }
  }

  /** The report as one line of JSON, without the line's end. */
  public static String write(Report report) {
    return written(report, true);
  }

  static String body(Report report) {
    return written(report, false);
  }

  private static String written(Report report, boolean whole) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = Json.FACTORY.createGenerator(text)) {
      json.writeStartObject();
      if (whole) {
        json.writeStringField("source", report.source());
        json.writeStringField("observedAt", report.observedAt().toString());
      }
      json.writeObjectFieldStart("keys");
      for (Map.Entry<Key.Kind, List<String>> kind : byKind(report).entrySet()) {
        json.writeArrayFieldStart(kind.getKey().label());
        for (String value : kind.getValue()) {
          json.writeString(value);
        }
        json.writeEndArray();
      }
      json.writeEndObject();
      json.writeObjectFieldStart("attributes");
      for (Map.Entry<String, Value> attribute : report.attributes().entrySet()) {
        json.writeFieldName(attribute.getKey());
        json.writeRawValue(attribute.getValue().json());
      }
      json.writeEndObject();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static Map<Key.Kind, List<String>> byKind(Report report) {
    Map<Key.Kind, List<String>> byKind = new LinkedHashMap<>();
    report
        .primaryWeakKey()
        .ifPresent(
            key -> byKind.computeIfAbsent(key.kind(), kind -> new ArrayList<>()).add(key.value()));
    for (Key key : report.keys()) {
      List<String> values = byKind.computeIfAbsent(key.kind(), kind -> new ArrayList<>());
      if (!values.contains(key.value())) {
        values.add(key.value());
      }
    }
    return byKind;
  }
}
