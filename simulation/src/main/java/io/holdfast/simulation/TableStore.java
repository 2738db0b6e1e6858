package io.holdfast.simulation;

import io.holdfast.LockName;
import io.holdfast.StoreRefusedException;
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
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A table of leases in a database, each question one statement on the database's clock. Unlike a
 * key that expires, a row stays: its end must be compared wherever it is looked at, its token needs
 * no expiry, and it says whether anyone waits, so that a release tells only who listens. A row that
 * has been idle for long is swept.
 *
 * <p>With a replica that lags, as the Redis has. Used by one thread.
 */
final class TableStore implements LeaseStore {

  /** Whom a lock is kept for after its release: nobody. */
  private static final String KEPT = "kept";

  /**
   * One lock.
   *
   * @param claim who has it or had it last; empty if it was given back
   * @param first the first token of the grant
   * @param last the last one that was minted
   * @param expiresAt microseconds since 1970
   * @param waiting whether someone was refused who would wait
   */
  private record Row(String claim, long first, long last, long expiresAt, boolean waiting) {
    static final Row NEW = new Row("", 0, 0, 0, false);

    boolean isHeld(long now) {
      return !claim.isEmpty() && expiresAt > now;
    }

    boolean isHeldBy(Claim other, long now) {
      return isHeld(now) && claim.equals(other.id());
    }

    Row until(long end) {
      return new Row(claim, first, last, end, waiting);
    }
  }

  private final class Server {
    private final WallClock clock = new WallClock(agenda, rate);
    private final Map<LockName, Row> rows = new HashMap<>();

    private Row row(Claim claim) {
      return rows.getOrDefault(claim.name(), Row.NEW);
    }
  }

  private final Agenda agenda;
  private final Dice dice;
  private final Plan plan;
  private final StoreLog log;
  private final double rate;
  private final long longIdle;
  private Server master;
  private Server replica;
  private Optional<Server> oldMaster = Optional.empty();
  private final Map<String, Boolean> behindTheSplit = new HashMap<>();
  private long copied;

  TableStore(Agenda agenda, Dice dice, Plan plan, StoreLog log, double rate) {
    this.agenda = agenda;
    this.dice = dice;
    this.plan = plan;
    this.log = log;
    this.rate = rate;
    // A day, in the measure of a world: long after the lease, and beyond any error of the clock.
    this.longIdle =
        micros(plan.span(Plan.Quantity.LEASE).multipliedBy(2))
            + micros(plan.span(Plan.Quantity.CLOCK_ERROR).multipliedBy(4));
    this.master = new Server();
    this.replica = new Server();
  }

  private static long micros(Duration span) {
    return span.toNanos() / 1_000;
  }

  private Server reachedBy(String process) {
    if (oldMaster.isEmpty()) {
      return master;
    }
    boolean behind = behindTheSplit.computeIfAbsent(process, unknown -> dice.chance(0.5));
    return behind ? oldMaster.get() : master;
  }

  private void write(Server server, Claim claim, Row row) {
    server.rows.put(claim.name(), row);
    if (server == master && plan.hasReplica()) {
      toReplica(to -> to.rows.put(claim.name(), row));
    }
  }

  /** One stream: nothing overtakes. */
  private void toReplica(Consumer<Server> change) {
    Server to = replica;
    long lag = dice.nextLong(0, plan.span(Plan.Quantity.LAG).toNanos() + 1);
    copied = Math.max(copied, agenda.now() + lag);
    agenda.at(
        copied,
        () -> {
          if (to == replica) { // otherwise it is the master by now, and what was under way is lost
            change.accept(to);
          }
        });
  }

  @Override
  public Attempt ask(String process, Ask ask) {
    Server server = reachedBy(process);
    sweep(server);
    Claim claim = ask.claim();
    Row row = server.row(claim);
    long now = server.clock.micros();
    long until = now + micros(ask.leaseFor());
    if (row.isHeldBy(claim, now)) {
      write(server, claim, row.until(until));
      log.changed(claim, Effect.GRANTED_AGAIN, row.first(), true);
      int span = (int) Math.min(ask.span(), row.last() - row.first() + 1);
      return new Attempt.Granted(row.first(), span, ask.leaseFor());
    }
    if (row.isHeld(now)) {
      if (ask.mayWait()) {
        Row told = new Row(row.claim(), row.first(), row.last(), row.expiresAt(), true);
        write(server, claim, told);
      }
      Duration left = Duration.ofNanos((row.expiresAt() - now) * 1_000);
      return new Attempt.Refused(left, OptionalInt.empty());
    }
    long first = Math.max(Math.max(row.last(), ask.tokenAbove()) + 1, now);
    if (ask.tokenAbove() > now + micros(Duration.ofDays(400))) {
      throw new StoreRefusedException("A token that is far ahead of the clock");
    }
    write(server, claim, new Row(claim.id(), first, first + ask.span() - 1, until, row.waiting()));
    log.changed(claim, Effect.GRANTED, first, false);
    if (server != master) {
      log.count(Peculiarity.GRANTS_BY_THE_OLD_MASTER);
    }
    return new Attempt.Granted(first, ask.span(), ask.leaseFor());
  }

