package io.holdfast.cmdb.store;

import io.holdfast.cmdb.merge.State;
import java.util.Optional;

/**
 * A machine as it was read.
 *
 * @param id its id: a digest of the key that created it
 * @param created the token of its first write; among machines that turn out to be one, the smallest
 *     stays
 * @param mergedInto what it turned out to be; then nothing else of it counts
 * @param rules the id of the rules by which its record was made
 * @param state what its sources say
 * @param fence the newest token that has written it
 * @param version counts its writes from 1; 0 for one that is not there yet
 */
public record Machine(
    String id,
    long created,
    Optional<String> mergedInto,
    String rules,
    State state,
    long fence,
    long version) {

  /** One that is not there yet. */
  static Machine absent(String id) {
    return new Machine(id, Long.MAX_VALUE, Optional.empty(), "", State.EMPTY, 0, 0);
  }
}
