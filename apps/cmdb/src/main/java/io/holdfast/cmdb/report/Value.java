package io.holdfast.cmdb.report;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * An attribute's value as canonical JSON: members sorted by name, no white space, numbers in one
 * spelling. Equal values are equal texts, so that what a report's id and a record are made of does
 * not hang on how a source writes JSON.
 *
 * @param json the text
 */
public record Value(String json) implements Comparable<Value> {

  /** The statement that there is no such attribute: a tombstone, in a report {@code $deleted}. */
  public static final Value DELETED = new Value("{\"$deleted\":true}");

  /** Characters of the longest value. */
  public static final int LONGEST = 64 * 1024;

  private static final int DEEPEST = 16;
  private static final int DIGITS = 40;

  /**
   * A value that is not null; null means unknown, and is to be left out of a report.
   *
   * @throws BadReportException if it is nested too deep, too long, or holds a number out of range
   */
  public static Value of(JsonNode node) throws BadReportException {
    if (node.isTextual() && node.textValue().length() < LONGEST / 6) {
      return new Value(quoted(storable(node.textValue()))); // as most are
    } else if (node.isIntegralNumber() && node.canConvertToLong()) {
      return of(node.longValue());
    }
    StringWriter text = new StringWriter();
    try (JsonGenerator json = Json.FACTORY.createGenerator(text)) {
      write(json, node, DEEPEST);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (text.getBuffer().length() > LONGEST) {
      throw new BadReportException(
          Fault.BAD_VALUE, "a value is longer than " + LONGEST + " characters");
    }
    return new Value(text.toString());
  }

  /** A text. */
  public static Value of(String text) {
    return trusted(JsonNodeFactory.instance.textNode(text));
  }

  /** A whole number. */
  public static Value of(long number) {
    return new Value(Long.toString(number));
  }

  private static String quoted(String text) {
    return '"' + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
  }

  private static Value trusted(JsonNode node) {
    try {
      return of(node);
    } catch (BadReportException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static void write(JsonGenerator json, JsonNode node, int deepest)
      throws IOException, BadReportException {
    if (deepest == 0) {
      throw new BadReportException(
          Fault.BAD_VALUE, "a value is nested deeper than " + DEEPEST + " levels");
    }
    switch (node.getNodeType()) {
      case OBJECT -> {
        json.writeStartObject();
        Map<String, JsonNode> members = new TreeMap<>();
        ((ObjectNode) node)
            .properties()
            .forEach(each -> members.put(each.getKey(), each.getValue()));
        for (Map.Entry<String, JsonNode> member : members.entrySet()) {
          json.writeFieldName(storable(member.getKey()));
          write(json, member.getValue(), deepest - 1);
        }
        json.writeEndObject();
      }
      case ARRAY -> {
        json.writeStartArray();
        for (JsonNode element : node) {
          write(json, element, deepest - 1);
        }
        json.writeEndArray();
      }
      case NUMBER -> json.writeNumber(number(node));
      case STRING -> json.writeString(storable(node.textValue()));
      case BOOLEAN -> json.writeBoolean(node.booleanValue());
      case NULL -> json.writeNull();
      default -> throw new BadReportException(Fault.BAD_VALUE, "a value is of no JSON type");
    }
  }

  /** PostgreSQL stores every character but this one. */
  private static String storable(String text) throws BadReportException {
    if (text.indexOf('\0') >= 0) {
      throw new BadReportException(Fault.BAD_VALUE, "a text holds the character NUL");
    }
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        if (i + 1 == text.length()
            || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
          throw new BadReportException(Fault.BAD_VALUE, "a text holds half of a surrogate pair");
        }
        i++;
      }
    }
    return text;
  }

  private static String number(JsonNode node) throws BadReportException {
    if (node.isIntegralNumber() && node.canConvertToLong()) {
      return Long.toString(node.longValue());
    }
    if (node.isFloatingPointNumber() && !Double.isFinite(node.doubleValue())) {
      throw new BadReportException(Fault.BAD_VALUE, "a number is out of range");
    }
    BigDecimal exact = node.decimalValue();
    if (exact.signum() == 0) {
      return "0";
    }
    exact = exact.stripTrailingZeros();
    long magnitude = (long) exact.precision() - exact.scale();
    if (exact.precision() > DIGITS || Math.abs(magnitude) > DIGITS) {
      throw new BadReportException(
          Fault.BAD_VALUE,
          "a number has more than " + DIGITS + " digits before or after its point");
    }
    return exact.toPlainString();
  }

  /** Whether this is the tombstone. */
  public boolean isDeleted() {
    return equals(DELETED);
  }

  /** The number that this is; empty if it is none. */
  public Optional<BigDecimal> number() {
    char first = json.charAt(0);
    return first == '-' || (first >= '0' && first <= '9')
        ? Optional.of(new BigDecimal(json))
        : Optional.empty();
  }

  /** The elements of a list; of anything else, itself. */
  public List<Value> elements() {
    if (json.charAt(0) != '[') {
      return List.of(this);
    }
    List<Value> elements = new ArrayList<>();
    node().forEach(element -> elements.add(trusted(element)));
    return elements;
  }

  /** A list of these in this order. */
  public static Value list(Collection<Value> elements) {
    return new Value(elements.stream().map(Value::json).collect(joining(",", "[", "]")));
  }

  /** The value as a tree. */
  public JsonNode node() {
    return Json.parseTrusted(json);
  }

  /** By text; an order, whatever it means, so that ties end the same way everywhere. */
  @Override
  public int compareTo(Value other) {
    return json.compareTo(other.json);
  }

  @Override
  public String toString() {
    return json;
  }
}
