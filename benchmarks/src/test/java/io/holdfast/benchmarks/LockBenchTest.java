package io.holdfast.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class LockBenchTest {

  private static final Size SHORT =
      new Size(1, 1, 1, 1, Duration.ZERO, 1, 1, Duration.ofMillis(20), 0);

  @Test
  void lockThatExcludesNobodyEndsTheRunAndOnlyUnderTheHotName() {
    assertThatThrownBy(() -> run(new Nothing()))
        .isInstanceOf(BenchException.class)
        .hasMessageStartingWith("S9 hot")
        .hasMessageContaining("two held one lock");
  }

  @Test
  void aloneTakesManyNamesInTurnAndTogetherEachItsOwnOrOne() throws Exception {
    Recording locker = new Recording();

    run(locker);

    // Of a round to warm up and one that counts, each with a caller for each thread.
    // A turn may be over before all names had theirs, if the machine stood still.
    assertThat(locker.asked.subList(0, 2))
        .allSatisfy(one -> assertThat(one.names).hasSize(Math.min(64, one.times)));
    assertThat(locker.asked.subList(2, 2 + 32)).allSatisfy(one -> assertThat(one.names).hasSize(1));
    assertThat(locker.asked.subList(2, 2 + 16).stream().flatMap(one -> one.names.stream()))
        .doesNotHaveDuplicates();
    assertThat(
            locker.asked.subList(34, 34 + 32).stream()
                .flatMap(one -> one.names.stream())
                .distinct())
        .hasSize(1);
  }

  @Test
  void clientsApartHaveEachALockerOfTheirOwnAndWhatLocksInsideIsLeftOut() throws Exception {
    Locker shared = new ThreadLocks();
    AtomicInteger opened = new AtomicInteger();
    Supplier<Locker> another = counted(shared, opened);
    List<Row> rows =
        new LockBench(
                List.of(
                    new Contender("it", "store", true, shared, Optional.of(another), List.of()),
                    new Contender("inside", "store", false, shared, Optional.empty(), List.of())),
                SHORT,
                at -> {})
            .run();

    assertThat(opened).hasValue(2 * 16);
    assertThat(rows)
        .filteredOn(row -> row.table().contains("clients"))
        .extracting(Row::method)
        .containsExactly("it");
  }

  @Test
  void whoLocksSeldomWarmsUpThreeTimesAndWhoLocksOftenOnce() throws Exception {
    assertThat(turnsWithAWarmUpOf(Integer.MAX_VALUE)).isEqualTo(3 + 1);
    assertThat(turnsWithAWarmUpOf(1)).isEqualTo(1 + 1);
  }

  private static Supplier<Locker> counted(Locker locker, AtomicInteger opened) {
    return () -> {
      opened.incrementAndGet();
      return locker;
    };
  }

  private static int turnsWithAWarmUpOf(int locks) throws InterruptedException {
    Locker shared = new ThreadLocks();
    AtomicInteger opened = new AtomicInteger();
    Supplier<Locker> another = counted(shared, opened);
    Contender it = new Contender("it", "store", true, shared, Optional.of(another), List.of());
    Size size = new Size(1, 1, 1, 1, Duration.ZERO, 1, 1, Duration.ofMillis(10), locks);
    List<Row> unused = new LockBench(List.of(it), size, at -> {}).run();
    return opened.get() / 16;
  }

  @Test
  void lockThatExcludesLosesNone() throws Exception {
    assertThat(run(new ThreadLocks()))
        .hasSize(4)
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
    Contender contender =
        new Contender("it", "store", true, locker, Optional.of(() -> locker), List.of());
    return new LockBench(List.of(contender), SHORT, at -> {}).run();
  }

  /** What one caller asked for, and how often it asked. */
  private static final class Asked {
    private final Set<String> names = new HashSet<>();
    private int times;
  }

  private static final class Recording implements Locker {

    private final List<Asked> asked = new CopyOnWriteArrayList<>();
    private final Locker locker = new ThreadLocks();

    @Override
    public Caller caller() throws Exception {
      Asked own = new Asked();
      asked.add(own);
      Caller caller = locker.caller();
      return new Caller() {
        @Override
        public void acquire(String name) throws Exception {
          own.names.add(name);
          own.times++;
          caller.acquire(name);
        }

        @Override
        public void release() throws Exception {
          caller.release();
        }
      };
    }
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
