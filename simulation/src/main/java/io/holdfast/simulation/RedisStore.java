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
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeSet;

/**
 * A Redis with one replica that lags: the model of the scripts on the master, and what each script
 * left in its keys copied to the replica a little later. What was not copied when the replica takes
 * over is gone. Used by one thread.
 */
final class RedisStore implements SimulatedStore {

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

  private boolean isHolder(Claim claim) {
    Optional<String> value = master.keys.get(lock(claim));
    return value.isPresent() && value.get().contains("|" + claim.id() + "|");
  }

  @Override
  public Attempt ask(String process, Ask ask) {
    Claim claim = ask.claim();
    boolean wasHolder = isHolder(claim);
    List<Object> reply =
        master.keys.acquire(
            lock(claim),
            counter(claim),
            claim.id(),
            claim.label(),
            ask.leaseFor().toMillis(),
            ask.span(),
            ask.tokenAbove());
    replicate(claim);
    return switch ((String) reply.get(0)) {
      case "granted" -> {
        long first = Long.parseLong((String) reply.get(1));
        int span = (int) (long) (Long) reply.get(2);
        Effect effect = wasHolder ? Effect.GRANTED_AGAIN : Effect.GRANTED;
        log.changed(claim, effect, first, wasHolder);
        yield new Attempt.Granted(first, span, millis(reply.get(3)));
      }
      case "refused" -> new Attempt.Refused(millis(reply.get(1)), OptionalInt.empty());
      case "forever" -> new Attempt.Refused(Duration.ZERO, OptionalInt.empty());
      default -> throw new StoreRefusedException("The script answers " + reply.get(0));
    };
  }

  @Override
  public Renewal renew(String process, Claim claim, Duration leaseFor) {
    boolean wasHolder = isHolder(claim);
    List<Object> reply = master.keys.renew(lock(claim), claim.id(), leaseFor.toMillis());
    replicate(claim);
    if (!reply.get(0).equals("renewed")) {
      return new Renewal.Gone();
    }
    log.changed(claim, Effect.RENEWED, 0, wasHolder);
    return new Renewal.Renewed(Duration.ofMillis(leaseFor.toMillis()));
  }

  @Override
  public Release release(String process, Claim claim, long lastTokenUsed, Duration keepFor) {
    boolean wasHolder = isHolder(claim);
    List<Object> reply =
        master.keys.release(
            lock(claim),
            counter(claim),
            claim.id(),
            lastTokenUsed,
            keepFor.plusNanos(999_999).toMillis(),
            () -> log.mayBeFree(claim.name()));
    replicate(claim);
    if (reply.get(0).equals("gone")) {
      return Release.GONE;
    }
    log.changed(claim, Effect.RELEASED, 0, wasHolder);
    return Release.RELEASED;
  }

  private static Duration millis(Object number) {
    return Duration.ofMillis((Long) number);
  }

  private void replicate(Claim claim) {
    if (plan.count(Plan.Quantity.FAILOVERS) == 0) {
      return; // nobody will ever ask the replica
    }
    replicate(lock(claim));
    replicate(counter(claim));
  }

  /** Copies a key as it is now, with its end as a moment of the day, as Redis does. */
  private void replicate(String key) {
    Optional<String> value = master.keys.get(key);
    long end = master.clock.micros() / 1_000 + master.keys.pttl(key);
    Server to = replica;
    long lag = dice.nextLong(0, plan.span(Plan.Quantity.LAG).toNanos() + 1);
    copied = Math.max(copied, agenda.now() + lag); // one stream: nothing overtakes
    agenda.at(copied, () -> copy(to, key, value, end));
  }

  private void copy(Server to, String key, Optional<String> value, long end) {
    long left = end - to.clock.micros() / 1_000;
    if (to != replica) {
      return; // it was not copied before its server became the master, so it is lost
    }
    if (value.isPresent() && left > 0) {
      to.keys.set(key, value.get(), left);
    } else {
      to.keys.delete(key);
    }
  }

  @Override
  public void fail(Failing failing) {
    switch (failing) {
      case FAILOVER -> {
        master = replica;
        replica = new Server(rate);
        for (String key : new TreeSet<>(master.keys.keys())) {
          replicate(key);
        }
      }
      case FLUSH -> master.keys.flush();
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

  /** Sets the other clock: each server has its own error. */
  void setClockOfReplica(Duration error) {
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
