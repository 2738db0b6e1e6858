/**
 * {@code holdfast race}: one hot record, several processes, and what each way of locking loses.
 *
 * <p>Start at {@link io.holdfast.cli.race.RaceCommand}. The {@link io.holdfast.cli.race.Director}
 * plays the {@link io.holdfast.cli.race.Scene}s with {@link io.holdfast.cli.race.WorkerProcess}es,
 * which run {@link io.holdfast.cli.race.Worker}; the two talk in lines over stdin and stdout.
 */
@NullMarked
package io.holdfast.cli.race;

import org.jspecify.annotations.NullMarked;
