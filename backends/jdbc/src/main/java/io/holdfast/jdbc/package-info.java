/** Locks in a database: a lease table in any of five, or locks of a session. JDBC only. */
@NullMarked
package io.holdfast.jdbc;

import org.jspecify.annotations.NullMarked;
