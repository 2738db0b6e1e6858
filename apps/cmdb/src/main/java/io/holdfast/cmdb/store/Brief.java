package io.holdfast.cmdb.store;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A machine as a list shows it.
 *
 * @param os name and version, as far as they are known
 * @param sources that have said anything, in the order of the alphabet
 * @param conflicts attributes about which sources that count disagree
 * @param newest the newest observation
 */
public record Brief(
    String id,
    Optional<String> hostname,
    Optional<String> serial,
    Optional<String> os,
    List<String> sources,
    int conflicts,
    long version,
    Instant newest,
    Instant updatedAt) {}
