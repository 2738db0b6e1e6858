package io.holdfast.simulation;

import io.holdfast.BackendException;
import io.holdfast.LockName;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.testkit.history.Event.Effect;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A database whose connections are the leases, as with {@code GET_LOCK} and {@code
 * pg_try_advisory_lock}: the server ends a connection that has been idle for the lease, or that is
 * closed, and with it its locks. It knows no claims: one connection may have a lock as often as it
 * asks. Tokens are rows, which last.
 *
 * <p>Another server that takes its place knows no lock, and may lack the latest tokens. Used by one
 * thread.
 */
final class ConnectionStore implements SimulatedStore {

  private final class Connection {
    private final String process;
    private final Map<LockName, Claim> locks = new HashMap<>();
    private long endsAt;
    private boolean over;
    private boolean abandoned;

    private Connection(String process) {
      this.process = process;
      speaks();
      agenda.at(trueMoment(endsAt), this::endIfIdle);
    }

    private void speaks() {
      endsAt = now() + idleFor.toNanos();
    }

    private void endIfIdle() {
      if (over) {
        return;
      }
      if (now() < endsAt) {
        agenda.at(trueMoment(endsAt), this::endIfIdle);
      } else {
        if (!locks.isEmpty() && !dead.contains(process)) {
          log.count(Peculiarity.SESSIONS_EXPIRED);
        }
        over = true;
      }
    }
  }

  private final Agenda agenda;
  private final Dice dice;
  private final StoreLog log;
  private final double rate;
  private final Duration idleFor;
  private final Duration lag;
  private final Duration patience;
  private final WallClock clock;
  private final List<Connection> connections = new ArrayList<>();
  private final Set<String> dead = new HashSet<>();
  private Map<LockName, Long> tokens = new HashMap<>();
  private Map<LockName, Long> replica = new HashMap<>();
  private long copied;

  ConnectionStore(Agenda agenda, Dice dice, Plan plan, StoreLog log, double rate) {
    this.agenda = agenda;
    this.dice = dice;
    this.log = log;
    this.rate = rate;
    this.idleFor = plan.span(Plan.Quantity.LEASE);
    this.lag = plan.span(Plan.Quantity.LAG);
    // Longer than any way there and back, or healthy connections would be given up.
    this.patience = plan.span(Plan.Quantity.REQUEST_TIMEOUT).plus(plan.latency().multipliedBy(16));
    this.clock = new WallClock(agenda, rate);
  }

  private long now() {
    return (long) (agenda.now() * rate);
  }

  private long trueMoment(long own) {
    return (long) StrictMath.ceil(own / rate);
  }

  @Override
  public LockBackend backend(Way way) {
    return new ConnectionBackend(this, way, idleFor, patience);
  }

  int connect(String process) {
    connections.add(new Connection(process));
    return connections.size() - 1;
  }

  private Connection speaking(int number) {
    Connection connection = connections.get(number);
    if (connection.over) {
      throw new BackendException("The server has closed the connection");
    }
    connection.speaks();
    return connection;
  }

  private Optional<Connection> holderOf(LockName name) {
    return connections.stream()
        .filter(connection -> !connection.over && connection.locks.containsKey(name))
        .findFirst();
  }

  /**
   * Takes the lock if it is free or this connection's, with its token.
   *
   * @param claim for the history only: a server of this kind knows the name alone
   */
  Optional<Long> tryLock(int number, Claim claim, long tokenAbove) {
    Connection connection = speaking(number);
    LockName name = claim.name();
    Optional<Connection> holder = holderOf(name);
    if (holder.isPresent() && holder.get() != connection) {
      return Optional.empty();
    }
    boolean has = holder.isPresent();
    long token =
        has
            ? tokens.getOrDefault(name, 1L)
            : Math.max(Math.max(tokens.getOrDefault(name, 0L), tokenAbove) + 1, clock.micros());
    if (!has) {
      connection.locks.put(name, claim);
      tokens.put(name, token);
      replicate(name, token);
    }
    log.changed(claim, has ? Effect.GRANTED_AGAIN : Effect.GRANTED, token, has);
    return Optional.of(token);
  }

  private void replicate(LockName name, long token) {
    Map<LockName, Long> to = replica;
    copied = Math.max(copied, agenda.now() + dice.nextLong(0, lag.toNanos() + 1));
    agenda.at(copied, () -> to.merge(name, token, Math::max));
  }

  /** Whether this connection had the lock. */
  boolean unlock(int number, Claim claim) {
    Claim held = speaking(number).locks.remove(claim.name());
    if (held != null) {
      log.changed(claim, Effect.RELEASED, 0, held.id().equals(claim.id()));
    }
    return held != null;
  }

  /** The locks that this connection has. */
  Set<LockName> locks(int number) {
    return Set.copyOf(speaking(number).locks.keySet());
  }

  /** The other side has closed the connection. */
  boolean close(int number) {
    connections.get(number).over = true;
    return true;
  }

  /** No message: lets the world's book-keeping know that a process has given a connection up. */
  void abandoned(int number) {
    Connection connection = connections.get(number);
    connection.abandoned = true;
    if (!connection.over) {
      log.count(Peculiarity.CONNECTIONS_ABANDONED);
    }
  }

  /** No message: an answer to one heartbeat has renewed another lock. */
  void shared() {
    log.count(Peculiarity.HEARTBEATS_SHARED);
  }

  /** No message: a process has refused a claim itself. */
  void refusedLocally() {
    log.count(Peculiarity.SECOND_CLAIMS_REFUSED);
  }

  /** A process that dies leaves connections that its host closes, if the host lives. */
  @Override
  public void died(String process) {
    dead.add(process);
    if (dice.chance(0.5)) {
      for (Connection connection : connections) {
        connection.over |= connection.process.equals(process);
      }
    }
  }

  @Override
  public void fail(Failing failing) {
    switch (failing) {
      case FAILOVER -> {
        connections.forEach(connection -> connection.over = true);
        tokens = replica;
        replica = new HashMap<>(tokens);
      }
      case EVICTION -> {
        List<Connection> living =
            connections.stream().filter(connection -> !connection.over).toList();
        if (!living.isEmpty()) {
          dice.oneOf(living).over = true;
        }
      }
      case FLUSH, SPLIT, MENDED -> {} // it has no such thing
    }
  }

  @Override
  public void setClock(Duration error) {
    clock.set(error);
  }

  @Override
  public List<String> holders() {
    List<String> claims = new ArrayList<>();
    for (Connection connection : connections) {
      if (!connection.over && !connection.abandoned) {
        connection.locks.values().forEach(claim -> claims.add(claim.id()));
      }
    }
    return claims;
  }

  @Override
  public List<String> leftovers() {
    List<String> left = new ArrayList<>();
    for (Connection connection : connections) {
      if (!connection.over) {
        connection.locks.keySet().forEach(name -> left.add("lock " + name));
      }
    }
    return left;
  }
}
