package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Acknowledged;
import io.holdfast.testkit.history.Event.Acquire;
import io.holdfast.testkit.history.Event.Claim;
import io.holdfast.testkit.history.Event.Content;
import io.holdfast.testkit.history.Event.Crashed;
import io.holdfast.testkit.history.Event.Effect;
import io.holdfast.testkit.history.Event.Leftover;
import io.holdfast.testkit.history.Event.Look;
import io.holdfast.testkit.history.Event.Lost;
import io.holdfast.testkit.history.Event.Message;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.Event.Release;
import io.holdfast.testkit.history.Event.Sent;
import io.holdfast.testkit.history.Event.Stored;
import io.holdfast.testkit.history.Event.Write;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.function.Predicate;

/** A way to spoil a clean history so that a check at least has to catch it. */
record Corruption(String name, Check caughtBy, Predicate<Spoiled> spoil) {

  static final List<Corruption> ALL =
      List.of(
          new Corruption("tokens swapped", Check.TOKENS, Spoiled::swapTokens),
          new Corruption("token repeated", Check.TOKENS, Spoiled::repeatToken),
          new Corruption("token seen to change", Check.TOKENS, Spoiled::changeToken),
          new Corruption("released too late", Check.EXCLUSION, Spoiled::releaseLate),
          new Corruption(
              "released too late for the oracle", Check.LINEARIZABILITY, Spoiled::releaseLate),
          new Corruption("stale write accepted", Check.RESOURCE, Spoiled::acceptStaleWrite),
          new Corruption("stale claim accepted", Check.RESOURCE, Spoiled::acceptStaleClaim),
          new Corruption("token read late", Check.RESOURCE, Spoiled::readTokenLate),
          new Corruption(
              "refused write accepted", Check.NO_LOST_UPDATE, Spoiled::acceptRefusedWrite),
          new Corruption("update lost", Check.NO_LOST_UPDATE, Spoiled::dropContent),
          new Corruption("update doubled", Check.NO_LOST_UPDATE, Spoiled::doubleContent),
          new Corruption("updates swapped", Check.NO_LOST_UPDATE, Spoiled::swapContent),
          new Corruption("write on an old read", Check.NO_LOST_UPDATE, Spoiled::readOldVersion),
          new Corruption("nothing acknowledged", Check.NO_LOST_UPDATE, Spoiled::acknowledgeNothing),
          new Corruption(
              "acknowledged before commit", Check.NO_LOST_UPDATE, Spoiled::acknowledgeEarly),
          new Corruption("wait too long", Check.LIVENESS, Spoiled::returnLate),
          new Corruption("served out of order", Check.FAIRNESS, Spoiled::swapCalls),
          new Corruption("left behind", Check.LEAKS, Spoiled::leaveSomething),
          new Corruption("renewed after release", Check.SILENCE, Spoiled::renewAfterRelease),
          new Corruption("renewal creates", Check.SILENCE, Spoiled::createByRenewal),
          new Corruption("loss not told", Check.LOSS_TOLD, Spoiled::dropLoss),
          new Corruption("loss told twice", Check.LOSS_TOLD, Spoiled::doubleLoss),
          new Corruption("loss told late", Check.LOSS_TOLD, Spoiled::delayLoss),
          new Corruption("loss told after release", Check.LOSS_TOLD, Spoiled::loseAfterRelease),
          new Corruption("held again", Check.LOSS_TOLD, Spoiled::holdAgain));

  /** Spoils the events; false if they have nothing to spoil in this way. */
  boolean apply(List<Event> events, Random random) {
    return spoil.test(new Spoiled(events, random));
  }

  @Override
  public String toString() {
    return name;
  }

  private record Pair(Acquire one, Acquire two) {}

  /** Events about to be spoiled. */
  static final class Spoiled {
    private static final long SECOND = 1_000_000_000;
    private final List<Event> events;
    private final Random random;

    Spoiled(List<Event> events, Random random) {
      this.events = events;
      this.random = random;
    }

    private <E> List<E> all(Class<E> type, Predicate<E> fits) {
      List<E> all = new ArrayList<>();
      for (Event event : events) {
        if (type.isInstance(event) && fits.test(type.cast(event))) {
          all.add(type.cast(event));
        }
      }
      return all;
    }

    private <E extends Event> boolean replaceOne(
        Class<E> type, Predicate<E> fits, Function<E, Event> spoiled) {
      List<E> all = all(type, fits);
      if (all.isEmpty()) {
        return false;
      }
      E chosen = all.get(random.nextInt(all.size()));
      events.set(events.indexOf(chosen), spoiled.apply(chosen));
      return true;
    }

