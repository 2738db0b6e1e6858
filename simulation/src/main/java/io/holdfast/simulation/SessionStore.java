package io.holdfast.simulation;

import io.holdfast.simulation.Line.Place;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.testkit.history.Event.Effect;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A store whose sessions are the leases, replicated by consensus, as ZooKeeper and etcd are: what
 * was entered under a session ends with it; whoever entered first has the lock, and who leaves is
 * told to the next alone. What changes is ordered by the leader. Reads are answered by a follower,
 * which lags, but never behind what the asking session has written or read, and {@code sync} makes
 * it catch up; without a lag it is a store that always reads from the leader.
 *
 * <p>A change of the leader forgets nothing and restarts every session's time (etcd-io/etcd#9888).
 * Used by one thread.
 */
final class SessionStore implements SimulatedStore {

  private static final int FOLLOWERS = 3;

  private final class Session {
    private final long id;
    private final String process;
    private long endsAt;
    private boolean over;
    private boolean abandoned;
    private boolean orphaned;

    private Session(long id, String process) {
      this.id = id;
      this.process = process;
      touch();
      agenda.at(trueMoment(endsAt), this::endIfSilent);
    }

    private void touch() {
      endsAt = now() + sessionFor.toNanos();
    }

    private void endIfSilent() {
      if (over) {
        return;
      }
      if (now() < endsAt) {
        agenda.at(trueMoment(endsAt), this::endIfSilent);
      } else {
        boolean hadLock =
            leader.places().stream()
                .anyMatch(place -> place.session() == id && leader.position(place) == 0);
        if (hadLock && !orphaned) {
          log.count(Peculiarity.SESSIONS_EXPIRED);
        }
        end();
      }
    }

    private void end() {
      over = true;
      for (Place place : leader.places()) {
        if (place.session() == id) {
          leave(place);
        }
      }
    }
  }

  /** A server that has heard of the changes up to a revision: the leader itself, or a follower. */
  private final class Follower {
    private record Reading(long revision, Runnable read) {}

    private final Line known = new Line();
    private final PriorityQueue<Reading> waiting =
        new PriorityQueue<>(Comparator.comparingLong(Reading::revision));
    private final int distance;
    private long heardUntil;

    private Follower(int distance) {
      this.distance = distance;
    }

    private void hear(Line.Change change) {
      heardUntil =
          Math.max(heardUntil, agenda.now() + dice.nextLong(0, lag.toNanos() * distance + 1));
      if (heardUntil == agenda.now()) {
        apply(change);
      } else {
        agenda.at(heardUntil, () -> apply(change));
      }
    }

    private void apply(Line.Change change) {
      Place next = known.apply(change);
      if (next != null && serving(session(next.session()).process) == this) {
        log.mayBeNext(session(next.session()).process, next.claim());
      }
      for (Reading first = waiting.peek();
          first != null && first.revision() <= known.revision();
          first = waiting.peek()) {
        waiting.remove().read().run();
      }
    }

    private void whenItKnows(long revision, Runnable read) {
      if (known.revision() >= revision) {
        read.run();
      } else {
        waiting.add(new Reading(revision, read));
      }
    }
  }

  /**
   * What a follower says of a claim that asks.
   *
   * @param revision up to which it has heard
   * @param isOver whether the session has ended; then nothing else counts
   * @param position how many are before it
   * @param base of the tokens, as it was known when the position was
   */
  record Standing(long revision, boolean isOver, int position, long created, long base) {}

  /**
   * What a session that asks for it has.
   *
   * @param claims that have a place under it
   */
  record Alive(long revision, boolean isOver, Set<String> claims) {}

  private static final Standing NO_STANDING = new Standing(0, true, 0, 0, 0);
  private static final Alive NOT_ALIVE = new Alive(0, true, Set.of());

  private final Agenda agenda;
  private final Dice dice;
  private final StoreLog log;
  private final double rate;
  private final Duration sessionFor;
  private Duration lag;
  private final Line leader = new Line();
  private final List<Follower> followers = new ArrayList<>();
  private final Map<String, Follower> serving = new TreeMap<>();
  private final List<Session> sessions = new ArrayList<>();
  private final Set<Long> granted = new HashSet<>();
  private final Set<Long> waited = new HashSet<>();

  SessionStore(Agenda agenda, Dice dice, Plan plan, StoreLog log, double rate) {
    this.agenda = agenda;
    this.dice = dice;
    this.log = log;
    this.rate = rate;
    this.sessionFor = plan.span(Plan.Quantity.LEASE);
    this.lag = plan.span(Plan.Quantity.FOLLOWER_LAG);
    for (int i = 0; i < FOLLOWERS; i++) {
      followers.add(new Follower(i));
    }
  }

  private long now() {
    return (long) (agenda.now() * rate);
  }

  private long trueMoment(long own) {
    return (long) StrictMath.ceil(own / rate);
  }

  private Session session(long id) {
    return sessions.get((int) id);
  }

  private long commit(Line.Change change) {
    leader.apply(change);
    followers.forEach(follower -> follower.hear(change));
    return change.revision();
  }

  private long nextRevision() {
    return leader.revision() + 1;
  }

  private long leave(Place place) {
    return commit(new Line.Left(place, nextRevision()));
  }

  private Follower serving(String process) {
    return serving.computeIfAbsent(process, unserved -> dice.oneOf(followers));
  }

  /** From here on followers hear of everything at once. */
  @Override
  public void heal() {
    lag = Duration.ZERO;
  }

  /** Now and then a client goes to another follower, though to none that knows less than it. */
  private Follower serving(String process, long seen) {
    if (dice.chance(0.05)) {
      Follower other = dice.oneOf(followers);
      if (other.known.revision() >= seen) {
        serving.put(process, other);
      }
    }
    return serving(process);
  }

