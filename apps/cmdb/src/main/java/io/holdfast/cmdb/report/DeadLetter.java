package io.holdfast.cmdb.report;

/**
 * Input that can never be merged, set aside with the reason. Immutable.
 *
 * @param origin where it was found
 * @param fault the reason's kind, to count by
 * @param reason one line for a reader
 */
public record DeadLetter(Origin origin, Fault fault, String reason) {}
