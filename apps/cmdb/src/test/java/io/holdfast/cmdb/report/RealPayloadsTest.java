package io.holdfast.cmdb.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Published payloads of six projects, accounted for one by one. They lie beside the project; where
 * they do not, there is nothing to test.
 */
final class RealPayloadsTest {

  /** What becomes of a folder's files. */
  private record Outcome(int reports, Map<Fault, Integer> dead, long ignored) {}

  /** In each folder the licence is ignored; EC2's 73 answers hold 140 instances. */
  private static final Map<String, Outcome> EXPECTED =
      Map.of(
          "bk-cmdb", new Outcome(0, Map.of(Fault.UNKNOWN_SHAPE, 1), 1),
          "ec2", new Outcome(140, Map.of(), 1),
          "facter", new Outcome(150, Map.of(), 1),
          "glpi", new Outcome(9, Map.of(Fault.ANOTHER_THING, 1), 1),
          "redfish", new Outcome(1, Map.of(Fault.ANOTHER_THING, 198), 1),
          "redfish-vendors", new Outcome(2, Map.of(Fault.ANOTHER_THING, 28), 1));

  private Path data = Path.of("");

  @BeforeEach
  void findData() {
    Optional<Path> above = Optional.of(Path.of("").toAbsolutePath());
    while (above.isPresent() && !Files.isDirectory(at(above.get()))) {
      above = Optional.ofNullable(above.get().getParent());
    }
    if (above.isEmpty()) {
      System.out.println("skipped: no published payloads beside the project");
    }
    assumeTrue(above.isPresent(), "no published payloads beside the project");
    data = at(above.orElseThrow());
  }

  private static Path at(Path folder) {
    return folder.resolve("shared").resolve("data").resolve("machine-reports");
  }

  @Test
  void everyPayloadIsAccountedFor() throws Exception {
    Map<String, Outcome> found = new TreeMap<>();
    for (String folder : EXPECTED.keySet()) {
      found.put(folder, outcome(folder));
    }
    assertThat(found).containsExactlyInAnyOrderEntriesOf(EXPECTED);
  }

  @Test
  void wholeFolderIsTheSumOfItsFolders() throws Exception {
    assertThat(outcome("."))
        .isEqualTo(new Outcome(302, Map.of(Fault.UNKNOWN_SHAPE, 1, Fault.ANOTHER_THING, 227), 7));
  }

  @Test
  void bothSystemsOfTheSameServerHaveItsKeys() throws Exception {
    TreeSet<Key> keys = new TreeSet<>();
    for (Report report : reports("redfish-vendors")) {
      assertThat(report.strongKeys()).isNotEmpty();
      keys.addAll(report.strongKeys());
    }
    for (Report report : reports("redfish")) {
      assertThat(keys).containsAll(report.strongKeys());
    }
  }

  @Test
  void factsWithoutStrongKeyAreFoundByTheirMainInterface() throws Exception {
    List<Report> weak = reports("facter").stream().filter(r -> r.strongKeys().isEmpty()).toList();
    assertThat(weak).hasSize(11);
    assertThat(weak)
        .allMatch(r -> r.primaryWeakKey().map(Key::kind).equals(Optional.of(Key.Kind.MAC)));
  }

  @Test
  void keysAreAsManyAsTheDataSays() throws Exception {
    assertThat(distinct("facter", Key.Kind.UUID)).isEqualTo(86);
    assertThat(distinct("ec2", Key.Kind.CLOUD_ID)).isEqualTo(102);
    assertThat(distinct("glpi", Key.Kind.SERIAL)).isEqualTo(2);
    assertThat(distinct("glpi", Key.Kind.AGENT_ID)).isEqualTo(2);
  }

  private long distinct(String folder, Key.Kind kind) throws IOException {
    return reports(folder).stream()
        .flatMap(report -> report.keys().stream())
        .filter(key -> key.kind() == kind)
        .distinct()
        .count();
  }

  private List<Report> reports(String folder) throws IOException {
    List<Report> reports = new ArrayList<>();
    try (Payloads payloads = open(folder)) {
      for (Optional<Input> input = payloads.next(); input.isPresent(); input = payloads.next()) {
        if (input.get() instanceof Input.Reported reported) {
          reports.add(reported.report());
        }
      }
    }
    return reports;
  }

  private Outcome outcome(String folder) throws IOException {
    int reports = 0;
    Map<Fault, Integer> dead = new EnumMap<>(Fault.class);
    try (Payloads payloads = open(folder)) {
      for (Optional<Input> input = payloads.next(); input.isPresent(); input = payloads.next()) {
        if (input.get() instanceof Input.Dead letter) {
          dead.merge(letter.letter().fault(), 1, Integer::sum);
        } else {
          reports++;
        }
      }
      return new Outcome(reports, dead, payloads.ignored());
    }
  }

  private Payloads open(String folder) throws IOException {
    return Payloads.of(
        List.of(data.resolve(folder).toString()), Optional.empty(), InputStream.nullInputStream());
  }
}
