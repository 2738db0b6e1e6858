/**
 * Locks that need no server: {@code memory:} between the threads of one JVM, {@code file:} between
 * the processes of one host.
 */
@NullMarked
package io.holdfast.local;

import org.jspecify.annotations.NullMarked;
