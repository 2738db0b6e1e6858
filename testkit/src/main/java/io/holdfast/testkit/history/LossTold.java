package io.holdfast.testkit.history;

import io.holdfast.testkit.history.Event.Effect;
import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.Look;
import io.holdfast.testkit.history.Event.Lost;
import io.holdfast.testkit.history.Event.Message;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.Event.Release;
import io.holdfast.testkit.history.Event.Sent;
import io.holdfast.testkit.history.Event.Stored;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** C10: a holder hears of a loss, once and in time, and it is final. */
final class LossTold {

  private final Run run;
  private final Expectations expected;
  private final Findings found;
  private final long slack;
  private final Map<String, List<Stored>> grants = new HashMap<>();
  private final Map<Long, List<Sent>> farewells = new HashMap<>();

  private LossTold(Run run, Expectations expected, Findings found) {
    this.run = run;
    this.expected = expected;
    this.found = found;
    slack = Nanos.of(expected.slack());
  }

  static void check(Run run, Expectations expected, Findings found) {
    LossTold told = new LossTold(run, expected, found);
    if (expected.storeLossTold() && expected.tokens() && expected.tokensGrow()) {
      told.findGrants();
    }
    for (List<Tenure> lock : run.locks()) {
      for (Tenure tenure : lock) {
        if (tenure.isGranted()) {
          told.checkExpiry(tenure);
          told.checkOnce(tenure);
          told.checkFinal(tenure);
          told.checkStoreLoss(tenure);
          told.checkRelease(tenure);
        }
      }
    }
  }

  private void checkExpiry(Tenure tenure) {
    Release release = tenure.release();
    if (release != null && release.invokedAt() <= tenure.promised()) {
      return;
    }
    Life life = run.life(tenure.acquire().process());
    // A grant that was over when it was heard of is due then.
    long due = life.deadline(Math.max(tenure.promised(), tenure.start()), slack);
    boolean crashed = life.crashFrom(tenure.start()) <= due;
    if (crashed || due > run.lastAt()) {
      return;
    }
    if (tenure.losses().isEmpty()) {
      add(tenure, "was over and its holder never told", tenure.promise());
    } else if (tenure.losses().get(0).at() > due) {
      Lost lost = tenure.losses().get(0);
      String late = Nanos.text(lost.at() - tenure.promised());
      add(tenure, "was over and its holder told %s after it".formatted(late), lost);
    }
  }

  private void checkOnce(Tenure tenure) {
    List<Lost> losses = tenure.losses();
    if (losses.size() > 1) {
      add(tenure, "was told lost %d times".formatted(losses.size()), losses.get(1));
    }
    Release release = tenure.release();
    for (Lost lost : losses) {
      if (release != null
          && release.outcome() != Outcome.FAILED
          && lost.at() > release.returnedAt()) {
        add(tenure, "was told lost after its release", release, lost);
      }
    }
  }

  private void checkFinal(Tenure tenure) {
    @Nullable Event over = tenure.losses().isEmpty() ? null : tenure.losses().get(0);
    for (Look look : tenure.looks()) {
      if (!look.isHeld()) {
        over = over == null || look.at() < over.at() ? look : over;
      } else if (over != null && look.at() > over.at()) {
        add(tenure, "was held again after it was over", over, look);
        return;
      }
    }
  }

  private void findGrants() {
    for (Stored stored : run.stored()) {
      if (stored.effect() == Effect.GRANTED) {
        grants.computeIfAbsent(stored.name(), name -> new ArrayList<>()).add(stored);
      }
    }
    for (Sent sent : run.sent()) {
      if (sent.message() == Message.RELEASE) {
        farewells.computeIfAbsent(sent.claim(), claim -> new ArrayList<>(1)).add(sent);
      }
    }
  }

  /** The store has given the lock to another: at the next renewal the holder hears of it. */
  private void checkStoreLoss(Tenure tenure) {
    @Nullable Stored next = nextGrant(tenure);
    if (next == null) {
      return;
    }
    Life life = run.life(tenure.acquire().process());
    long renewal = Nanos.of(expected.leaseFor()) / 3;
    long question = Nanos.of(expected.requestTimeout());
    long asked = Nanos.plus(Math.max(next.at(), tenure.start()), renewal);
    // A question that is put while the store is away is put again.
    long again =
        Nanos.plus(question, renewal) * awayBetween(next.at(), Nanos.plus(asked, question));
    long due = life.deadline(Nanos.plus(Nanos.plus(asked, question), again), slack);
    if (givenBackByFailover(next.at(), due)) {
      return;
    }
    if (tenure.end() > due && due <= run.lastAt() && canAsk(next.at() - renewal, due)) {
      add(tenure, "was given to another and its holder not told in time", next);
    }
  }

  /**
   * The store has given the lock to another, and the holder gives it back and is told that all is
   * well: its own question was answered, in time, and the answer must have been another. Who hands
   * the lock over in its process asks nothing, and may be told so; who had no answer asks again.
   */
  private void checkRelease(Tenure tenure) {
    @Nullable Stored next = nextGrant(tenure);
    @Nullable Stored own = run.grantOf(tenure);
    Release release = tenure.release();
    if (next == null || own == null || release == null || release.outcome() != Outcome.OK) {
      return;
    }
    List<Sent> questions = farewells.getOrDefault(own.claim(), List.of());
    if (questions.size() != 1) {
      return;
    }
    Sent asked = questions.get(0);
    long told = release.returnedAt();
    if (asked.at() >= release.invokedAt()
        && asked.at() <= told
        && next.at() < asked.at()
        && next.claim() != own.claim()
        && !run.isFreedBetween(own, next.at(), run.lastAt())
        && Nanos.plus(told, slack) < tenure.promised()
        && told - asked.at() < Nanos.of(expected.requestTimeout())
        && !run.life(tenure.acquire().process()).isPausedWithin(asked.at(), told)
        && canAsk(asked.at(), told)) {
      add(tenure, "was given back as if another did not have it", next, release);
    }
  }

  /** The first grant after the tenure's own; in the order of the tokens, or it proves nothing. */
  private @Nullable Stored nextGrant(Tenure tenure) {
    List<Stored> ofLock = grants.getOrDefault(tenure.acquire().name(), List.of());
    int low = 0;
    int high = ofLock.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ofLock.get(middle).token() > tenure.token()) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    boolean proves = low < ofLock.size() && ofLock.get(low).at() > tenure.acquire().invokedAt();
    return proves ? ofLock.get(low) : null;
  }

  private long awayBetween(long from, long to) {
    return run.disturbances().stream()
        .filter(each -> each.to() > each.from() && each.from() <= to && each.to() >= from)
        .count();
  }

  /** A server that takes over may not have heard of the other's grant: then nobody lost it. */
  private boolean givenBackByFailover(long from, long to) {
    return run.disturbances().stream()
        .anyMatch(
            each -> each.fault() == Fault.FAILOVER && each.from() >= from && each.from() <= to);
  }

  private boolean canAsk(long from, long to) {
    return !run.isDisturbedBetween(from, to, EnumSet.of(Fault.NETWORK, Fault.SILENCE));
  }

  private void add(Tenure tenure, String what, Event... evidence) {
    List<Event> events = new ArrayList<>();
    events.add(tenure.acquire());
    for (Event event : evidence) {
      if (event != tenure.acquire()) {
        events.add(event);
      }
    }
    String hold = "hold %d of %s ".formatted(tenure.acquire().hold(), tenure.acquire().name());
    found.add(Check.LOSS_TOLD, hold + what, events);
  }
}
