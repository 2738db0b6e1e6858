package io.holdfast.simulation;

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
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * A Redis with one replica that lags: the model of the scripts on the master, and what each script
 * left in its keys copied to the replica a little later. What was not copied when the replica takes
 * over is gone; so is, in the end, what an old master was told that went on to serve some. Used by
 * one thread.
 */
final class RedisStore implements LeaseStore {

  private final class Server {
    private final WallClock clock;
    private final RedisModel keys;

    private Server(double rate) {
      clock = new WallClock(agenda, rate);
      keys = new RedisModel(clock::micros);
    }
  }

  private final Agenda agenda;
  private final Dice dice;
  private final Plan plan;
  private final StoreLog log;
  private final double rate;
  private Server master;
  private Server replica;
  private Optional<Server> oldMaster = Optional.empty();
  private final Map<String, Boolean> behindTheSplit = new HashMap<>();
  private long copied;

  RedisStore(Agenda agenda, Dice dice, Plan plan, StoreLog log, double rate) {
    this.agenda = agenda;
    this.dice = dice;
    this.plan = plan;
    this.log = log;
    this.rate = rate;
    this.master = new Server(rate);
    this.replica = new Server(rate);
  }

  private static String lock(Claim claim) {
    return "lock_" + claim.name();
  }

  private static String counter(Claim claim) {
    return "{lock_" + claim.name() + "}:token";
  }

  /** The server that a process reaches: in a split, any of the two, and always the same. */
  private Server reachedBy(String process) {
    if (oldMaster.isEmpty()) {
      return master;
    }
    boolean behind = behindTheSplit.computeIfAbsent(process, unknown -> dice.chance(0.5));
    return behind ? oldMaster.get() : master;
  }

  private static boolean isHolder(Server server, Claim claim) {
    Optional<String> value = server.keys.get(lock(claim));
    return value.isPresent() && value.get().contains("|" + claim.id() + "|");
  }

  @Override
  public Attempt ask(String process, Ask ask) {
    Claim claim = ask.claim();
    Server server = reachedBy(process);
    boolean wasHolder = isHolder(server, claim);
    List<Object> reply =
        server.keys.acquire(
            lock(claim),
            counter(claim),
            claim.id(),
            claim.label(),
            ask.leaseFor().toMillis(),
            ask.span(),
            ask.tokenAbove());
    replicate(server, claim);
    return switch ((String) reply.get(0)) {
      case "granted" -> {
        long first = Long.parseLong((String) reply.get(1));
        int span = (int) (long) (Long) reply.get(2);
        Effect effect = wasHolder ? Effect.GRANTED_AGAIN : Effect.GRANTED;
        log.changed(claim, effect, first, wasHolder);
        if (server != master && !wasHolder) {
          log.count(Peculiarity.GRANTS_BY_THE_OLD_MASTER);
        }
        yield new Attempt.Granted(first, span, millis(reply.get(3)));
      }
      case "refused" -> new Attempt.Refused(millis(reply.get(1)), OptionalInt.empty());
      case "forever" -> new Attempt.Refused(Duration.ZERO, OptionalInt.empty());
      default -> throw new StoreRefusedException("The script answers " + reply.get(0));
    };
  }

  @Override
  public Renewal renew(String process, Claim claim, Duration leaseFor) {
    Server server = reachedBy(process);
    boolean wasHolder = isHolder(server, claim);
    List<Object> reply = server.keys.renew(lock(claim), claim.id(), leaseFor.toMillis());
    replicate(server, claim);
    if (!reply.get(0).equals("renewed")) {
      return new Renewal.Gone();
    }
    log.changed(claim, Effect.RENEWED, 0, wasHolder);
    return new Renewal.Renewed(Duration.ofMillis(leaseFor.toMillis()));
  }

  @Override
  public Release release(String process, Claim claim, long lastTokenUsed, Duration keepFor) {
    Server server = reachedBy(process);
    boolean wasHolder = isHolder(server, claim);
    List<Object> reply =
        server.keys.release(
            lock(claim),
            counter(claim),
            claim.id(),
            lastTokenUsed,
            keepFor.plusNanos(999_999).toMillis(),
            () -> log.mayBeFree(claim.name()));
    replicate(server, claim);
    if (reply.get(0).equals("gone")) {
      return Release.GONE;
    }
    log.changed(claim, Effect.RELEASED, 0, wasHolder);
    return Release.RELEASED;
  }

  private static Duration millis(Object number) {
    return Duration.ofMillis((Long) number);
  }

  private void replicate(Server from, Claim claim) {
    if (from != master || !plan.hasReplica()) {
      return; // nobody will ever ask for it
    }
    replicate(lock(claim));
    replicate(counter(claim));
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

  /** Copies a key as it is now, with its end as a moment of the day, as Redis does. */
  private void replicate(String key) {
    Optional<String> value = master.keys.get(key);
    long end = master.clock.micros() / 1_000 + master.keys.pttl(key);
    toReplica(
        to -> {
          long left = end - to.clock.micros() / 1_000;
          if (value.isPresent() && left > 0) {
            to.keys.set(key, value.get(), left);
          } else {
            to.keys.delete(key);
          }
        });
  }

  private void promote() {
    master = replica;
    replica = new Server(rate);
    for (String key : new TreeSet<>(master.keys.keys())) {
      replicate(key);
    }
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
        master.keys.flush();
        toReplica(to -> to.keys.flush());
      }
      case EVICTION -> {
        List<String> keys = new ArrayList<>(new TreeSet<>(master.keys.keys()));
        if (!keys.isEmpty()) {
          String key = dice.oneOf(keys);
          master.keys.delete(key);
          replica.keys.delete(key);
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
    List<String> claims = new ArrayList<>();
    for (String key : new TreeSet<>(master.keys.keys())) {
      String[] parts = master.keys.get(key).orElse("").split("\\|", 3);
      if (parts.length == 3 && !parts[1].equals("kept")) {
        claims.add(parts[1]);
      }
    }
    return claims;
  }

  @Override
  public List<String> leftovers() {
    List<String> left = new ArrayList<>();
    for (String key : new TreeSet<>(master.keys.keys())) {
      if (master.keys.pttl(key) == -1) {
        left.add("key " + key + " without an expiry");
      } else if (!key.startsWith("{")) {
        left.add("key " + key);
      }
    }
    return left;
  }
}
