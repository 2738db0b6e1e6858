package io.holdfast.cmdb.report;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ReportTest {

  private static final String REPORT =
      """
      {"source":"s","observedAt":"2026-11-20T08:00:00Z",
       "keys":{"serial":"SN-1","mac":["52:54:00:00:00:02","52:54:00:00:00:01"]},
       "attributes":{"a":1,"b":{"x":[1,2],"y":null},"gone":{"$deleted":true},"unknown":null}}
      """;

  @ParameterizedTest
  @ValueSource(
      strings = {
        """
        {"attributes":{"gone":{"$deleted":true},"b":{"y":null,"x":[1,2]},"a":1},
         "keys":{"mac":["52:54:00:00:00:01","52:54:00:00:00:02"],"serial":["SN-1"]},
         "observedAt":"2026-11-20T08:00:00Z","source":"s"}
        """,
        """
        {"source":"s","observedAt":"2026-11-20T10:00:00.0000004+02:00",
         "keys":{"serial":" sn-1 ","uuid":null,"mac":["5254.0000.0002","52-54-00-00-00-01"]},
         "attributes":{"a":1.0,"b":{"x":[1e0,2.00],"y":null},"gone":{"$deleted":true}}}
        """
      })
  void sameStatementHasSameIdHoweverItIsWritten(String written) throws Exception {
    assertThat(read(written).id()).isEqualTo(read(REPORT).id());
    assertThat(read(written).body()).isEqualTo(read(REPORT).body());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "\"source\":\"s\"|\"source\":\"t\"",
        "08:00:00Z|08:00:00.000001Z",
        "SN-1|SN-2",
        "\"a\":1|\"a\":\"1\"",
        "\"a\":1|\"a\":1.1",
        "\"a\":1|\"A\":1",
        "[1,2]|[2,1]",
        "\"y\":null|\"z\":null",
        "\"unknown\":null|\"unknown\":0",
      })
  void otherStatementHasAnotherId(String part, String other) throws Exception {
    assertThat(read(REPORT.replace(part, other)).id()).isNotEqualTo(read(REPORT).id());
  }

  @Test
  void reportIsReadAsItWasWritten() throws Exception {
    Report report = read(REPORT);
    assertThat(read(ReportJson.write(report))).isEqualTo(report);
    assertThat(ReportJson.stored(report.source(), report.observedAt(), report.body()))
        .isEqualTo(report);
  }

  @Test
  void firstAddressStandsForReportWithoutStrongKeyAlsoAfterItWasStored() throws Exception {
    Report report = read(REPORT.replace("\"serial\":\"SN-1\",", ""));
    assertThat(report.primaryWeakKey()).map(Key::value).contains("525400000002");
    assertThat(ReportJson.stored("s", report.observedAt(), report.body()).primaryWeakKey())
        .isEqualTo(report.primaryWeakKey());
  }

  @Test
  void unknownIsNotDeleted() throws Exception {
    assertThat(read(REPORT).attributes())
        .containsEntry("gone", Value.DELETED)
        .doesNotContainKey("unknown");
  }

  @Test
  void limitsAreWhereTheyAreSaidToBe() throws Exception {
    String keys = list(Report.MOST_KEYS, "\"K-%d\"");
    read(withKeys(keys));
    assertFault(Fault.BAD_REPORT, withKeys(keys + ",\"one more\""));
    String attributes = list(Report.MOST_ATTRIBUTES, "\"a%d\":1");
    read(withAttributes(attributes));
    assertFault(Fault.BAD_REPORT, withAttributes(attributes + ",\"b\":1"));
    read(withAttributes("\"" + "n".repeat(200) + "\":1"));
    assertFault(Fault.BAD_REPORT, withAttributes("\"" + "n".repeat(201) + "\":1"));
    read(withAttributes("\"n\":\"" + "v".repeat(Value.LONGEST - 2) + "\""));
    assertFault(Fault.BAD_VALUE, withAttributes("\"n\":\"" + "v".repeat(Value.LONGEST - 1) + "\""));
    read(withAttributes("\"n\":" + "[".repeat(15) + "1" + "]".repeat(15)));
    assertFault(Fault.BAD_VALUE, withAttributes("\"n\":" + "[".repeat(16) + "1" + "]".repeat(16)));
    read(withAttributes("\"n\":" + "9".repeat(40)));
    assertFault(Fault.BAD_VALUE, withAttributes("\"n\":" + "9".repeat(41)));
    read(withKeys("\"" + "k1".repeat(100) + "\""));
    assertFault(Fault.NO_KEY, withKeys("\"" + "k1".repeat(100) + "k\""));
    read(REPORT.replace("\"s\"", "\"" + "s".repeat(64) + "\""));
    assertFault(Fault.BAD_REPORT, REPORT.replace("\"s\"", "\"" + "s".repeat(65) + "\""));
    read(REPORT.replace("2026-11-20T08:00:00Z", "1970-01-01T00:00:00Z"));
    assertFault(Fault.BAD_REPORT, REPORT.replace("2026-11-20T08:00:00Z", "1969-12-31T23:59:59Z"));
    assertFault(Fault.BAD_REPORT, REPORT.replace("2026-11-20T08:00:00Z", "2100-01-01T00:00:00Z"));
  }

  @ParameterizedTest
  @CsvSource({
    "SERIAL,To Be Filled By O.E.M.",
    "SERIAL,0",
    "SERIAL,Default string",
    "SERIAL,1234567",
    "UUID,00000000-0000-0000-0000-000000000000",
    "UUID,FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    "UUID,03000200-0400-0500-0006-000700080009",
    "MAC,00:00:00:00:00:00",
    "MAC,ff:ff:ff:ff:ff:ff",
    "MAC,AA:BB:CC:DD:EE:00",
    "MAC,AA:BB:CC:DD:EE:FE",
    "MAC,01:02:03:04:05:06",
    "MAC,0a:00:27:00:00:00",
    "MAC,52:54:00:00:00",
    "HOSTNAME,localhost.localdomain",
  })
  void junkIsNoKey(Key.Kind kind, String stated) {
    assertThat(Key.of(kind, stated)).isEmpty();
  }

  /** The schema's names, limits and patterns are those of the reader; it has no validator here. */
  @Test
  void schemaSaysWhatTheReaderDoes() throws Exception {
    JsonNode schema;
    try (InputStream in = ReportJson.class.getResourceAsStream("report.schema.json")) {
      schema = Json.STRICT.readTree(Objects.requireNonNull(in));
    }
    JsonNode members = schema.path("properties");
    assertThat(schema.path("additionalProperties").booleanValue()).isFalse();
    assertThat(names(members)).containsExactly("attributes", "keys", "observedAt", "source");
    assertThat(schema.path("required")).hasSize(4);
    assertThat(names(members.path("keys").path("properties")))
        .containsExactlyInAnyOrderElementsOf(
            List.of(Key.Kind.values()).stream().map(Key.Kind::label).toList());
    assertThat(members.path("attributes").path("maxProperties").intValue())
        .isEqualTo(Report.MOST_ATTRIBUTES);
    Pattern source = Pattern.compile(members.path("source").path("pattern").textValue());
    Pattern name =
        Pattern.compile(
            members.path("attributes").path("propertyNames").path("pattern").textValue());
    for (String each :
        List.of(
            "a", "a.b-c_d9", "A", "", ".a", "os name", "x".repeat(64), "x".repeat(65), "\u00e4")) {
      assertThat(source.matcher(each).find())
          .as("source " + each)
          .isEqualTo(isRead(REPORT.replace("\"s\"", "\"" + each + "\"")));
    }
    for (String each :
        List.of("a", "A b", "network.eth0:1/x@y-z_", "", " a", "(a)", "x".repeat(201), "\u00e4")) {
      assertThat(name.matcher(each).find())
          .as("attribute " + each)
          .isEqualTo(isRead(withAttributes("\"" + each + "\":1")));
    }
  }

  private static Set<String> names(JsonNode object) {
    TreeSet<String> names = new TreeSet<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static boolean isRead(String json) throws Exception {
    try {
      read(json);
      return true;
    } catch (BadReportException e) {
      return false;
    }
  }

  private static void assertFault(Fault fault, String json) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOfSatisfying(
            BadReportException.class, e -> assertThat(e.fault()).isEqualTo(fault));
  }

  private static String list(int size, String each) {
    return IntStream.range(0, size)
        .mapToObj(i -> String.format(Locale.ROOT, each, i))
        .collect(Collectors.joining(","));
  }

  private static String withKeys(String serials) {
    return "{\"source\":\"s\",\"observedAt\":\"2026-11-20T08:00:00Z\",\"keys\":{\"serial\":["
        + serials
        + "]},\"attributes\":{}}";
  }

  private static String withAttributes(String attributes) {
    return "{\"source\":\"s\",\"observedAt\":\"2026-11-20T08:00:00Z\",\"keys\":{\"serial\":\"SN-1\"},"
        + "\"attributes\":{"
        + attributes
        + "}}";
  }

  private static Report read(String json) throws Exception {
    return ReportJson.read(Json.STRICT.readTree(json.getBytes(UTF_8)));
  }
}
