package io.holdfast.benchmarks;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What one method did in one turn.
 *
 * @param done how many reports were acknowledged, or locks released
 * @param lasted how long that took
 * @param processorTime what this JVM and the servers computed meanwhile
 * @param p50Millis from a report's submission to its acknowledgement, or a lock's question to its
 *     grant
 * @param p99Millis the same
 */
record Turn(int done, Duration lasted, Duration processorTime, double p50Millis, double p99Millis) {

  /** A turn with the wait of each report in nanoseconds. */
  static Turn of(Duration lasted, Duration processorTime, long[] waits) {
    long[] sorted = waits.clone();
    Arrays.sort(sorted);
    return new Turn(
        sorted.length, lasted, processorTime, millis(sorted, 0.5), millis(sorted, 0.99));
  }

  /** The wait below which this share of all stayed. */
  private static double millis(long[] sorted, double share) {
    if (sorted.length == 0) {
      return 0;
    }
    int place = (int) Math.ceil(share * sorted.length) - 1;
    return sorted[Math.max(0, place)] / 1e6;
  }

  double perSecond() {
    return done * 1e9 / lasted.toNanos();
  }

  double processorMillis() {
    return processorTime.toNanos() / 1e6 / Math.max(1, done);
  }

  static double median(Collection<Turn> turns, ToDoubleFunction<Turn> figure) {
    List<Double> sorted = turns.stream().map(figure::applyAsDouble).sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }
}