  @Override
  public Renewal renew(String process, Claim claim, Duration leaseFor) {
    Server server = reachedBy(process);
    Row row = server.row(claim);
    long now = server.clock.micros();
    if (!row.isHeldBy(claim, now)) {
      return new Renewal.Gone();
    }
    write(server, claim, row.until(now + micros(leaseFor)));
    log.changed(claim, Effect.RENEWED, 0, row.isHeldBy(claim, now));
    return new Renewal.Renewed(leaseFor);
  }

  @Override
  public Release release(String process, Claim claim, long lastTokenUsed, Duration keepFor) {
    Server server = reachedBy(process);
    Row row = server.row(claim);
    long now = server.clock.micros();
    if (!row.isHeldBy(claim, now)) {
      return Release.GONE;
    }
    long last = lastTokenUsed >= row.first() ? Math.min(lastTokenUsed, row.last()) : row.last();
    boolean keeps = !keepFor.isZero();
    boolean tells = row.waiting() && !keeps;
    write(
        server,
        claim,
        new Row(
            keeps ? KEPT : "", row.first(), last, now + micros(keepFor), keeps && row.waiting()));
    log.changed(claim, Effect.RELEASED, 0, row.isHeldBy(claim, now));
    if (tells) {
      log.mayBeFree(claim.name());
    } else if (!keeps) {
      log.count(Peculiarity.RELEASES_UNANNOUNCED);
    }
    return Release.RELEASED;
  }

  /** A row whose token the clock has passed, and which nobody had for long, is as good as none. */
  private void sweep(Server server) {
    if (!dice.chance(0.1)) {
      return;
    }
    long now = server.clock.micros();
    for (LockName name : byText(server).values()) {
      Row row = server.rows.getOrDefault(name, Row.NEW);
      if (row.expiresAt() < now - longIdle && row.last() < now - longIdle) {
        server.rows.remove(name);
        if (server == master && plan.hasReplica()) {
          toReplica(to -> to.rows.remove(name));
        }
        log.count(Peculiarity.ROWS_SWEPT);
      }
    }
  }

  private static Map<String, LockName> byText(Server server) {
    Map<String, LockName> names = new TreeMap<>();
    server.rows.keySet().forEach(name -> names.put(name.value(), name));
    return names;
  }

  private void promote() {
    master = replica;
    replica = new Server();
    Map<LockName, Row> all = Map.copyOf(master.rows);
    toReplica(to -> to.rows.putAll(all));
  }

  @Override
  public void fail(Failing failing) {
    switch (failing) {
      case FAILOVER -> promote();
      case SPLIT -> {
        oldMaster = Optional.of(master);
        behindTheSplit.clear();
        promote();
      }
      case MENDED -> oldMaster = Optional.empty();
      case FLUSH -> {
        master.rows.clear();
        toReplica(to -> to.rows.clear());
      }
      case EVICTION -> {
        List<String> names = new ArrayList<>(byText(master).keySet());
        if (!names.isEmpty()) {
          LockName name = new LockName(dice.oneOf(names));
          master.rows.remove(name);
          replica.rows.remove(name);
        }
      }
    }
  }

  @Override
  public void setClock(Duration error) {
    master.clock.set(error);
  }

  @Override
  public void setClockOfReplica(Duration error) {
    replica.clock.set(error);
  }

  @Override
  public List<String> holders() {
    long now = master.clock.micros();
    List<String> claims = new ArrayList<>();
    for (LockName name : byText(master).values()) {
      @Nullable Row row = master.rows.get(name);
      if (row != null && row.isHeld(now) && !row.claim().equals(KEPT)) {
        claims.add(row.claim());
      }
    }
    return claims;
  }

  @Override
  public List<String> leftovers() {
    long now = master.clock.micros();
    List<String> left = new ArrayList<>();
    for (LockName name : byText(master).values()) {
      @Nullable Row row = master.rows.get(name);
      if (row != null && row.isHeld(now)) {
        left.add("lease of " + name);
      }
    }
    return left;
  }
}
