/** Models of stores for the simulator: what a store's steps do, on a clock that is handed in. */
@NullMarked
package io.holdfast.simulation;

import org.jspecify.annotations.NullMarked;
