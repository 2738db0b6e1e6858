package io.holdfast.simulation;

import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.LockTimeoutException;
import io.holdfast.Locks;
import io.holdfast.simulation.Resource.Merged;
import io.holdfast.simulation.Resource.Row;
import io.holdfast.simulation.Resource.Verdict;
import io.holdfast.testkit.history.Event;
import io.holdfast.testkit.history.Event.Outcome;
import io.holdfast.testkit.history.History;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A thread that has reports to merge: acquire, read, merge, look at the lease, write, acknowledge,
 * release, each step with the time that it takes. What it did not get acknowledged it tries again.
 * Used by one thread, as all of a world.
 */
final class Caller {

  /** What a caller needs of its world. */
  interface Surroundings {
    /** Everybody who holds a lock looks at the lease. */
    void lookAtAll(LockName name);

    /** A lock is wished to be kept, even after its release, until a moment of true time. */
    void keeps(LockName name, long token, long until);

    /** Whoever loses its lease keeps nothing: another may do the work at once. */
    void keepsNothing(LockName name, long token);

    void count(Peculiarity peculiarity);

    /** The way to the database and back takes its time; the answer may be lost. */
    <A> void transact(
        SimulatedProcess by, Supplier<A> transaction, Consumer<A> answer, Runnable silence);
  }

  /** What was acquired, and what the record was when it was read. */
  private static final class Holding {
    private final Resource resource;
    private final long hold;
    private final Lease lease;
    private final long endsAtMost;
    private boolean ended;

    private Holding(Resource resource, long hold, Lease lease, long endsAtMost) {
      this.resource = resource;
      this.hold = hold;
      this.lease = lease;
      this.endsAtMost = endsAtMost;
    }
  }

  private final String name;
  private final SimulatedProcess process;
  private final Locks locks;
  private final Surroundings world;
  private final Agenda agenda;
  private final History history;
  private final Dice dice;
  private final Plan plan;
  private final List<Resource> resources;
  private int jobsDone;
  private int failures;
  private long tokenAbove;
  private boolean healed;
  private @Nullable Holding holding;
  private Event.@Nullable Acquire asking;
  private Event.@Nullable Release releasing;

  Caller(
      String name,
      SimulatedProcess process,
      Locks locks,
      Surroundings world,
      Agenda agenda,
      History history,
      Dice dice,
      Plan plan,
      List<Resource> resources,
      int jobsDone) {
    this.name = name;
    this.process = process;
    this.locks = locks;
    this.world = world;
    this.agenda = agenda;
    this.history = history;
    this.dice = dice;
    this.plan = plan;
    this.resources = resources;
    this.jobsDone = jobsDone;
  }

  int jobsDone() {
    return jobsDone;
  }

  boolean isDone() {
    return jobsDone >= plan.count(Plan.Quantity.JOBS) && holding == null && releasing == null;
  }

  /** Begins, or goes on with what is left to do. */
  void start() {
    process.after(dice.about(pause()), this::next);
  }

  /** From here on this caller neither goes away nor stalls. */
  void heal() {
    healed = true;
  }

  private boolean now(Plan.Quantity what) {
    return !healed && dice.chance(plan.probability(what));
  }

  private Duration pause() {
    Duration merge = plan.span(Plan.Quantity.MERGE);
    Duration least = plan.span(Plan.Quantity.LEASE).dividedBy(20);
    return merge.compareTo(least) > 0 ? merge : least;
  }

  private String job() {
    return name + "/" + jobsDone;
  }

  /** Each job has a resource of its own, however often it is tried. */
  private Resource resourceOfJob() {
    return resources.get(Math.floorMod(jobsDone * 31 + name.hashCode(), resources.size()));
  }

  private void next() {
    if (jobsDone < plan.count(Plan.Quantity.JOBS)) {
      acquire(resourceOfJob());
    }
  }

  /** Who fails again and again comes back less and less often. */
  private void tryLater() {
    process.after(dice.about(pause().multipliedBy(1L << Math.min(failures, 4))), this::next);
  }

  private LockOptions options() {
    boolean oneLabel = plan.count(Plan.Quantity.ONE_LABEL) == 1;
    LockOptions options = locks.options().label(oneLabel ? process.name() : name);
    Duration lease = options.leaseFor();
    if (tokenAbove > 0) {
      options = options.tokenAbove(tokenAbove);
      tokenAbove = 0;
    }
    if (!plan.hasSessions() && now(Plan.Quantity.KEEPS)) {
      options = options.keepFor(dice.between(Duration.ZERO, lease));
    }
    if (now(Plan.Quantity.LIMITS)) {
      options = options.holdAtMost(dice.between(LockOptions.SHORTEST_LEASE, lease.multipliedBy(2)));
    }
    return options;
  }

