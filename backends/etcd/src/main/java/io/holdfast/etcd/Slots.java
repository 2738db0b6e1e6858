package io.holdfast.etcd;

import io.etcd.jetcd.ByteSequence;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import java.util.stream.Stream;

/**
 * Which keys of one etcd lease are taken, and which never will be again. Keys are used again
 * because etcd remembers each one that ever was until it is compacted, and looks at all of a line:
 * with a key for each claim, locks get slower with every lock that was taken.
 *
 * <p><b>Why a late message cannot meet the next claim.</b> The id of the lease is in the key and is
 * never given twice, so only this process writes and deletes the key, and only for the one claim
 * that has taken it here. The key is given back when that claim is over and each of its questions
 * has been answered: jetcd sends none twice, so what was answered cannot arrive any more. If one of
 * them was not answered, it may arrive at any time, and the key is retired: no claim gets it while
 * the lease lives, and whatever appears under it is nobody's, and may be deleted. Questions that
 * compare the key's create revision need not be counted, as no revision comes twice.
 *
 * <p>Thread-safe.
 */
final class Slots {

  private final Set<ByteSequence> taken = ConcurrentHashMap.newKeySet();

  /** All of them are taken as well. */
  private final Set<ByteSequence> retired = ConcurrentHashMap.newKeySet();

  /**
   * The first key that is not taken.
   *
   * @param keys of a name, by number
   */
  ByteSequence take(IntFunction<ByteSequence> keys) {
    for (int slot = 0; ; slot++) {
      ByteSequence key = keys.apply(slot);
      if (taken.add(key)) {
        return key;
      }
    }
  }

  /** The key may be taken again, unless it was retired. */
  void giveBack(ByteSequence key) {
    if (!retired.contains(key)) {
      taken.remove(key);
    }
  }

  /** The key is not given back. */
  void retire(ByteSequence key) {
    retired.add(key);
  }

  /**
   * Those keys that are nobody's. They are taken from now on: whoever deletes them gives each back
   * when that was answered, and retires it when it was not.
   */
  List<ByteSequence> orphans(Stream<ByteSequence> keys, int most) {
    return keys.filter(key -> retired.contains(key) || taken.add(key)).limit(most).toList();
  }
}
