/**
 * Whether a run kept what a lock with fencing promises: record what happened as {@link
 * io.holdfast.testkit.history.Event}s in a {@link io.holdfast.testkit.history.History}, on any lock
 * library and any resource, and have it checked by a {@link
 * io.holdfast.testkit.history.HistoryChecker} afterwards.
 */
@NullMarked
package io.holdfast.testkit.history;

import org.jspecify.annotations.NullMarked;
