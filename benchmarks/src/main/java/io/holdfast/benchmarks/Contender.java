package io.holdfast.benchmarks;

import java.util.List;

/**
 * A way to lock, on a store.
 *
 * @param label no other has it
 * @param store ratios are to ours on the same one
 * @param servers the store's processes, whose processor time counts
 */
record Contender(String label, String store, boolean ours, Locker locker, List<Long> servers) {}
