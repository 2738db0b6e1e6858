/**
 * Mistakes put into the code, one at a time, to see that the checks find them. A mutant is a file,
 * a piece of its text and what stands there instead; the copy is compiled and run in a class loader
 * of its own, so that what is shipped has no hooks for it.
 */
@NullMarked
package io.holdfast.mutants;

import org.jspecify.annotations.NullMarked;
