package io.holdfast.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class RecentLinesTest {

  private static final long LEFT_AT = Long.MAX_VALUE - 5; // the clock may pass its end
  private static final RecentLines.Queue TWO = new RecentLines.Queue("the last", 2);

  private final RecentLines lines = new RecentLines();

  private Optional<RecentLines.Queue> known(String folder, long later) {
    return lines.of(folder, LEFT_AT + later);
  }

  @Test
  void aLineIsKnownForHalfOfTheTimeThatAllButItsLastNeed() {
    lines.left("a", TWO, 100, LEFT_AT);
    assertThat(known("a", 0)).contains(TWO);
    assertThat(known("a", 49)).contains(TWO);
    assertThat(known("a", 50)).isEmpty();
    RecentLines.Queue five = new RecentLines.Queue("the last", 5);
    lines.left("a", five, 100, LEFT_AT);
    assertThat(known("a", 199)).contains(five);
    assertThat(known("a", 200)).isEmpty();
  }

  @Test
  void ofOneThatIsFirstByThenNothingIsKnown() {
    lines.left("a", new RecentLines.Queue("the last", 1), 1_000_000, LEFT_AT);
    assertThat(known("a", 0)).isEmpty();
    lines.left("a", new RecentLines.Queue("the one that left", 0), 1_000_000, LEFT_AT);
    assertThat(known("a", 0)).isEmpty();
  }

  @Test
  void aLongTimeOfManyIsNoNegativeOne() {
    lines.left("a", new RecentLines.Queue("the last", 1_000_000), Long.MAX_VALUE / 2, LEFT_AT);
    assertThat(known("a", 1)).isPresent();
  }

  @Test
  void noFolderIsTakenForAnother() {
    lines.left("Aa", TWO, 100, LEFT_AT);
    assertThat("BB").hasSameHashCodeAs("Aa");
    assertThat(known("BB", 0)).isEmpty();
    lines.left("BB", TWO, 100, LEFT_AT);
    assertThat(known("Aa", 0)).isEmpty();
  }
}
