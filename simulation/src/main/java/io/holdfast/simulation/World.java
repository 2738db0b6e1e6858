package io.holdfast.simulation;

import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.engine.LockEngine;
import io.holdfast.simulation.Plan.Quantity;
import io.holdfast.simulation.SimulatedStore.Failing;
import io.holdfast.spi.Claim;
import io.holdfast.testkit.history.Event;
import io.holdfast.testkit.history.Event.Effect;
import io.holdfast.testkit.history.Event.Fault;
import io.holdfast.testkit.history.Event.Message;
import io.holdfast.testkit.history.History;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One world: processes with the production engine, a store, a database, and what goes wrong between
 * them, on virtual time in one thread. The same plan and seed give the same history.
 *
 * <p>Things go wrong for a while; then nothing does, and whoever has not done its work by a moment
 * that is generous never will.
 */
final class World implements Caller.Surroundings, ObservedBackend.Observer, StoreLog {

  /**
   * What a world has to tell.
   *
   * @param peculiarities how often each happened; those that did not are not in it
   */
  record Told(List<Event> events, Map<Peculiarity, Long> peculiarities) {}

  /** A process, and what lives in it. */
  private static final class Inhabited {
    private final SimulatedProcess process;
    private final Way way;
    private final List<Caller> callers = new ArrayList<>();

    private Inhabited(SimulatedProcess process, Way way) {
      this.process = process;
      this.way = way;
    }
  }

  private static final Duration BREATH = Duration.ofMillis(1);

  private final Plan plan;
  private final Dice dice;
  private final Dice chaos;
  private final Agenda agenda = new Agenda();
  private final History history = new History();
  private final Network network;
  private final Network database;
  private final SimulatedStore store;
  private final List<Resource> resources = new ArrayList<>();
  private final List<Inhabited> living = new ArrayList<>();
  private final Map<String, Long> claims = new HashMap<>();
  private final Map<String, String> owners = new HashMap<>();
  private final Set<String> released = new HashSet<>();
  private final Map<Peculiarity, Long> peculiarities = new EnumMap<>(Peculiarity.class);
  private final Map<String, Long> tokenOfClaim = new HashMap<>();
  private final Map<String, Long> wishedToKeep = new HashMap<>();
  private final Map<LockName, Long> keptUntil = new HashMap<>();
  private final List<Runnable> unheard = new ArrayList<>();
  private final Duration clockError;
  private int silences;
  private int losses;
  private boolean isSplit;
  private boolean healed;

  private World(long seed, Plan plan) {
    this.plan = plan;
    this.dice = new Dice(seed).forConcern("world");
    this.chaos = dice.forConcern("chaos");
    this.network = new Network(agenda, dice.forConcern("network"), plan);
    this.database = new Network(agenda, dice.forConcern("database"), plan);
    // A store that forgets is promised to be right only if it is away for twice the clock's error:
    // see docs/guarantees.md. Who evicts is not away, and so must have a clock that is right.
    boolean evicts = plan.count(Quantity.EVICTIONS) > 0;
    this.clockError = evicts ? Duration.ZERO : plan.span(Quantity.CLOCK_ERROR);
    boolean forgets = evicts || plan.hasReplica() || plan.count(Quantity.FLUSHES) > 0;
    double rate = forgets ? 1 : rate(chaos);
    Dice ofStore = dice.forConcern("store");
    this.store =
        switch (plan.store()) {
          case REDIS -> new RedisStore(agenda, ofStore, plan, this, rate);
          case SESSIONS -> new SessionStore(agenda, ofStore, plan, this, rate);
          case CONNECTIONS -> new ConnectionStore(agenda, ofStore, plan, this, rate);
          case TABLE -> new TableStore(agenda, ofStore, plan, this, rate);
        };
    long tomorrow = WallClock.BEGIN_MICROS + Duration.ofDays(1).toMillis() * 1_000;
    for (int i = 0; i < plan.count(Quantity.NAMES); i++) {
      resources.add(new Resource("machine:" + (i + 1), plan.hasFenceAhead() ? tomorrow : 0));
    }
  }

  /** What happened in the world of a plan. */
  static Told run(long seed, Plan plan) {
    return new World(seed, plan).run();
  }