    private <E extends Event> boolean addOne(
        Class<E> type, Predicate<E> fits, Function<E, Event> more) {
      List<E> all = all(type, fits);
      if (!all.isEmpty()) {
        events.add(more.apply(all.get(random.nextInt(all.size()))));
      }
      return !all.isEmpty();
    }

    /** Two grants of one lock, the first with the smaller token. */
    private List<Pair> pairs(BiPredicate<Acquire, Acquire> fit) {
      List<Acquire> granted = all(Acquire.class, it -> it.outcome() == Outcome.OK);
      granted.sort(Comparator.comparing(Acquire::name).thenComparing(Acquire::token));
      List<Pair> pairs = new ArrayList<>();
      for (int i = 1; i < granted.size(); i++) {
        Acquire one = granted.get(i - 1);
        Acquire two = granted.get(i);
        if (one.name().equals(two.name()) && fit.test(one, two)) {
          pairs.add(new Pair(one, two));
        }
      }
      Collections.shuffle(pairs, random);
      return pairs;
    }

    private static Event withToken(Event event, long hold, long token) {
      if (event instanceof Acquire it && it.hold() == hold) {
        return new Acquire(
            it.process(),
            it.name(),
            hold,
            it.invokedAt(),
            it.returnedAt(),
            it.outcome(),
            token,
            it.validUntil(),
            it.waitAtMost());
      } else if (event instanceof Look it && it.hold() == hold) {
        return new Look(it.process(), hold, it.at(), token, it.validUntil());
      } else if (event instanceof Claim it && it.hold() == hold) {
        return new Claim(it.resource(), it.process(), hold, token, it.at(), it.accepted());
      } else if (event instanceof Write it && it.hold() == hold) {
        return withToken(it, token);
      }
      return event;
    }

    private static Write withToken(Write it, long token) {
      return new Write(
          it.resource(),
          it.process(),
          it.hold(),
          token,
          it.id(),
          it.versionRead(),
          it.at(),
          it.accepted());
    }

    private static Acquire withTimes(Acquire it, long invokedAt, long returnedAt, long validUntil) {
      return new Acquire(
          it.process(),
          it.name(),
          it.hold(),
          invokedAt,
          returnedAt,
          it.outcome(),
          it.token(),
          validUntil,
          it.waitAtMost());
    }

    boolean swapTokens() {
      for (Pair pair : pairs((one, two) -> one.returnedAt() < two.invokedAt())) {
        Acquire one = pair.one();
        Acquire two = pair.two();
        events.replaceAll(
            event -> {
              Event first = withToken(event, one.hold(), two.token());
              return first == event ? withToken(event, two.hold(), one.token()) : first;
            });
        return true;
      }
      return false;
    }

    boolean repeatToken() {
      for (Pair pair : pairs((one, two) -> true)) {
        events.replaceAll(event -> withToken(event, pair.two().hold(), pair.one().token()));
        return true;
      }
      return false;
    }

    boolean changeToken() {
      return replaceOne(
          Look.class,
          look -> true,
          it -> new Look(it.process(), it.hold(), it.at(), it.token() + 1, it.validUntil()));
    }

    /** Puts the release of a hold after the return of the next acquire. */
    boolean releaseLate() {
      for (Pair pair : pairs((one, two) -> two.returnedAt() + SECOND / 1000 < two.validUntil())) {
        Acquire one = pair.one();
        Acquire two = pair.two();
        long late = two.returnedAt() + 1;
        List<Release> releases =
            all(Release.class, it -> it.hold() == one.hold() && it.outcome() == Outcome.OK);
        boolean held =
            all(Release.class, it -> it.hold() == two.hold() && it.invokedAt() <= late).isEmpty();
        boolean alive =
            all(
                    Crashed.class,
                    it -> it.process().equals(one.process()) || it.process().equals(two.process()))
                .isEmpty();
        if (!releases.isEmpty() && held && alive) {
          Release it = releases.get(0);
          events.set(
              events.indexOf(it),
              new Release(it.process(), it.hold(), late, late + 1, it.outcome()));
          events.set(
              events.indexOf(one), withTimes(one, one.invokedAt(), one.returnedAt(), late + 1));
          return true;
        }
      }
      return false;
    }

    private static Write accepted(Write it) {
      return new Write(
          it.resource(),
          it.process(),
          it.hold(),
          it.token(),
          it.id(),
          it.versionRead(),
          it.at(),
          true);
    }

    private boolean isStale(Write write) {
      return !all(
              Write.class,
              it ->
                  it.accepted()
                      && it.resource().equals(write.resource())
                      && it.at() < write.at()
                      && it.token() > write.token())
          .isEmpty();
    }

    boolean acceptStaleWrite() {
      return replaceOne(Write.class, it -> !it.accepted() && isStale(it), Spoiled::accepted);
    }

