package io.holdfast.cmdb.merge;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.report.Value;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * All that a machine's sources say: for each source and attribute the newest statement, and for
 * each source when it was last heard.
 *
 * <p>A state only grows: adding reports is commutative, associative and idempotent, because each
 * statement is the greatest of a total order (a last-writer-wins map for each source, in the terms
 * of Shapiro et al., <a href="https://inria.hal.science/inria-00555588">A comprehensive study of
 * Convergent and Commutative Replicated Data Types</a>, 2011). So the state is a function of the
 * set of reports, whatever their order and however often each came.
 *
 * <p>Immutable.
 */
public final class State {

  /** Of a machine of which nothing is known. */
  public static final State EMPTY = new State(Collections.emptySortedMap());

  /** What one source says. */
  private record Voice(Instant lastHeard, SortedMap<String, Statement> statements) {}

  private final SortedMap<String, Voice> voices;
  private final Instant newest;

  private State(SortedMap<String, Voice> voices) {
    this.voices = voices;
    this.newest =
        voices.values().stream()
            .map(Voice::lastHeard)
            .max(Instant::compareTo)
            .orElse(Instant.EPOCH);
  }

  /** The state after these reports as well. */
  public State with(Collection<Report> reports) {
    SortedMap<String, Voice> next = new TreeMap<>(voices);
    for (Report report : reports) {
      next.put(report.source(), heard(Optional.ofNullable(next.get(report.source())), report));
    }
    return new State(next);
  }

  private static Voice heard(Optional<Voice> before, Report report) {
    SortedMap<String, Statement> statements =
        before.map(voice -> new TreeMap<>(voice.statements())).orElseGet(TreeMap::new);
    report
        .attributes()
        .forEach(
            (attribute, value) ->
                statements.merge(
                    attribute,
                    new Statement(report.source(), value, report.observedAt(), report.id()),
                    State::newer));
    Instant lastHeard =
        before
            .map(Voice::lastHeard)
            .filter(last -> last.isAfter(report.observedAt()))
            .orElse(report.observedAt());
    return new Voice(lastHeard, statements);
  }

  private static Statement newer(Statement one, Statement other) {
    return Statement.WITHIN_SOURCE.compare(one, other) >= 0 ? one : other;
  }

  /**
   * The newest observation of any source: against it staleness is measured; 1970 if there is none.
   */
  public Instant newest() {
    return newest;
  }

  /** When each source was last heard, by source. */
  public SortedMap<String, Instant> lastHeard() {
    SortedMap<String, Instant> lastHeard = new TreeMap<>();
    voices.forEach((source, voice) -> lastHeard.put(source, voice.lastHeard()));
    return lastHeard;
  }

  /** The statements about each attribute, tombstones too, each list in the order of the sources. */
  public SortedMap<String, List<Statement>> byAttribute() {
    SortedMap<String, List<Statement>> all = new TreeMap<>();
    for (Voice voice : voices.values()) {
      voice
          .statements()
          .forEach(
              (attribute, statement) ->
                  all.computeIfAbsent(attribute, name -> new ArrayList<>(4)).add(statement));
    }
    return all;
  }

  /**
   * The state as JSON. A report is named once for each source, since most sources say all they have
   * to say in each report.
   */
  public String write() {
    StringWriter text = new StringWriter(1024);
    try (JsonGenerator json = Json.OWN.getFactory().createGenerator(text)) {
      json.writeStartObject();
      for (Map.Entry<String, Voice> voice : voices.entrySet()) {
        json.writeFieldName(voice.getKey());
        write(json, voice.getValue());
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static void write(JsonGenerator json, Voice voice) throws IOException {
    Map<String, Integer> reports = new LinkedHashMap<>();
    json.writeStartObject();
    json.writeNumberField("heard", micros(voice.lastHeard()));
    json.writeArrayFieldStart("reports");
    for (Statement statement : voice.statements().values()) {
      if (reports.putIfAbsent(statement.reportId(), reports.size()) == null) {
        json.writeString(statement.reportId());
        json.writeNumber(micros(statement.observedAt()));
      }
    }
    json.writeEndArray();
    json.writeObjectFieldStart("says");
    for (Map.Entry<String, Statement> says : voice.statements().entrySet()) {
      json.writeArrayFieldStart(says.getKey());
      json.writeNumber(reports.getOrDefault(says.getValue().reportId(), -1));
      json.writeRawValue(says.getValue().value().json());
      json.writeEndArray();
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  /**
   * Reads what {@link #write} wrote. A value is the piece of the text that it was written as: what
   * is canonical need not be understood again.
   */
  public static State read(String text) {
    SortedMap<String, Voice> voices = new TreeMap<>();
    try (JsonParser json = Json.OWN.getFactory().createParser(text)) {
      json.nextToken();
      for (String source = json.nextFieldName(); source != null; source = json.nextFieldName()) {
        voices.put(source, voice(source, json, text));
      }
    } catch (IOException e) {
      throw new IllegalStateException("a stored state is none: " + e.getMessage(), e);
    }
    return new State(voices);
  }

  private static Voice voice(String source, JsonParser json, String text) throws IOException {
    Instant lastHeard = Instant.EPOCH;
    List<String> reports = new ArrayList<>();
    List<Instant> moments = new ArrayList<>();
    SortedMap<String, Statement> statements = new TreeMap<>();
    json.nextToken();
    for (String member = json.nextFieldName(); member != null; member = json.nextFieldName()) {
      json.nextToken();
      switch (member) {
        case "heard" -> lastHeard = moment(json.getLongValue());
        case "reports" -> {
          while (json.nextToken() == JsonToken.VALUE_STRING) {
            reports.add(json.getText());
            json.nextToken();
            moments.add(moment(json.getLongValue()));
          }
        }
        case "says" -> {
          for (String says = json.nextFieldName(); says != null; says = json.nextFieldName()) {
            json.nextToken();
            int report = json.nextIntValue(-1);
            json.nextToken();
            Value value = value(json, text);
            json.nextToken();
            statements.put(
                says, new Statement(source, value, moments.get(report), reports.get(report)));
          }
        }
        default -> throw new IllegalStateException("no member of a stored state: " + member);
      }
    }
    return new Voice(lastHeard, statements);
  }

  private static Value value(JsonParser json, String text) throws IOException {
    int from = (int) json.currentTokenLocation().getCharOffset();
    json.skipChildren();
    json.finishToken();
    return new Value(text.substring(from, (int) json.currentLocation().getCharOffset()));
  }

  private static long micros(Instant moment) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, moment);
  }

  private static Instant moment(long micros) {
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof State state && state.voices.equals(voices);
  }

  @Override
  public int hashCode() {
    return voices.hashCode();
  }

  @Override
  public String toString() {
    return write();
  }
}