  private Told run() {
    EngineLog.begin();
    for (int i = 0; i < plan.count(Quantity.PROCESSES); i++) {
      begin("p" + (i + 1), 1, List.of());
    }
    long troubled = plan.troubled().toNanos();
    if (plan.late() > 0
        || plan.loss() > 0
        || plan.probability(Quantity.FAILS) > 0
        || plan.doubled() > 0) {
      history.add(new Event.Disturbed(Fault.NETWORK, 0, troubled + Network.latest(plan).toNanos()));
    }
    store.setClock(error());
    store.setClockOfReplica(error());
    planTrouble(troubled);
    agenda.at(troubled, this::heal);
    agenda.runUntil(troubled);
    long generous = troubled + generous().toNanos();
    while (agenda.now() < generous && !isDone()) {
      agenda.runUntil(agenda.now() + plan.span(Quantity.LEASE).toNanos());
    }
    agenda.runUntil(agenda.now() + answered().toNanos());
    findUnreleased();
    agenda.runUntil(agenda.now() + rest().toNanos());
    findLeftovers();
    return new Told(history.events(), peculiarities);
  }

  /**
   * How long the work takes at most when nothing goes wrong any more, and everyone stood in line.
   */
  private Duration generous() {
    long jobs = (long) plan.count(Quantity.JOBS) * plan.count(Quantity.CALLERS) * living.size();
    Duration job =
        plan.span(Quantity.LEASE)
            .multipliedBy(8)
            .plus(plan.span(Quantity.MERGE).multipliedBy(8))
            .plus(plan.latency().multipliedBy(40))
            .plus(Duration.ofSeconds(4));
    return job.multipliedBy(jobs + 2).plus(plan.span(Quantity.REQUEST_TIMEOUT).multipliedBy(6));
  }

  /** After this, every farewell has been heard, for nothing goes wrong any more. */
  private Duration answered() {
    return plan.span(Quantity.REQUEST_TIMEOUT)
        .multipliedBy(3)
        .plus(Network.latest(plan).multipliedBy(2))
        .plus(plan.latency().multipliedBy(100))
        .plus(plan.span(Quantity.LEASE).dividedBy(50))
        .plus(Duration.ofSeconds(2));
  }

  /** After this, what nobody holds has ended, and no question is repeated. */
  private Duration rest() {
    return plan.span(Quantity.LEASE)
        .multipliedBy(4)
        .plus(plan.span(Quantity.REQUEST_TIMEOUT).multipliedBy(4))
        .plus(Network.latest(plan).multipliedBy(2))
        .plus(clockError.multipliedBy(2))
        // A farewell that has to be heard comes back every half minute at least.
        .plus(Duration.ofSeconds(plan.hasSessions() ? 65 : 2));
  }

  private double rate(Dice drawn) {
    double error = plan.get(Quantity.RATE_ERROR) / 1e6;
    return 1 + error * (2 * drawn.nextDouble() - 1);
  }

  private Duration error() {
    return chaos.between(clockError.negated(), clockError);
  }

  private void begin(String place, int generation, List<Caller> before) {
    String name = generation == 1 ? place : place + "." + generation;
    Dice own = dice.forConcern(name);
    SimulatedProcess process =
        new SimulatedProcess(name, agenda, history, own.forConcern("process"), rate(own));
    process.setClock(error());
    double fails = plan.probability(Quantity.FAILS);
    Way way = new Way(process, network, own.forConcern("backend"), this::whenStoreAnswers, fails);
    LockOptions options =
        LockOptions.DEFAULTS
            .leaseFor(plan.span(Quantity.LEASE))
            .waitAtMost(plan.span(Quantity.WAIT_AT_MOST));
    Locks locks =
        LockEngine.on(new ObservedBackend(store.backend(way), process, this))
            .config(
                LocksConfig.DEFAULTS
                    .options(options)
                    .requestTimeout(plan.span(Quantity.REQUEST_TIMEOUT)))
            .time(process)
            .callbacks(process)
            .random(own.forConcern("engine"))
            .build();
    Inhabited inhabited = new Inhabited(process, way);
    for (int i = 0; i < plan.count(Quantity.CALLERS); i++) {
      int jobsDone = before.isEmpty() ? 0 : before.get(i).jobsDone();
      Caller caller =
          new Caller(
              place + "t" + (i + 1),
              process,
              locks,
              this,
              agenda,
              history,
              own.forConcern("caller" + i),
              plan,
              resources,
              jobsDone);
      if (healed) {
        caller.heal();
      }
      inhabited.callers.add(caller);
      caller.start();
    }
    if (healed) {
      way.heal();
    }
    living.add(inhabited);
  }

  // ---- what goes wrong