  @Override
  public LockBackend backend(Way way) {
    return new SessionBackend(this, way, sessionFor);
  }

  /** Opens a session, and lifts the base so that tokens are not behind a clock of the day. */
  long open(String process, long micros) {
    long lifted = Math.max(leader.base(), micros - leader.revision());
    if (lifted > leader.base()) {
      commit(new Line.Lifted(lifted, nextRevision()));
    }
    Session session = new Session(sessions.size(), process);
    sessions.add(session);
    return session.id;
  }

  /** Keeps a session, and says nothing that anyone would rely on. */
  boolean ping(long id) {
    if (!session(id).over) {
      session(id).touch();
    }
    return !session(id).over;
  }

  /**
   * Enters the claim, unless it is there or may not wait and someone is; then reads the line.
   *
   * @param seen the revision up to which the process has heard answers
   */
  CompletionStage<Standing> ask(long id, Claim claim, boolean mayWait, long seen) {
    Session session = session(id);
    if (session.over) {
      return CompletableFuture.completedFuture(NO_STANDING);
    }
    Place place = leader.placeOf(claim.name(), claim.id());
    if (place != null && place.session() != id) {
      leave(place); // it would end with a session that nobody keeps
      place = null;
    }
    if (place == null && !mayWait && lag.isZero() && !leader.of(claim.name()).isEmpty()) {
      return CompletableFuture.completedFuture(
          new Standing(leader.revision(), false, leader.of(claim.name()).size(), 0, 0));
    }
    if (place == null) {
      place = new Place(claim.name(), claim.id(), id, nextRevision());
      commit(new Line.Entered(place, place.created()));
    }
    Place mine = place;
    Follower follower = serving(session.process, seen);
    CompletableFuture<Standing> standing = new CompletableFuture<>();
    follower.whenItKnows(
        mine.created(), () -> standing.complete(standing(follower.known, mine, claim)));
    return standing;
  }

  private Standing standing(Line known, Place mine, Claim claim) {
    if (known.revision() < leader.revision()) {
      log.count(Peculiarity.READS_THAT_LAGGED);
    }
    int position = known.position(mine);
    if (position < 0) {
      return NO_STANDING; // it has ended with its session
    }
    if (position == 0) {
      boolean isNew = granted.add(mine.created());
      Effect effect = isNew ? Effect.GRANTED : Effect.GRANTED_AGAIN;
      log.changed(claim, effect, known.base() + mine.created(), !isNew);
      if (isNew && waited.contains(mine.created())) {
        log.count(Peculiarity.TURNS_IN_LINE);
      }
    } else {
      waited.add(mine.created());
    }
    return new Standing(known.revision(), false, position, mine.created(), known.base());
  }

  /** Keeps a session; what a follower that has caught up knows of it. */
  CompletionStage<Alive> beat(long id, long seen) {
    Session session = session(id);
    if (session.over) {
      return CompletableFuture.completedFuture(NOT_ALIVE);
    }
    session.touch();
    Follower follower = serving(session.process, seen);
    CompletableFuture<Alive> alive = new CompletableFuture<>();
    follower.whenItKnows(leader.revision(), () -> alive.complete(alive(follower.known, session)));
    return alive;
  }

  private static Alive alive(Line known, Session session) {
    Set<String> claims = new HashSet<>();
    for (Place place : known.places()) {
      if (place.session() == session.id) {
        claims.add(place.claim());
      }
    }
    return new Alive(known.revision(), session.over, claims);
  }

  /** Gives up a claim's place, wherever it stands. */
  Release leave(Claim claim) {
    Place place = leader.placeOf(claim.name(), claim.id());
    if (place == null) {
      return Release.GONE;
    }
    boolean hadLock = leader.position(place) == 0;
    leave(place);
    if (hadLock && granted.contains(place.created())) {
      log.changed(claim, Effect.RELEASED, 0, true);
    }
    return hadLock ? Release.RELEASED : Release.GONE;
  }

  /** No message: an answer to one heartbeat has renewed another lock. */
  void shared() {
    log.count(Peculiarity.HEARTBEATS_SHARED);
  }

  /** No message: lets the world's book-keeping know that a process has given a session up. */
  void abandoned(long id) {
    session(id).abandoned = true;
    if (!session(id).over) {
      log.givenUp(session(id).process);
    }
  }

  @Override
  public void fail(Failing failing) {
    switch (failing) {
      case FAILOVER -> {
        log.count(Peculiarity.LEADER_CHANGES);
        for (Session session : sessions) {
          session.touch();
        }
      }
      case EVICTION -> {
        List<Session> living = sessions.stream().filter(session -> !session.over).toList();
        if (!living.isEmpty()) {
          dice.oneOf(living).end();
        }
      }
      case FLUSH, SPLIT, MENDED -> {} // a store of this kind keeps what it has
    }
  }

  @Override
  public void died(String process) {
    for (Session session : sessions) {
      session.orphaned |= session.process.equals(process);
    }
  }

  @Override
  public void setClock(Duration error) {
    // Sessions are measured by a clock that nobody sets.
  }

  @Override
  public List<String> holders() {
    List<String> claims = new ArrayList<>();
    for (Place place : leader.places()) {
      if (!session(place.session()).abandoned) {
        claims.add(place.claim());
      }
    }
    return claims;
  }

  @Override
  public List<String> leftovers() {
    List<String> left = new ArrayList<>();
    for (Place place : leader.places()) {
      left.add("place for " + place.name());
    }
    return left;
  }
}
