package io.holdfast.cmdb.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.Lease;
import io.holdfast.Locks;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.store.Group;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Who is merged first. */
class WaitingTest {

  private static final Duration FAR_BACK = Duration.ofHours(1);

  private static Waiting waiting(String machine, int reports) {
    List<Report> all = new ArrayList<>();
    List<Waiting.Item> items = new ArrayList<>();
    for (int i = 0; i < reports; i++) {
      Report report = Reports.of("source-" + i, "os", "serial:" + machine);
      all.add(report);
      items.add(new Waiting.Item(report, i, 1));
    }
    return new Waiting(new Group(machine, all, new TreeSet<>(), new TreeSet<>()), items);
  }

  @Test
  void machineThatManyReportOnLetsTheOthersByAndKeepsItsTurnAmongItsLike() throws Exception {
    try (Locks locks = Locks.connect("memory:waiting");
        Lease lease = locks.acquire("any")) {
      Waiting hot = waiting("hot", 3);
      Waiting cold = waiting("cold", 1);
      Waiting hotToo = waiting("hot-too", 2);
      Waiting coldToo = waiting("cold-too", 1);
      List<Waiting> inOrderOfTheirLeases = List.of(hot, cold, hotToo, coldToo);
      inOrderOfTheirLeases.forEach(each -> each.holds(lease, FAR_BACK));
      assertThat(inOrderOfTheirLeases.stream().sorted(Waiting.BY_TURN).toList())
          .containsExactly(cold, coldToo, hot, hotToo);
    }
  }

  @Test
  void machineThatManyReportOnStepsBackOnlySoFar() throws Exception {
    try (Locks locks = Locks.connect("memory:waiting");
        Lease lease = locks.acquire("any")) {
      Waiting hot = waiting("hot", 3);
      Waiting later = waiting("cold", 1);
      hot.holds(lease, Duration.ofNanos(-1));
      later.holds(lease, Duration.ofNanos(-1));
      assertThat(List.of(later, hot).stream().sorted(Waiting.BY_TURN).toList())
          .containsExactly(hot, later);
    }
  }
}
