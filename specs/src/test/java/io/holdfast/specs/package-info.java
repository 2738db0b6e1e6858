/** Runs the model checker over the protocols, and expects it to refute the wrong ones. */
@NullMarked
package io.holdfast.specs;

import org.jspecify.annotations.NullMarked;