    boolean acceptRefusedWrite() {
      return replaceOne(Write.class, it -> !it.accepted(), Spoiled::accepted);
    }

    boolean acceptStaleClaim() {
      return replaceOne(
          Claim.class,
          it -> !it.accepted(),
          it -> new Claim(it.resource(), it.process(), it.hold(), it.token(), it.at(), true));
    }

    boolean readTokenLate() {
      return replaceOne(Write.class, it -> true, it -> withToken(it, it.token() + 1));
    }

    private boolean spoilContent(int least, Function<List<String>, List<String>> spoiled) {
      return replaceOne(
          Content.class,
          it -> it.ids().size() >= least,
          it -> new Content(it.resource(), spoiled.apply(new ArrayList<>(it.ids())), it.at()));
    }

    boolean dropContent() {
      return spoilContent(
          1,
          ids -> {
            ids.remove(random.nextInt(ids.size()));
            return ids;
          });
    }

    boolean doubleContent() {
      return spoilContent(
          1,
          ids -> {
            ids.add(ids.get(random.nextInt(ids.size())));
            return ids;
          });
    }

    boolean swapContent() {
      return spoilContent(
          2,
          ids -> {
            int at = random.nextInt(ids.size() - 1);
            Collections.swap(ids, at, at + 1);
            return ids;
          });
    }

    boolean readOldVersion() {
      return replaceOne(
          Write.class,
          it -> it.accepted() && it.versionRead() > 0,
          it ->
              new Write(
                  it.resource(),
                  it.process(),
                  it.hold(),
                  it.token(),
                  it.id(),
                  it.versionRead() - 1,
                  it.at(),
                  true));
    }

    boolean acknowledgeNothing() {
      return addOne(
          Content.class, it -> true, it -> new Acknowledged(it.resource(), "nothing", it.at()));
    }

    boolean acknowledgeEarly() {
      return replaceOne(
          Acknowledged.class,
          it -> true,
          it -> new Acknowledged(it.resource(), it.id(), it.at() - SECOND));
    }

    boolean returnLate() {
      return replaceOne(
          Acquire.class,
          it ->
              it.outcome() == Outcome.FAILED
                  && all(Crashed.class, crash -> crash.process().equals(it.process())).isEmpty(),
          it -> withTimes(it, it.invokedAt(), it.returnedAt() + 100 * SECOND, 0));
    }

    boolean swapCalls() {
      BiPredicate<Acquire, Acquire> together =
          (one, two) ->
              one.process().equals(two.process())
                  && one.waitAtMost() == two.waitAtMost()
                  && one.invokedAt() < two.invokedAt()
                  && two.invokedAt() < one.returnedAt();
      for (Pair pair : pairs(together)) {
        Acquire one = pair.one();
        Acquire two = pair.two();
        events.set(
            events.indexOf(one),
            withTimes(one, two.invokedAt(), one.returnedAt(), one.validUntil()));
        events.set(
            events.indexOf(two),
            withTimes(two, one.invokedAt(), two.returnedAt(), two.validUntil()));
        return true;
      }
      return false;
    }

    boolean leaveSomething() {
      return addOne(Content.class, it -> true, it -> new Leftover("store", "a key", it.at()));
    }

    boolean renewAfterRelease() {
      return addOne(
          Sent.class,
          it -> it.message() == Message.RELEASE,
          it -> new Sent(it.process(), it.name(), it.claim(), Message.RENEW, it.at() + 1));
    }

    boolean createByRenewal() {
      return replaceOne(
          Stored.class,
          it -> it.effect() == Effect.RENEWED,
          it -> new Stored(it.name(), it.claim(), it.effect(), it.token(), false, it.at()));
    }

    boolean dropLoss() {
      List<Lost> losses = all(Lost.class, it -> true);
      return !losses.isEmpty() && events.remove(losses.get(random.nextInt(losses.size())));
    }

    boolean doubleLoss() {
      return addOne(Lost.class, it -> true, it -> new Lost(it.process(), it.hold(), it.at() + 1));
    }

    boolean delayLoss() {
      return replaceOne(
          Lost.class, it -> true, it -> new Lost(it.process(), it.hold(), it.at() + 9 * SECOND));
    }

    boolean loseAfterRelease() {
      return addOne(
          Release.class,
          it -> it.outcome() == Outcome.OK,
          it -> new Lost(it.process(), it.hold(), it.returnedAt() + 1));
    }

    boolean holdAgain() {
      return addOne(
          Lost.class,
          it -> true,
          it ->
              new Look(
                  it.process(),
                  it.hold(),
                  it.at() + 1,
                  all(Acquire.class, acquire -> acquire.hold() == it.hold()).get(0).token(),
                  it.at() + SECOND));
    }
  }
}
