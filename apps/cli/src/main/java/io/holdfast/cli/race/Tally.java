package io.holdfast.cli.race;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the workers have reported while one method ran. For one thread. */
final class Tally {

  private final List<String> acknowledged = new ArrayList<>();
  private final Map<Report.Kind, Integer> counts = new EnumMap<>(Report.Kind.class);

  void take(Report report) {
    counts.merge(report.kind(), 1, Integer::sum);
    if (report.kind() == Report.Kind.ACKNOWLEDGED) {
      acknowledged.add(report.about());
    }
  }

  /** Compares what was acknowledged with what the record holds at the end. */
  Outcome against(Method method, List<String> recorded) {
    Map<String, Integer> times = new HashMap<>();
    recorded.forEach(report -> times.merge(report, 1, Integer::sum));
    long lost = acknowledged.stream().filter(report -> !times.containsKey(report)).count();
    long doubled = times.values().stream().filter(number -> number > 1).count();
    return new Outcome(
        method,
        acknowledged.size(),
        Math.toIntExact(lost),
        Math.toIntExact(doubled),
        count(Report.Kind.BLOCKED),
        count(Report.Kind.RELEASED_ANOTHERS),
        count(Report.Kind.REFUSED_STALE_TOKEN),
        count(Report.Kind.REFUSED_STALE_READ),
        count(Report.Kind.LEASE_LOST));
  }

  private int count(Report.Kind kind) {
    return counts.getOrDefault(kind, 0);
  }
}
