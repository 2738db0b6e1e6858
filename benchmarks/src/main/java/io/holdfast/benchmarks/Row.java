package io.holdfast.benchmarks;

import java.util.List;

/**
 * A line of a table: medians of a method's turns.
 *
 * @param table what was done
 * @param perSecond reports, or locks
 * @param lost writes, acknowledged or under a lock, that were found lost afterwards
 */
record Row(
    String table,
    String method,
    double perSecond,
    double toOurs,
    double p50Millis,
    double p99Millis,
    double processorMillis,
    long lost) {

  static Row of(String table, String method, List<Turn> turns, double ours, long lost) {
    double perSecond = Turn.median(turns, Turn::perSecond);
    return new Row(
        table,
        method,
        perSecond,
        perSecond / ours,
        Turn.median(turns, Turn::p50Millis),
        Turn.median(turns, Turn::p99Millis),
        Turn.median(turns, Turn::processorMillis),
        lost);
  }

  Row withLost(long number) {
    return new Row(table, method, perSecond, toOurs, p50Millis, p99Millis, processorMillis, number);
  }
}
