package io.holdfast.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.simulation.Simulation.Replay;
import io.holdfast.simulation.Simulation.Sum;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The shipped engine keeps its promises in worlds where enough happens to tell. */
class SimulationTest {

  /** Before a change lands, {@code holdfast simulate} runs 100,000. */
  private static final long WORLDS = Long.getLong("simulation.worlds", 2_000);

  @Test
  void everyPromiseIsKeptInEveryWorld() throws InterruptedException {
    Sum sum = Simulation.worlds(1, WORLDS, 2, done -> {});
    System.out.println(sum.report());
    assertThat(sum.failed()).as("run: holdfast simulate --seed (one of these)").isEmpty();
    assertThat(sum.worlds()).isEqualTo(WORLDS);
    assertThat(sum.missing()).isEmpty();
  }

  @Test
  void aSeedIsTheSameHistoryEveryTime() {
    for (long seed = 20_000; seed < 20_050; seed++) {
      assertThat(Simulation.world(seed).events()).isEqualTo(Simulation.world(seed).events());
    }
  }

  @Test
  void aPlanThatIsPrintedIsTheSameWorld() {
    Replay world = Simulation.world(7);
    assertThat(Simulation.world(7, world.plan()).events()).isEqualTo(world.events());
  }

  @Test
  @Tag("slow")
  void aWorldInWhichNothingHappensIsTooLittle() throws InterruptedException {
    Sum sum = Simulation.worlds(1, 500, 2, done -> {});
    Sum idle =
        new Sum(500, Simulation.world(1).verdict().load(), sum.peculiarities(), sum.failed(), 0);
    Sum common = new Sum(500, sum.load(), Map.of(), sum.failed(), 0);
    assertThat(sum.missing()).isEmpty();
    assertThat(idle.missing()).isPresent();
    assertThat(common.missing()).hasValueSatisfying(what -> assertThat(what).contains("sessions"));
  }

  @Test
  void aWorldThatFailsIsShrunk() {
    // Clocks that differ by more than is promised: leases overlap.
    Replay failing =
        LongStream.range(1, 200)
            .mapToObj(seed -> Simulation.world(seed, "rate_error=100000,store=0"))
            .filter(world -> !world.verdict().isClean())
            .findFirst()
            .orElseThrow();
    Replay smallest = Simulation.shrunk(failing);
    assertThat(smallest.verdict().broken()).containsAnyElementsOf(failing.verdict().broken());
    assertThat(smallest.events()).hasSizeLessThan(failing.events().size());
    assertThat(Simulation.world(smallest.seed(), smallest.plan()).events())
        .isEqualTo(smallest.events());
  }

  @Test
  void aPlanSaysWhatIsWrongWithIt() {
    assertThatThrownBy(() -> Simulation.world(1, "speed=3"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("speed");
    assertThatThrownBy(() -> Simulation.world(1, "loss=much"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("much");
    assertThatThrownBy(() -> Simulation.world(1, "loss"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("name=value");
    assertThatThrownBy(() -> Simulation.world(1, "lease=1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("lease is 50000 to");
    assertThatThrownBy(() -> Simulation.world(1, "loss=1001"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("loss is 0 to 1000");
  }
}
