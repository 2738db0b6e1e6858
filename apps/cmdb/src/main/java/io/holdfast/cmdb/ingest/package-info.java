/**
 * The ingest: reports in, acknowledgements out. The lock before the connection, and what belongs to
 * one machine together.
 */
@NullMarked
package io.holdfast.cmdb.ingest;

import org.jspecify.annotations.NullMarked;
