/**
 * {@code holdfast bench}: what the CMDB's write path costs, beside other ways to write.
 *
 * <p>Start at {@link io.holdfast.benchmarks.BenchCommand}. A {@link
 * io.holdfast.benchmarks.Workload} has its {@link io.holdfast.benchmarks.Side}s take turns.
 */
@NullMarked
package io.holdfast.benchmarks;

import org.jspecify.annotations.NullMarked;
