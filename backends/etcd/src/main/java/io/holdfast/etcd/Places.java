package io.holdfast.etcd;

import io.holdfast.spi.Claim;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What this process remembers of its claims, each with a {@link Place}, until the store has
 * answered that it is over. Thread-safe; takes jetcd's locks: call it while holding none.
 */
final class Places {

  private final Keys keys;
  private final Map<String, Place> places = new ConcurrentHashMap<>();

  /** Claims that were asked for and not given up since; changed within the compute of places. */
  private final Set<String> wanted = ConcurrentHashMap.newKeySet();

  Places(Keys keys) {
    this.keys = keys;
  }

  /** The claim is asked for, and may take a place. */
  void want(Claim claim) {
    wanted.add(claim.id());
  }

  /**
   * The claim's place on this lease, where a question is put now; empty if the claim was given up
   * meanwhile: a place that it took now would be nobody's.
   */
  Optional<Place> forQuestion(Claim claim, Session session) {
    AtomicReference<@Nullable Place> asked = new AtomicReference<>();
    AtomicReference<@Nullable Place> former = new AtomicReference<>();
    places.compute(
        claim.id(),
        (id, known) -> {
          if (!wanted.contains(id)) {
            return known;
          }
          Place present = known;
          if (known == null || known.session() != session) {
            former.set(known);
            present =
                new Place(
                    session,
                    session.slots().take(slot -> keys.place(claim.name(), session.id(), slot)),
                    known);
          }
          present.asked();
          asked.set(present);
          return present;
        });
    Place left = former.get();
    if (left != null) {
      left.ignore(); // not within the compute
    }
    return Optional.ofNullable(asked.get());
  }

  @Nullable Place of(Claim claim) {
    return places.get(claim.id());
  }

  /** The claim takes no place any more. The one that it has is answered, if there is one. */
  @Nullable Place giveUp(Claim claim) {
    return places.compute(
        claim.id(),
        (id, known) -> {
          wanted.remove(id);
          return known;
        });
  }

  /** The store has answered that the claim is over: another may have its key, if that is safe. */
  void drop(Claim claim) {
    wanted.remove(claim.id());
    Place last = places.remove(claim.id());
    if (last != null) {
      last.ignore();
      Slots slots = last.session().slots();
      if (last.isInDoubt()) {
        slots.retire(last.key());
      }
      slots.giveBack(last.key());
    }
  }

  /** Forgets those that were given up without an answer, on a lease that is gone since. */
  void forget() {
    places
        .entrySet()
        .removeIf(place -> place.getValue().session().isGone() && !wanted.contains(place.getKey()));
  }
}
