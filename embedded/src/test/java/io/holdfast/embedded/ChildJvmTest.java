package io.holdfast.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ChildJvmTest {

  /** As many as the test JVM itself was given: one, unless it is run with other options. */
  private static final List<String> OURS = levels();

  private static List<String> levels() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> option.contains("TieredStopAtLevel"))
        .toList();
  }

  /** What the other JVM runs. */
  static final class Levels {
    private Levels() {}

    public static void main(String[] args) {
      levels().forEach(System.out::println);
    }
  }

  @Test
  void itCompilesAsItsParentUnlessItsOptionsSayOtherwise() throws Exception {
    assertThat(levelsOfAChild()).isEqualTo(OURS);

    List<String> both = new ArrayList<>(OURS);
    both.add("-XX:TieredStopAtLevel=2"); // of two the JVM obeys the last
    assertThat(levelsOfAChild("-XX:TieredStopAtLevel=2")).isEqualTo(both);
  }

  private static List<String> levelsOfAChild(String... options) throws InterruptedException {
    BlockingQueue<Optional<String>> lines = new LinkedBlockingQueue<>();
    List<String> said = new ArrayList<>();
    try (ChildJvm child =
        ChildJvm.start(Levels.class, List.of(options), List.of(), Map.of(), lines::add)) {
      while (true) {
        Optional<String> line = lines.poll(100, TimeUnit.SECONDS);
        assertThat(line).as("a word of %s", child).isNotNull();
        if (line.isEmpty()) {
          return said;
        }
        said.add(line.get());
      }
    }
  }
}
