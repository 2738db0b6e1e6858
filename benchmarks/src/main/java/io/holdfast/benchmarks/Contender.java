package io.holdfast.benchmarks;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A way to lock, on a store.
 *
 * @param label no other has it
 * @param store ratios are to ours on the same one
 * @param locker what the threads of one process share
 * @param another opens one more, as another process has it; empty if it locks in one process only
 * @param servers the store's processes, whose processor time counts
 */
record Contender(
    String label,
    String store,
    boolean ours,
    Locker locker,
    Optional<Supplier<Locker>> another,
    List<Long> servers) {}
