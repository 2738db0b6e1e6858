/**
 * Reports: what one source says about one machine at one moment, and how payloads of several shapes
 * become that.
 */
@NullMarked
package io.holdfast.cmdb.report;

import org.jspecify.annotations.NullMarked;
