package io.holdfast.cmdb.ingest;

import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.report.Value;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The merge once more, as the documents state it and as plainly as can be: for each source and
 * attribute the last report that says something, of which those that are not stale decide. Shares
 * no code with the one under test but the values.
 */
final class Reference {

  /** The rules by which {@link World}s are merged. */
  static final String RULES =
      """
      {"sources": {"facter": {"staleAfter": "P30D"}, "ec2": {"staleAfter": "P10D"}},
       "attributes": {
         "serial": {"strategy": "precedence", "sources": ["redfish", "facter"]},
         "memory.*": {"strategy": "max"},
         "macs": {"strategy": "union"},
         "location.*": {"strategy": "pin", "sources": ["glpi"]},
         "*": {"strategy": "latest"}}}
      """;

  private static final Map<String, Duration> STALE_AFTER =
      Map.of("facter", Duration.ofDays(30), "ec2", Duration.ofDays(10));

  private record Said(String source, Instant at, Value value) {}

  private Reference() {}

  static SortedMap<String, Value> record(Collection<Report> reports) {
    List<Report> inOrder = new ArrayList<>(reports);
    // Within a source: by moment, then id.
    inOrder.sort(Comparator.comparing(Report::observedAt).thenComparing(Report::id));
    SortedMap<String, SortedMap<String, Said>> said = new TreeMap<>();
    for (Report report : inOrder) {
      report
          .attributes()
          .forEach(
              (attribute, value) ->
                  said.computeIfAbsent(attribute, name -> new TreeMap<>())
                      .put(report.source(), new Said(report.source(), report.observedAt(), value)));
    }
    SortedMap<String, Value> record = new TreeMap<>();
    if (inOrder.isEmpty()) {
      return record;
    }
    Instant newest = inOrder.get(inOrder.size() - 1).observedAt();
    said.forEach(
        (attribute, bySource) -> {
          Value value = decide(attribute, newest, bySource);
          if (!value.equals(Value.DELETED)) {
            record.put(attribute, value);
          }
        });
    return record;
  }

  private static Value decide(String attribute, Instant newest, SortedMap<String, Said> bySource) {
    Said pinned = bySource.get("glpi");
    if (attribute.startsWith("location.")
        && pinned != null
        && !pinned.value().equals(Value.DELETED)) {
      return pinned.value();
    }
    List<Said> counting = new ArrayList<>();
    for (Said each : bySource.values()) {
      Duration limit = STALE_AFTER.get(each.source());
      if (limit == null || !each.at().plus(limit).isBefore(newest)) {
        counting.add(each);
      }
    }
    if (counting.isEmpty()) {
      counting.addAll(bySource.values());
    }
    // The latest first; bySource is in the order of the alphabet, which this keeps among equals.
    counting.sort(Comparator.comparing(Said::at).reversed());
    return switch (attribute) {
      case "serial" -> first(counting, List.of("redfish", "facter"));
      case "memory.bytes" -> greatest(counting);
      case "macs" -> all(counting);
      default -> counting.get(0).value();
    };
  }

  private static Value first(List<Said> counting, List<String> sources) {
    for (String source : sources) {
      for (Said each : counting) {
        if (each.source().equals(source)) {
          return each.value();
        }
      }
    }
    return counting.get(0).value();
  }

  private static Value greatest(List<Said> counting) {
    BigDecimal greatest = null;
    for (Said each : counting) {
      if (!each.value().equals(Value.DELETED)) {
        BigDecimal number = new BigDecimal(each.value().json());
        greatest = greatest == null ? number : greatest.max(number);
      }
    }
    return greatest == null ? counting.get(0).value() : new Value(greatest.toPlainString());
  }

  private static Value all(List<Said> counting) {
    SortedSet<String> elements = new TreeSet<>();
    for (Said each : counting) {
      if (!each.value().equals(Value.DELETED)) {
        each.value().node().forEach(element -> elements.add(element.toString()));
      }
    }
    return elements.isEmpty()
        ? counting.get(0).value()
        : new Value("[" + String.join(",", elements) + "]");
  }
}
