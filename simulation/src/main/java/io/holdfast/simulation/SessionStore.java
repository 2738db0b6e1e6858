package io.holdfast.simulation;

import io.holdfast.BackendException;
import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.testkit.history.Event.Effect;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A store whose sessions are the leases, as ZooKeeper's and etcd's: one session for each process,
 * kept by every message of it; what was entered under a session ends with it. Tokens are a base,
 * lifted once to the clock, plus the revision of the entry, and cannot be raised.
 *
 * <p>It is replicated by consensus, so that a change of its leader forgets nothing and restarts
 * every session's time, as etcd does (etcd-io/etcd#9888). Used by one thread.
 */
final class SessionStore implements SimulatedStore {

  private static final class Session {
    private long endsAt;
    private boolean over;
  }

  private record Entered(String claim, Session session, long token) {}

  private final Agenda agenda;
  private final Dice dice;
  private final StoreLog log;
  private final double rate;
  private final Duration sessionFor;
  private final Map<String, Session> sessions = new TreeMap<>();
  private final Map<LockName, Entered> entries = new HashMap<>();
  private final long base;
  private long revision;

  SessionStore(Agenda agenda, Dice dice, Plan plan, StoreLog log, double rate) {
    this.agenda = agenda;
    this.dice = dice;
    this.log = log;
    this.rate = rate;
    this.sessionFor = plan.span(Plan.Quantity.LEASE);
    this.base = new WallClock(agenda, 1).micros();
  }

  private long now() {
    return (long) (agenda.now() * rate);
  }

  /** The process's session, which its message has just prolonged; a new one if it had ended. */
  private Session session(String process) {
    Session session = living(sessions.get(process));
    if (session == null) {
      session = new Session();
      sessions.put(process, session);
    }
    session.endsAt = now() + sessionFor.toNanos();
    return session;
  }

  private @Nullable Session living(@Nullable Session session) {
    if (session != null && now() >= session.endsAt) {
      session.over = true;
    }
    return session == null || session.over ? null : session;
  }

  private @Nullable Entered holderOf(LockName name) {
    Entered entered = entries.get(name);
    return entered == null || living(entered.session()) == null ? null : entered;
  }

  private boolean isHolder(Claim claim) {
    Entered entered = holderOf(claim.name());
    return entered != null && entered.claim().equals(claim.id());
  }

  @Override
  public Attempt ask(String process, Ask ask) {
    Claim claim = ask.claim();
    Entered holder = holderOf(claim.name());
    Session session = session(process);
    if (holder != null && !holder.claim().equals(claim.id())) {
      return new Attempt.Refused(Duration.ZERO, OptionalInt.empty());
    }
    boolean wasHolder = holder != null;
    Entered entered = holder;
    if (entered == null) {
      entered = new Entered(claim.id(), session, base + ++revision);
      entries.put(claim.name(), entered);
    }
    Effect effect = wasHolder ? Effect.GRANTED_AGAIN : Effect.GRANTED;
    log.changed(claim, effect, entered.token(), wasHolder);
    return new Attempt.Granted(entered.token(), 1, sessionFor);
  }

  @Override
  public Renewal renew(String process, Claim claim, Duration leaseFor) {
    if (!leaseFor.equals(sessionFor)) {
      throw new BackendException("A session's time is fixed when it begins");
    }
    boolean wasHolder = isHolder(claim);
    session(process);
    if (!wasHolder) {
      return new Renewal.Gone();
    }
    log.changed(claim, Effect.RENEWED, 0, true);
    return new Renewal.Renewed(sessionFor);
  }

  @Override
  public Release release(String process, Claim claim, long lastTokenUsed, Duration keepFor) {
    if (!isHolder(claim)) {
      return Release.GONE;
    }
    entries.remove(claim.name());
    log.changed(claim, Effect.RELEASED, 0, true);
    log.mayBeFree(claim.name());
    return Release.RELEASED;
  }

  @Override
  public void fail(Failing failing) {
    switch (failing) {
      case FAILOVER -> {
        for (Session session : sessions.values()) {
          if (living(session) != null) {
            session.endsAt = now() + sessionFor.toNanos();
          }
        }
      }
      case EVICTION -> {
        List<Session> all = new ArrayList<>(sessions.values());
        if (!all.isEmpty()) {
          dice.oneOf(all).over = true;
        }
      }
      case FLUSH -> {} // a store of this kind keeps what it has
    }
  }

  @Override
  public void setClock(Duration error) {
    // Sessions are measured by a clock that nobody sets.
  }

  @Override
  public List<String> holders() {
    List<String> claims = new ArrayList<>();
    for (LockName name : List.copyOf(entries.keySet())) {
      Entered holder = holderOf(name);
      if (holder != null) {
        claims.add(holder.claim());
      }
    }
    return claims;
  }

  @Override
  public List<String> leftovers() {
    List<String> left = new ArrayList<>();
    for (LockName name : new ArrayList<>(entries.keySet())) {
      if (holderOf(name) != null) {
        left.add("entry for " + name);
      }
    }
    return left;
  }
}
