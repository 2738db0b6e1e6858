package io.holdfast.cmdb.merge;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.cmdb.report.BadReportException;
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

  private State(SortedMap<String, Voice> voices) {
    this.voices = voices;
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

  /** The newest observation of any source: against it staleness is measured. */
  public Optional<Instant> newest() {
    return voices.values().stream().map(Voice::lastHeard).max(Instant::compareTo);
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

  /** Whether this report says nothing that the state does not know newer. */
  public boolean makesOutdated(Report report) {
    return with(List.of(report)).equals(this);
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

  /** Reads what {@link #write} wrote. */
  public static State read(String text) {
    SortedMap<String, Voice> voices = new TreeMap<>();
    for (Map.Entry<String, JsonNode> source : Json.parseTrusted(text).properties()) {
      voices.put(source.getKey(), voice(source.getKey(), source.getValue()));
    }
    return new State(voices);
  }

  private static Voice voice(String source, JsonNode node) {
    JsonNode reports = node.path("reports");
    SortedMap<String, Statement> statements = new TreeMap<>();
    try {
      for (Map.Entry<String, JsonNode> says : node.path("says").properties()) {
        int report = says.getValue().path(0).intValue() * 2;
        statements.put(
            says.getKey(),
            new Statement(
                source,
                Value.of(says.getValue().path(1)),
                moment(reports.path(report + 1).longValue()),
                reports.path(report).textValue()));
      }
    } catch (BadReportException e) {
      throw new IllegalStateException("a stored statement is none: " + e.getMessage(), e);
    }
    return new Voice(moment(node.path("heard").longValue()), statements);
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
