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
import java.util.concurrent.DelayQueue;
import org.junit.jupiter.api.Test;

/** When a machine is merged whose lease is held. */
class WaitingTest {

  private static final Duration FOR_LONG = Duration.ofHours(1);

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
  void machineThatSeveralReportOnLetsTheOthersBy() throws Exception {
    try (Locks locks = Locks.connect("memory:waiting");
        Lease lease = locks.acquire("any")) {
      Waiting hot = waiting("hot", 2);
      Waiting cold = waiting("cold", 1);
      hot.holds(lease, FOR_LONG);
      cold.holds(lease, FOR_LONG);
      DelayQueue<Waiting> ready = new DelayQueue<>(List.of(hot, cold));
      assertThat(ready.poll()).isSameAs(cold);
      assertThat(ready.poll()).as("not yet").isNull();
      assertThat(ready).containsExactly(hot);
    }
  }

  @Test
  void machineThatHasLingeredIsNextAndBeforeThoseWhoCameLater() throws Exception {
    try (Locks locks = Locks.connect("memory:waiting");
        Lease lease = locks.acquire("any")) {
      Waiting hot = waiting("hot", 3);
      Waiting later = waiting("cold", 1);
      hot.holds(lease, Duration.ofNanos(-1));
      later.holds(lease, FOR_LONG);
      DelayQueue<Waiting> ready = new DelayQueue<>(List.of(later, hot));
      assertThat(ready.poll()).isSameAs(hot);
      assertThat(ready.poll()).isSameAs(later);
    }
  }
}
