package io.holdfast.etcd;

import io.holdfast.spi.Claim;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
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

  /** A place where an ask is put, and the ask's number there. */
  record Asked(Place place, int number) {}

  /**
   * The claim's place on this lease, where a question is put now; empty if the claim was given up
   * meanwhile: a place that it took now would be nobody's. Empty, too, while its place is being
   * left: what the store says of that now may be over when it is heard. A place of which nobody
   * knows whether it was left is never used again. Empty, last, on a lease that is gone: the claim
   * may have a place on a later one, which an ask that was slow must not replace.
   */
  Optional<Asked> forQuestion(Claim claim, Session session) {
    AtomicReference<@Nullable Asked> asked = new AtomicReference<>();
    AtomicReference<@Nullable Place> former = new AtomicReference<>();
    places.compute(
        claim.id(),
        (id, known) -> {
          if (!wanted.contains(id) || session.isGone()) {
            return known;
          }
          Place present = known;
          if (known == null || known.session() != session || known.stage() == Place.Stage.UNHEARD) {
            former.set(known);
            present =
                new Place(
                    session,
                    session.slots().take(slot -> keys.place(claim.name(), session.id(), slot)),
                    known);
          }
          if (present.stage() == Place.Stage.KEPT) {
            asked.set(new Asked(present, present.nextAsk()));
          }
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

  /**
   * The claim takes no place any more. The one that it has is answered, if there is one; a question
   * that deletes its key counts as put.
   */
  @Nullable Place giveUp(Claim claim) {
    return places.compute(
        claim.id(),
        (id, known) -> {
          wanted.remove(id);
          if (known != null) {
            giveUp(known);
          }
          return known;
        });
  }

  private static void giveUp(Place place) {
    place.enter(Place.Stage.GIVEN_UP);
    place.asked();
  }

  /** As {@link #giveUp}, for an ask that was refused; false if the claim was asked for again. */
  boolean giveUp(Claim claim, Asked refused) {
    AtomicBoolean isLast = new AtomicBoolean();
    places.computeIfPresent(
        claim.id(),
        (id, known) -> {
          if (known == refused.place()
              && known.stage() == Place.Stage.KEPT
              && known.lastAsk() == refused.number()) {
            wanted.remove(id);
            giveUp(known);
            isLast.set(true);
          }
          return known;
        });
    return isLast.get();
  }

  /** The store has answered that the place is left: another may have its key, if that is safe. */
  void drop(Claim claim, Place place) {
    if (places.remove(claim.id(), place)) {
      wanted.remove(claim.id());
      place.ignore();
      Slots slots = place.session().slots();
      if (place.isInDoubt()) {
        slots.retire(place.key());
      }
      slots.giveBack(place.key());
    }
  }

  /** Whether the claim was granted, at whatever place it has. */
  boolean wasGranted(Claim claim) {
    Place place = places.get(claim.id());
    return place != null && place.wasGranted();
  }

  /** Forgets those that were given up without an answer, on a lease that is gone since. */
  void forget() {
    places
        .entrySet()
        .removeIf(place -> place.getValue().session().isGone() && !wanted.contains(place.getKey()));
  }
}
