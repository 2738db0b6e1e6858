package io.holdfast.cli.race;

import java.util.List;

/**
 * The actors of one scene, in the order of their parts.
 *
 * @param actors at least three; the second runs on another host than the first
 * @param store where someone removes a lock by hand
 */
record Cast(List<Actor> actors, StoreByHand store) {

  /** Someone with access to the store and no patience. */
  interface StoreByHand {
    void removeLock() throws RaceException;
  }

  Actor first() {
    return actors.get(0);
  }

  Actor second() {
    return actors.get(1);
  }

  Actor third() {
    return actors.get(2);
  }

  /** All but the first. */
  List<Actor> others() {
    return actors.subList(1, actors.size());
  }

  void removeLockByHand() throws RaceException {
    store.removeLock();
  }
}