  private void acquire(Resource resource) {
    LockOptions options = options();
    long now = agenda.now();
    long waitAtMost = process.trueMomentAfter(options.waitAtMost()) - now;
    long hold = history.nextHold();
    asking =
        new Event.Acquire(
            process.name(), resource.name(), hold, now, now, Outcome.UNKNOWN, 0, 0, waitAtMost);
    if (now(Plan.Quantity.INTERRUPTS)) {
      acquireInterrupted(resource, options);
      return;
    }
    CompletableFuture<Lease> future = locks.acquireAsync(resource.name(), options);
    if (now(Plan.Quantity.CANCELS)) {
      Duration patience = dice.between(Duration.ZERO, options.waitAtMost().plus(pause()));
      process.after(patience, () -> future.cancel(false));
    }
    var unused = future.whenComplete((lease, failure) -> heard(resource, options, lease, failure));
  }

  /**
   * The form that blocks, which ends at once: in a world of one thread only an interrupt ends it.
   */
  private void acquireInterrupted(Resource resource, LockOptions options) {
    process.interruptCaller();
    try {
      Optional<Lease> lease = locks.tryAcquire(resource.name(), options);
      heard(resource, options, lease.orElse(null), null);
    } catch (InterruptedException e) {
      heard(resource, options, null, new CancellationException("Interrupted"));
    } finally {
      Thread.interrupted(); // the interrupt was this world's own
    }
  }

  private void heard(
      Resource resource, LockOptions options, @Nullable Lease lease, @Nullable Throwable failure) {
    Event.Acquire asked = asking;
    asking = null;
    if (asked == null || !process.isAlive()) {
      return;
    }
    if (lease != null) {
      world.lookAtAll(lease.name());
      failures = 0;
      long endsAtMost = options.holdAtMost().map(process::trueMomentAfter).orElse(Long.MAX_VALUE);
      Holding held = new Holding(resource, asked.hold(), lease, endsAtMost);
      holding = held;
      record(asked, Outcome.OK, lease.token(), promised(lease, endsAtMost));
      note(lease, options);
      lease.onLost(() -> lost(held));
      begin(held);
    } else {
      Throwable reason = failure instanceof CompletionException ? failure.getCause() : failure;
      failures++;
      record(asked, outcomeOf(reason), 0, 0);
      tryLater();
    }
  }

  private void lost(Holding held) {
    history.add(new Event.Lost(process.name(), held.hold, agenda.now()));
    world.keepsNothing(held.lease.name(), held.lease.token());
  }

  private void note(Lease lease, LockOptions options) {
    if (options.holdAtMost().isPresent()) {
      world.count(Peculiarity.HOLDS_LIMITED);
    }
    if (!options.keepFor().isZero()) {
      long until = process.trueMomentAfter(options.keepFor());
      world.keeps(lease.name(), lease.token(), until);
    }
  }

  private static Outcome outcomeOf(@Nullable Throwable reason) {
    if (reason instanceof CancellationException) {
      return Outcome.WITHDRAWN;
    }
    return reason instanceof LockTimeoutException ? Outcome.FAILED : Outcome.UNKNOWN;
  }

  private void record(Event.Acquire asked, Outcome outcome, long token, long validUntil) {
    history.add(
        new Event.Acquire(
            asked.process(),
            asked.name(),
            asked.hold(),
            asked.invokedAt(),
            agenda.now(),
            outcome,
            token,
            validUntil,
            asked.waitAtMost()));
  }

  /** Until when a holder may rely on its lease, in true time; not after now if it may not. */
  private long promised(Lease lease, long endsAtMost) {
    boolean isHeld = lease.isHeld();
    if (isHeld == lease.remaining().isZero()) {
      history.add(new Event.Leftover("lease", "held for no time, or lost and not", agenda.now()));
    }
    long until = isHeld ? process.trueMomentAfter(lease.remaining()) : agenda.now();
    if (isHeld && until > endsAtMost) {
      history.add(new Event.Leftover("lease", "held for longer than holdAtMost", agenda.now()));
    }
    return until;
  }

  /** Looks at the lease, if it holds that lock. What it sees is recorded. */
  void lookIfHolding(LockName lock) {
    if (holding != null && !holding.ended && holding.lease.name().equals(lock)) {
      look(holding);
    }
  }

  private boolean look(Holding held) {
    long until = promised(held.lease, held.endsAtMost);
    history.add(new Event.Look(process.name(), held.hold, agenda.now(), held.lease.token(), until));
    return until > agenda.now();
  }

