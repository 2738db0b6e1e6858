/** Locks that need no server: {@code memory:} between the threads of one JVM. */
@NullMarked
package io.holdfast.local;

import org.jspecify.annotations.NullMarked;
