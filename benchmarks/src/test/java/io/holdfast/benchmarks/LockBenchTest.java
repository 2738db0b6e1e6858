package io.holdfast.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class LockBenchTest {

  private static final Size SHORT = new Size(1, 1, 1, 1, Duration.ZERO, 1, Duration.ofMillis(300));

  @Test
  void lockThatExcludesNobodyLosesUpdatesAndOnlyUnderTheHotName() throws Exception {
    List<Row> rows = run(new Nothing());

    assertThat(rows).extracting(Row::lost).element(0).isEqualTo(0L);
    assertThat(rows).extracting(Row::lost).element(1).isEqualTo(0L);
    assertThat(rows.get(2).table()).startsWith("S9 hot");
    assertThat(rows.get(2).lost()).isPositive();
  }

  @Test
  void lockThatExcludesLosesNone() throws Exception {
    assertThat(run(new ThreadLocks()))
        .hasSize(3)
        .allSatisfy(row -> assertThat(row.perSecond()).isPositive())
        .extracting(Row::lost)
        .containsOnly(0L);
  }

  @Test
  void lockThatFailsEndsTheRunWithItsOwnReason() {
    assertThatThrownBy(() -> run(new Failing()))
        .isInstanceOf(BenchException.class)
        .hasMessageContaining("no answer");
  }

  private static List<Row> run(Locker locker) throws InterruptedException {
    Contender contender = new Contender("it", "store", true, locker, List.of());
    return new LockBench(List.of(contender), SHORT, at -> {}).run();
  }

  private static class Nothing implements Locker {
    @Override
    public Caller caller() {
      return new Caller() {
        @Override
        public void acquire(String name) throws Exception {}

        @Override
        public void release() {}
      };
    }
  }

  private static final class Failing implements Locker {
    @Override
    public Caller caller() {
      return new Caller() {
        @Override
        public void acquire(String name) {
          throw new IllegalStateException("no answer");
        }

        @Override
        public void release() {}
      };
    }
  }
}
