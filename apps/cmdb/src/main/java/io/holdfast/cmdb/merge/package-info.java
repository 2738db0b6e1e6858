/**
 * The merge: what a machine's sources say, and the record that the rules make of it. Pure functions
 * of values; no clock, no database, no order of arrival.
 */
@NullMarked
package io.holdfast.cmdb.merge;

import org.jspecify.annotations.NullMarked;
