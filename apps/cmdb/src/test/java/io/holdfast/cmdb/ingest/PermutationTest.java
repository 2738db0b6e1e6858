package io.holdfast.cmdb.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.Locks;
import io.holdfast.cmdb.OneServer;
import io.holdfast.cmdb.merge.Rules;
import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.report.Value;
import io.holdfast.cmdb.store.Audit;
import io.holdfast.cmdb.store.Database;
import io.holdfast.cmdb.store.MachineStore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The record is a function of the set of reports: whatever order, whoever merges, however often.
 */
class PermutationTest {

  private static final int WORLDS = 25;
  private static final int INGESTS = 3;

  @Test
  void ordersOverSeveralWorkersHaveTheOutcomeOfTheSetOfReports() throws Exception {
    everyOrderHasTheOutcomeOfTheSet(10);
  }

  @Test
  @Tag("slow")
  void aThousandOrdersOverSeveralWorkersHaveTheOutcomeOfTheSetOfReports() throws Exception {
    everyOrderHasTheOutcomeOfTheSet(40);
  }

  private static void everyOrderHasTheOutcomeOfTheSet(int permutations) throws Exception {
    List<World> worlds = new ArrayList<>();
    List<Report> all = new ArrayList<>();
    Random random = new Random(20261120);
    for (int world = 0; world < WORLDS; world++) {
      for (int permutation = 0; permutation < permutations; permutation++) {
        World one = new World(world, "w" + world + "p" + permutation + "-");
        worlds.add(one);
        List<Report> shuffled = one.reports();
        Collections.shuffle(shuffled, random);
        all.addAll(shuffled);
      }
    }
    // Several worlds at a time, so that workers meet now in one, now in another.
    for (int from = 0; from < all.size(); from += 100) {
      Collections.shuffle(all.subList(from, Math.min(all.size(), from + 100)), random);
    }

    Queue<String> witnesses = new ConcurrentLinkedQueue<>();
    String url = OneServer.newDatabase();
    try (Database database = Database.openToMerge(url, 30);
        Locks locks = Locks.connect("memory:")) {
      MachineStore.of(database).putInForce(Rules.parse(Reference.RULES));
      List<Ingest> ingests = new ArrayList<>();
      for (int i = 0; i < INGESTS; i++) {
        ingests.add(
            new Ingest(
                locks,
                MachineStore.of(database),
                Settings.DEFAULTS.batch(10),
                new Tally(),
                acks -> acks.forEach(each -> witnesses.add(each.ack().report().id())),
                Gate.OPEN));
      }
      for (Report report : all) {
        ingests.get(random.nextInt(INGESTS)).submit(report, 0);
      }
      for (Ingest ingest : ingests) {
        ingest.awaitAll();
        ingest.close();
      }

      assertThat(witnesses).as("each given, each acknowledged").hasSameSizeAs(all);
      Audit.Result audit = Audit.of(database, witnesses.iterator());
      assertThat(audit.findings()).isEmpty();
      assertThat(audit.lost()).isEmpty();

      Map<SortedSet<Key>, SortedMap<String, Value>> outcome = Outcome.read(url);
      Set<SortedSet<Key>> expectedKeys = new java.util.HashSet<>();
      for (World world : worlds) {
        world
            .outcome()
            .forEach(
                (keys, record) -> {
                  expectedKeys.add(keys);
                  assertThat(outcome).containsKey(keys);
                  assertThat(outcome.get(keys)).as("record of %s", keys).isEqualTo(record);
                });
      }
      assertThat(outcome.keySet()).isEqualTo(expectedKeys);
    }
  }
}
