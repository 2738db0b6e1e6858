/**
 * The production engine in simulated worlds. Start at {@link io.holdfast.simulation.Simulation};
 * one {@code World} puts together processes, a network, a store and a database, all run from one
 * {@code Agenda} of virtual time, and {@code Plan} says what goes wrong in it.
 */
@NullMarked
package io.holdfast.simulation;

import org.jspecify.annotations.NullMarked;