  private void planTrouble(long troubled) {
    plan(Quantity.CUTS, troubled, () -> network.cut(someone().process.name(), spell(), history));
    plan(Quantity.SILENCES, troubled, () -> silence(spell(), Fault.SILENCE));
    plan(Quantity.FAILOVERS, troubled, () -> forget(Failing.FAILOVER));
    if (!plan.hasSessions()) {
      plan(Quantity.FLUSHES, troubled, () -> forget(Failing.FLUSH));
      plan(Quantity.SPLITS, troubled, this::split);
    }
    plan(Quantity.EVICTIONS, troubled, () -> fail(Failing.EVICTION));
    if (!clockError.isZero()) {
      plan(Quantity.CLOCK_STEPS, troubled, this::setClock);
    }
    plan(Quantity.PAUSES, troubled, () -> pause(someone().process));
    plan(Quantity.CRASHES, troubled, () -> crash(someone()));
  }

  private void plan(Quantity quantity, long troubled, Runnable trouble) {
    for (int i = 0; i < plan.count(quantity); i++) {
      agenda.at(chaos.nextLong(0, troubled), trouble);
    }
  }

  private Inhabited someone() {
    return chaos.oneOf(living);
  }

  /** As long as a lease, more or less: that is when it matters. */
  private Duration spell() {
    Duration lease = plan.span(Quantity.LEASE);
    return chaos.between(lease.dividedBy(10), lease.multipliedBy(2));
  }

  private void pause(SimulatedProcess process) {
    process.stop();
    agenda.after(spell(), process::goOn);
  }

  private void crash(Inhabited inhabited) {
    if (!living.remove(inhabited)) {
      return;
    }
    inhabited.process.kill();
    inhabited.callers.forEach(Caller::died);
    store.died(inhabited.process.name());
    String[] parts = inhabited.process.name().split("\\.", 2);
    int generation = parts.length == 1 ? 1 : Integer.parseInt(parts[1]);
    begin(parts[0], generation + 1, inhabited.callers);
  }

  private void silence(Duration span, Fault fault) {
    silences++;
    history.add(new Event.Disturbed(fault, agenda.now(), agenda.now() + span.toNanos()));
    agenda.after(span, this::speak);
  }

  private void speak() {
    if (--silences > 0) {
      return;
    }
    List<Runnable> questions = new ArrayList<>(unheard);
    unheard.clear();
    questions.forEach(this::whenStoreAnswers);
  }

  /** The store forgets, and is away for longer than its clocks may differ. */
  private void forget(Failing failing) {
    Duration away = clockError.multipliedBy(2).plus(BREATH);
    losses++;
    Fault fault = failing == Failing.FAILOVER ? Fault.FAILOVER : Fault.LOSS;
    history.add(new Event.Disturbed(fault, agenda.now(), agenda.now() + away.toNanos()));
    store.fail(failing);
    agenda.after(
        away,
        () -> {
          losses--;
          store.setClockOfReplica(error());
        });
  }

  /** Two serve, until the old one notices. There is one split at a time. */
  private void split() {
    if (isSplit) {
      return;
    }
    isSplit = true;
    Duration span = spell();
    count(Peculiarity.SPLITS);
    history.add(new Event.Disturbed(Fault.FAILOVER, agenda.now(), agenda.now() + span.toNanos()));
    store.fail(Failing.SPLIT);
    store.setClockOfReplica(error());
    agenda.after(
        span,
        () -> {
          isSplit = false;
          store.fail(Failing.MENDED);
        });
  }

  private void fail(Failing failing) {
    history.add(new Event.Disturbed(Fault.LOSS, agenda.now(), agenda.now()));
    store.fail(failing);
  }

  private void setClock() {
    history.add(new Event.Disturbed(Fault.CLOCK, agenda.now(), agenda.now()));
    store.setClock(error());
  }

  private void heal() {
    healed = true;
    network.heal();
    database.heal();
    store.heal();
    for (Inhabited inhabited : living) {
      inhabited.process.goOn();
      inhabited.way.heal();
      inhabited.callers.forEach(Caller::heal);
    }
  }

  // ---- what its parts need of it

  private void whenStoreAnswers(Runnable question) {
    if (silences > 0) {
      unheard.add(question);
    } else if (losses == 0) {
      question.run();
    }
  }

  private long number(Claim claim) {
    return claims.computeIfAbsent(claim.id(), unseen -> claims.size() + 1L);
  }

  @Override
  public void sent(SimulatedProcess by, Claim claim, Message message) {
    owners.put(claim.id(), by.name());
    if (message == Message.RELEASE) {
      released.add(claim.id());
    }
    history.add(
        new Event.Sent(by.name(), claim.name().value(), number(claim), message, agenda.now()));
  }

  @Override
  public void answered(SimulatedProcess by, Claim claim, Message message) {
    if (message != Message.RENEW) {
      return;
    }
    for (Inhabited inhabited : living) {
      if (inhabited.process == by) {
        inhabited.callers.forEach(caller -> caller.lookIfHolding(claim.name()));
      }
    }
  }

