/** The Java of the README and of docs/history.md, as it is compiled and run. */
@NullMarked
package io.holdfast.examples;

import org.jspecify.annotations.NullMarked;
