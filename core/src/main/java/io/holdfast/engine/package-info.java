/**
 * The engine: waiting, renewing and giving back on any {@link io.holdfast.spi.LockBackend}. State
 * machines without threads; each difficulty has one place.
 *
 * <p>Waiting, deadline, withdrawal: {@link io.holdfast.engine.LocalQueue} for the callers of one
 * process, {@link io.holdfast.engine.Acquirer} for the store. Keeping alive, loss, drift: {@link
 * io.holdfast.engine.LiveLease}. Giving back: {@link io.holdfast.engine.Farewell}. Unanswered
 * questions: {@link io.holdfast.engine.Question}. Pauses: {@link io.holdfast.engine.Backoff}. One
 * event after the other: {@link io.holdfast.engine.Mailbox}.
 */
@NullMarked
package io.holdfast.engine;

import org.jspecify.annotations.NullMarked;