  @Override
  public void changed(Claim claim, Effect effect, long token, boolean wasHolder) {
    String name = claim.name().value();
    history.add(new Event.Stored(name, number(claim), effect, token, wasHolder, agenda.now()));
    checkKept(claim, effect, token);
  }

  /** Where the store forgets nothing, a lock that was given back stays taken as long as wished. */
  private void checkKept(Claim claim, Effect effect, long token) {
    long now = agenda.now();
    if (effect == Effect.GRANTED) {
      tokenOfClaim.put(claim.id(), token);
      long kept = keptUntil.getOrDefault(claim.name(), 0L);
      if (now < kept && plan.storeKeepsLeases()) {
        history.add(new Event.Leftover("store", "a grant of " + claim.name() + ", kept", now));
      }
    } else if (effect == Effect.RELEASED) {
      Long until = wishedToKeep.remove(claim.name() + " " + tokenOfClaim.get(claim.id()));
      if (until != null && until > now) {
        count(Peculiarity.LOCKS_KEPT);
        // Clocks count it at different speeds.
        keptUntil.put(claim.name(), until - (until - now) / 50);
      }
    }
  }

  @Override
  public void keeps(LockName name, long token, long until) {
    wishedToKeep.put(name + " " + token, until);
  }

  @Override
  public void keepsNothing(LockName name, long token) {
    wishedToKeep.remove(name + " " + token);
  }

  @Override
  public void givenUp(String process) {
    history.add(new Event.GaveUp(process, agenda.now()));
  }

  @Override
  public void count(Peculiarity peculiarity) {
    peculiarities.merge(peculiarity, 1L, Long::sum);
  }

  @Override
  public void mayBeNext(String process, String claim) {
    for (Inhabited inhabited : living) {
      if (inhabited.process.name().equals(process)) {
        inhabited.way.mayBeNext(claim);
      }
    }
  }

  @Override
  public void mayBeFree(LockName name) {
    for (Inhabited inhabited : living) {
      inhabited.way.mayBeFree(name);
    }
  }

  @Override
  public void lookAtAll(LockName name) {
    for (Inhabited inhabited : living) {
      inhabited.callers.forEach(caller -> caller.lookIfHolding(name));
    }
  }

  @Override
  public <A> void transact(
      SimulatedProcess by, Supplier<A> transaction, Consumer<A> answer, Runnable silence) {
    boolean[] over = {false};
    Duration patience = plan.span(Quantity.REQUEST_TIMEOUT).plus(plan.tail().multipliedBy(3));
    by.after(
        patience,
        () -> {
          if (!over[0]) {
            over[0] = true;
            silence.run();
          }
        });
    database.sendOnce(
        () -> {
          A said = transaction.get();
          database.sendOnce(
              () ->
                  by.runs(
                      () -> {
                        if (!over[0]) {
                          over[0] = true;
                          answer.accept(said);
                        }
                      }));
        });
  }

  // ---- the end

  private boolean isDone() {
    return living.stream().allMatch(all -> all.callers.stream().allMatch(Caller::isDone));
  }

  /** A claim of a living process has been given back, long before its lease ends by itself. */
  private void findUnreleased() {
    for (String claim : store.holders()) {
      String owner = owners.get(claim);
      // One that was given back and is there again was asked for by a message that came late.
      if (!released.contains(claim)
          && living.stream().anyMatch(inhabited -> inhabited.process.name().equals(owner))) {
        String lock = "a lock of claim " + claims.get(claim) + ", which was not given back";
        history.add(new Event.Leftover("store", lock, agenda.now()));
      }
    }
  }

  private void findLeftovers() {
    long now = agenda.now();
    for (Resource resource : resources) {
      history.add(new Event.Content(resource.name(), resource.ids(), now));
    }
    for (Inhabited inhabited : living) {
      String name = inhabited.process.name();
      for (Caller caller : inhabited.callers) {
        if (!caller.isDone()) {
          history.add(new Event.Leftover(name, "a caller that is not done", now));
        }
      }
      if (inhabited.process.timers() > 0) {
        String timers = inhabited.process.timers() + " timers";
        history.add(new Event.Leftover(name, timers, now));
      }
      if (inhabited.way.watches() > 0) {
        String watches = inhabited.way.watches() + " watches";
        history.add(new Event.Leftover(name, watches, now));
      }
    }
    for (String bug : EngineLog.bugs()) {
      history.add(new Event.Leftover("engine", bug, now));
    }
    for (String left : store.leftovers()) {
      history.add(new Event.Leftover("store", left, now));
    }
  }
}
