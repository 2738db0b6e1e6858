/**
 * The SPI: what a store's adapter implements. A backend answers, the engine waits.
 *
 * <p>Four questions, each one atomic step in the store, each repeatable, none waiting: {@link
 * io.holdfast.spi.LockBackend}.
 */
@NullMarked
package io.holdfast.spi;

import org.jspecify.annotations.NullMarked;
