/** The Java of the README, as it is compiled and run. */
@NullMarked
package io.holdfast.examples;

import org.jspecify.annotations.NullMarked;