  private void begin(Holding held) {
    Resource resource = held.resource;
    long token = held.lease.token();
    world.transact(
        process,
        () -> {
          if (plan.claimsOnRead()) {
            boolean accepted = resource.claim(token, claimant(held)) == Verdict.ACCEPTED;
            history.add(
                new Event.Claim(
                    resource.name(), process.name(), held.hold, token, agenda.now(), accepted));
            if (!accepted) {
              return Optional.<Row>empty();
            }
          }
          return Optional.of(resource.read());
        },
        row -> {
          if (row.isPresent()) {
            merge(held, row.get());
          } else {
            stale(held);
          }
        },
        () -> again(held));
  }

  private String claimant(Holding held) {
    return process.name() + "#" + held.hold;
  }

  private void again(Holding held) {
    if (look(held)) {
      begin(held);
    } else {
      release(held);
    }
  }

  private void merge(Holding held, Row row) {
    if (row.contains(job())) {
      acknowledge(held.resource); // an earlier write of it, whose answer was lost
      finished(held);
      return;
    }
    Duration usual = dice.about(plan.span(Plan.Quantity.MERGE));
    boolean isLong = !healed && dice.chance(0.1);
    Duration lease = plan.span(Plan.Quantity.LEASE);
    Duration span = isLong ? dice.between(lease.dividedBy(3), lease.multipliedBy(3)) : usual;
    Merged merged = new Merged(row.content(), job());
    process.after(
        span,
        () -> {
          if (look(held)) {
            if (now(Plan.Quantity.STALLS)) {
              stall();
            }
            process.execute(() -> write(held, row, merged));
          } else {
            release(held);
          }
        });
  }

  /** Stopped between the last look at the lease and the write: what no lock can see. */
  private void stall() {
    Duration lease = plan.span(Plan.Quantity.LEASE);
    process.stop();
    agenda.after(dice.between(lease.dividedBy(5), lease.multipliedBy(2)), process::goOn);
  }

  private void write(Holding held, Row row, Merged merged) {
    Resource resource = held.resource;
    long token = held.lease.token();
    world.transact(
        process,
        () -> {
          Verdict verdict =
              plan.claimsOnRead()
                  ? resource.writeClaimed(token, claimant(held), merged)
                  : resource.writeVersioned(token, row.version(), merged);
          boolean accepted = verdict == Verdict.ACCEPTED;
          history.add(
              new Event.Write(
                  resource.name(),
                  process.name(),
                  held.hold,
                  token,
                  merged.id(),
                  row.version(),
                  agenda.now(),
                  accepted));
          return verdict;
        },
        verdict -> {
          switch (verdict) {
            case ACCEPTED -> {
              acknowledge(resource);
              finished(held);
            }
            case STALE -> stale(held);
            case CONFLICT -> again(held);
          }
        },
        () -> unanswered(held));
  }

  /**
   * The write may have happened, or happen later. Guard (b) then refuses whichever comes second.
   * Guard (a) cannot tell them apart while the token is the same, so only a new token is safe.
   */
  private void unanswered(Holding held) {
    if (plan.claimsOnRead()) {
      release(held);
    } else {
      again(held);
    }
  }

  private void acknowledge(Resource resource) {
    history.add(new Event.Acknowledged(resource.name(), job(), agenda.now()));
    jobsDone++;
  }

  /** A guard says that a newer token was seen. If the lease says otherwise, a higher one is due. */
  private void stale(Holding held) {
    if (look(held) && plan.raisesTokens()) {
      tokenAbove = held.resource.read().fence();
    }
    release(held);
  }

  private void finished(Holding held) {
    boolean goesOn =
        jobsDone < plan.count(Plan.Quantity.JOBS)
            && resourceOfJob() == held.resource
            && dice.chance(0.3);
    if (goesOn && look(held)) {
      begin(held);
    } else {
      release(held);
    }
  }

  private void release(Holding held) {
    long now = agenda.now();
    held.ended = true;
    releasing = new Event.Release(process.name(), held.hold, now, now, Outcome.UNKNOWN);
    var unused = held.lease.closeAsync().whenComplete((done, failure) -> released(failure));
  }

  private void released(@Nullable Throwable failure) {
    Event.Release asked = releasing;
    releasing = null;
    holding = null;
    if (asked == null || !process.isAlive()) {
      return;
    }
    Throwable reason = failure instanceof CompletionException ? failure.getCause() : failure;
    if (reason != null && !(reason instanceof LeaseLostException)) {
      history.add(new Event.Leftover("caller " + name, "close failed: " + reason, agenda.now()));
    }
    Outcome outcome = reason == null ? Outcome.OK : Outcome.FAILED;
    history.add(
        new Event.Release(asked.process(), asked.hold(), asked.invokedAt(), agenda.now(), outcome));
    tryLater();
  }

  /** The process has died: what it had asked for has no answer. */
  void died() {
    if (asking != null) {
      record(asking, Outcome.UNKNOWN, 0, 0);
    }
    if (releasing != null) {
      history.add(releasing);
    }
    asking = null;
    releasing = null;
    holding = null;
  }
}
