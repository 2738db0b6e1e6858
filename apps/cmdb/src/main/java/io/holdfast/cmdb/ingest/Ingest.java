package io.holdfast.cmdb.ingest;

import io.holdfast.BackendException;
import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LockException;
import io.holdfast.LockOptions;
import io.holdfast.LockTimeoutException;
import io.holdfast.Locks;
import io.holdfast.cmdb.ingest.Acknowledgements.Acknowledged;
import io.holdfast.cmdb.ingest.Waiting.Item;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.store.Ack;
import io.holdfast.cmdb.store.Again;
import io.holdfast.cmdb.store.Group;
import io.holdfast.cmdb.store.MachineStore;
import io.holdfast.cmdb.store.Resolution;
import io.holdfast.cmdb.store.UnansweredCommitException;
import io.holdfast.guard.GuardException;
import io.holdfast.guard.StaleTokenException;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Merges reports into machines, with several workers in this process and any number of other
 * processes on the same machines.
 *
 * <pre>
 * submit -> who is it? -> its lock -> a worker with a connection -> commit -> acknowledge -> release
 * </pre>
 *
 * <p>A lock is waited for without a thread and without a connection, so a machine that everybody
 * reports on holds up no other. Whoever waits for a lock waits holding none; only an intricate
 * report takes several, and takes them in the order of their names. Reports of one machine that
 * arrive while its lock is waited for are merged together.
 *
 * <p>Nothing that may pass is an error: a taken lock, a lost lease, a refused write, a store or a
 * database that is away. It is tried again, with pauses, until it works or this is closed; what was
 * not acknowledged is in nobody's ledger, or is a duplicate when it is given again.
 *
 * <p>Thread-safe.
 */
public final class Ingest implements Intake {

  private static final long MOMENT_NANOS = 1_000_000;
  private static final int ATTEMPTS_BEFORE_OTHERS = 8;
  private static final int RESOLVED_TOGETHER = 100;
  private static final Duration LOCK_WAIT = Duration.ofSeconds(60);

  private final Locks locks;
  private final MachineStore machines;
  private final Settings settings;
  private final Acknowledgements acknowledgements;
  private final Gate gate;
  private final Tally tally;
  private final LockOptions options;

  private final BlockingQueue<Item> incoming = new LinkedBlockingQueue<>();
  private final BlockingQueue<Item> intricate = new LinkedBlockingQueue<>();
  private final DelayQueue<Waiting> ready = new DelayQueue<>();
  private final Map<String, Waiting> byMachine = new ConcurrentHashMap<>();
  private final AtomicInteger onTheirWay = new AtomicInteger();
  private final Semaphore room;
  private final ScheduledThreadPoolExecutor pauses = new ScheduledThreadPoolExecutor(1);
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicReference<@Nullable IngestException> failure = new AtomicReference<>();

  /** Fences that were found above the token of a lease that was held. One thread's. */
  private final Map<String, Long> fences = new HashMap<>();

  private final CompletableFuture<IngestException> failed = new CompletableFuture<>();
  private volatile boolean closing;

  /**
   * Begins to work.
   *
   * @param locks the locks, one for each machine, named {@code machine:ID}; stay open when this is
   *     closed
   * @param tally counts; give it to the locks as their listener, too
   */
  public Ingest(
      Locks locks,
      MachineStore machines,
      Settings settings,
      Tally tally,
      Acknowledgements acknowledgements,
      Gate gate) {
    this.locks = locks;
    this.machines = machines;
    this.settings = settings;
    this.tally = tally;
    this.acknowledgements = acknowledgements;
    this.gate = gate;
    this.options = settings.locksConfig().options().waitAtMost(LOCK_WAIT);
    this.room = new Semaphore(settings.inFlight());
    for (int i = 1; i <= settings.resolvers(); i++) {
      start("cmdb-resolve-" + i, this::resolve);
    }
    for (int i = 1; i <= settings.workers(); i++) {
      start("cmdb-merge-" + i, this::merge);
    }
    start("cmdb-intricate", this::mergeIntricate);
  }

  private interface Loop {
    void run() throws InterruptedException, IngestException;
  }

  private void start(String name, Loop loop) {
    Thread thread =
        new Thread(
            () -> {
              try {
                while (!closing) {
                  loop.run();
                }
              } catch (InterruptedException closed) {
                Thread.currentThread().interrupt();
              } catch (IngestException e) {
                fail(e);
              } catch (RuntimeException | Error e) {
                // Whatever ends a thread of ours ends the ingest: else it would wait for ever.
                fail(new IngestException("unexpected: " + e, e));
              }
            },
            name);
    thread.setDaemon(true);
    threads.add(thread);
    thread.start();
  }

  private void fail(IngestException e) {
    if (failure.compareAndSet(null, e)) {
      closing = true;
      failed.complete(e);
      room.release(settings.inFlight()); // whoever waits for room is to learn it
    }
  }

  @Override
  public void submit(Report report, long tag) throws IngestException, InterruptedException {
    throwFailure();
    Item item = new Item(report, tag, Math.min(weight(report), settings.inFlight()));
    room.acquire(item.weight());
    throwFailure();
    onTheirWay.incrementAndGet();
    incoming.add(item);
  }

  /** So that large reports do not fill the memory: one for each 4,096 characters. */
  private static int weight(Report report) {
    return 1 + report.body().length() / 4_096;
  }

  @Override
  public void awaitAll() throws IngestException, InterruptedException {
    while (onTheirWay.get() > 0) {
      throwFailure();
      TimeUnit.MILLISECONDS.sleep(2);
    }
    throwFailure();
  }

  @Override
  public CompletableFuture<IngestException> failure() {
    return failed.copy();
  }

  @Override
  public Tally.Counts counts() {
    return tally.counts();
  }

  private void throwFailure() throws IngestException {
    IngestException reason = failure.get();
    if (reason != null) {
      throw new IngestException(text(reason), reason);
    } else if (closing) {
      throw new IngestException("the ingest is closed");
    }
  }

  // --- Who is it? ---

  private void resolve() throws InterruptedException, IngestException {
    List<Item> items = new ArrayList<>();
    items.add(incoming.take());
    incoming.drainTo(items, RESOLVED_TOGETHER - 1);
    Map<String, Deque<Item>> byReport = new HashMap<>();
    for (Item item : items) {
      byReport.computeIfAbsent(item.report().id(), id -> new ArrayDeque<>()).add(item);
    }
    List<Report> reports = new ArrayList<>();
    byReport.values().forEach(same -> reports.add(same.element().report()));
    Resolution resolution = patiently(() -> machines.resolve(reports));
    for (Group group : resolution.groups()) {
      List<Item> ofGroup = new ArrayList<>();
      group
          .reports()
          .forEach(
              report -> ofGroup.addAll(byReport.getOrDefault(report.id(), new ArrayDeque<>())));
      await(group, ofGroup);
    }
    for (Report report : resolution.intricate()) {
      intricate.addAll(byReport.getOrDefault(report.id(), new ArrayDeque<>()));
    }
  }

  private void await(Group group, List<Item> items) {
    while (true) {
      Waiting fresh = new Waiting(group, items);
      Waiting there = byMachine.putIfAbsent(group.machineId(), fresh);
      if (there == null) {
        acquire(fresh, 0);
        return;
      }
      if (there.add(group, items)) {
        return;
      }
      byMachine.remove(group.machineId(), there);
    }
  }

  // --- Its lock ---

  static String lockName(String machineId) {
    return "machine:" + machineId;
  }

  private void acquire(Waiting waiting, int attempt) {
    if (closing) {
      return;
    }
    LockOptions wanted = options.tokenAbove(waiting.tokenAbove());
    var unused =
        locks
            .acquireAsync(lockName(waiting.machineId()), wanted)
            .whenComplete(
                (lease, thrown) -> {
                  if (thrown == null) {
                    waiting.holds(lease, settings.linger());
                    ready.add(waiting);
                  } else {
                    notAcquired(waiting, attempt, thrown);
                  }
                });
  }

  private void notAcquired(Waiting waiting, int attempt, Throwable thrown) {
    Throwable cause = thrown.getCause();
    Throwable reason = thrown instanceof CompletionException && cause != null ? cause : thrown;
    if (closing) {
      return;
    }
    if (reason instanceof LockTimeoutException) {
      acquire(waiting, 0);
    } else if (reason instanceof BackendException) {
      tally.retried();
      var unused =
          pauses.schedule(
              () -> acquire(waiting, attempt + 1), Patience.millis(attempt), TimeUnit.MILLISECONDS);
    } else {
      fail(new IngestException("the lock store refuses: " + text(reason), reason));
    }
  }

  // --- A worker with a connection ---

  private void merge() throws InterruptedException, IngestException {
    Deque<Waiting> held = new ArrayDeque<>(collect());
    try {
      for (int attempt = 0; !held.isEmpty() && !closing; attempt++) {
        if (attempt > 0) {
          Patience.pause(attempt);
        }
        merge(held);
      }
    } finally {
      held.forEach(waiting -> release(waiting.lease()));
    }
  }

  /**
   * Machines whose leases are held: until they fill a batch, or none has come for a moment although
   * some are on their way, at most for as long as settings say.
   */
  private List<Waiting> collect() throws InterruptedException {
    List<Waiting> held = new ArrayList<>();
    int reports = take(held, ready.take());
    long end = System.nanoTime() + settings.linger().toNanos();
    while (reports < settings.batch()) {
      Waiting next = ready.poll();
      if (next == null && onTheirWay.get() > reports) {
        long left = Math.min(MOMENT_NANOS, end - System.nanoTime());
        next = ready.poll(Math.max(0, left), TimeUnit.NANOSECONDS);
      }
      if (next == null) {
        return held;
      }
      reports += take(held, next);
    }
    return held;
  }

  private int take(List<Waiting> held, Waiting next) {
    next.take();
    byMachine.remove(next.machineId(), next);
    held.add(next);
    return next.size();
  }

  /** One attempt; what is done with, or has to begin anew, is taken from those held. */
  private void merge(Deque<Waiting> held) throws IngestException {
    Map<Group, Long> tokens = new LinkedHashMap<>();
    held.forEach(waiting -> tokens.put(waiting.group(), waiting.lease().token()));
    try {
      List<Ack> acks = machines.merge(tokens, () -> makeSure(held));
      tally.merged(tokens.size());
      acknowledge(held, acks);
      held.forEach(waiting -> release(waiting.lease()));
      held.clear();
    } catch (LeaseLostException e) {
      beginAnew(held, waiting -> !waiting.lease().isHeld());
    } catch (StaleTokenException e) {
      tally.staleWriteRefused();
      beginAnewWithGreaterToken(held, e);
    } catch (GuardException e) {
      // The version: read and merge again, under the same leases.
      tally.staleWriteRefused();
    } catch (Again e) {
      tally.retried();
      beginAnew(held, waiting -> e.machines().contains(waiting.machineId()));
    } catch (UnansweredCommitException e) {
      tally.retried();
      held.forEach(Waiting::hasNoAnswerToItsCommit);
    } catch (SQLException e) {
      tally.retried();
      Patience.mustPass(e);
    }
  }

  private void makeSure(Collection<Waiting> held) {
    held.forEach(waiting -> waiting.lease().ensureHeld());
    Set<String> about = new TreeSet<>();
    held.forEach(waiting -> about.add(waiting.machineId()));
    gate.beforeWrite(about);
  }

  private interface Concerned {
    boolean is(Waiting waiting);
  }

  /** Gives these leases back, and has their reports looked up again. */
  private void beginAnew(Deque<Waiting> held, Concerned concerned) {
    for (Waiting waiting : takeFrom(held, concerned)) {
      release(waiting.lease());
      incoming.addAll(waiting.items());
    }
  }

  /**
   * A lease that is held and yet stale: the lock's tokens have fallen behind the fence. The machine
   * is the same, the next lease's token has to be greater.
   */
  private void beginAnewWithGreaterToken(Deque<Waiting> held, StaleTokenException e) {
    for (Waiting waiting : takeFrom(held, each -> each.machineId().equals(e.key()))) {
      boolean fellBehind = waiting.lease().isHeld();
      release(waiting.lease());
      if (fellBehind) {
        waiting.wantsTokenAbove(e.storedFence());
        acquire(waiting, 0);
      } else {
        incoming.addAll(waiting.items());
      }
    }
  }

  private static List<Waiting> takeFrom(Deque<Waiting> held, Concerned concerned) {
    List<Waiting> taken = new ArrayList<>();
    held.removeIf(waiting -> concerned.is(waiting) && taken.add(waiting));
    return taken;
  }

  static void release(Lease lease) {
    var unused =
        lease
            .closeAsync()
            .exceptionally(
                lost -> {
                  // It ended before; the tally was told, and the commit was guarded.
                  return null;
                });
  }

  private void acknowledge(Collection<Waiting> held, List<Ack> acks) throws IngestException {
    Map<String, Deque<Item>> items = new HashMap<>();
    Set<String> perhapsOurs = new TreeSet<>();
    for (Waiting waiting : held) {
      for (Item item : waiting.items()) {
        items.computeIfAbsent(item.report().id(), id -> new ArrayDeque<>()).add(item);
        if (waiting.mayBeCommitted()) {
          perhapsOurs.add(item.report().id());
        }
      }
    }
    List<Acknowledged> acknowledged = new ArrayList<>();
    AtomicInteger weight = new AtomicInteger();
    for (Ack ack : acks) {
      Deque<Item> same = items.getOrDefault(ack.report().id(), new ArrayDeque<>());
      Ack told =
          ack.status() == Ack.Status.DUPLICATE && perhapsOurs.remove(ack.report().id())
              ? new Ack(ack.report(), Ack.Status.APPLIED, ack.machineId(), ack.version())
              : ack;
      Optional.ofNullable(same.poll())
          .ifPresent(
              item -> {
                acknowledged.add(new Acknowledged(item.tag(), told));
                weight.addAndGet(item.weight());
              });
    }
    // The same report given several times at once: one ack stands for all.
    Map<String, Ack> byReport = new HashMap<>();
    acks.forEach(ack -> byReport.put(ack.report().id(), ack));
    items.forEach(
        (id, rest) -> {
          Ack ack = byReport.get(id);
          if (ack != null) {
            Ack again = new Ack(ack.report(), Ack.Status.DUPLICATE, ack.machineId(), ack.version());
            rest.forEach(
                item -> {
                  acknowledged.add(new Acknowledged(item.tag(), again));
                  weight.addAndGet(item.weight());
                });
          }
        });
    tell(acknowledged, weight.get());
  }

  private void tell(List<Acknowledged> acknowledged, int weight) throws IngestException {
    try {
      acknowledgements.committed(acknowledged);
    } catch (IOException e) {
      throw new IngestException("acknowledgements cannot be written: " + text(e), e);
    }
    acknowledged.forEach(each -> tally.count(each.ack().status()));
    onTheirWay.addAndGet(-acknowledged.size());
    room.release(weight);
  }

  // --- Several machines at once ---

  private void mergeIntricate() throws InterruptedException, IngestException {
    Item item = intricate.take();
    boolean mayBeCommitted = false;
    for (int attempt = 0; !closing; attempt++) {
      if (attempt >= ATTEMPTS_BEFORE_OTHERS && !mayBeCommitted) {
        intricate.add(item); // it must not hold up all others for ever
        return;
      }
      if (attempt > 0) {
        Patience.pause(attempt);
      }
      SortedSet<String> concerned = patiently(() -> machines.concerned(item.report()));
      Map<String, Lease> leases = new LinkedHashMap<>();
      try {
        acquireInOrder(concerned, leases);
        Map<String, Long> tokens = new HashMap<>();
        leases.forEach((machine, lease) -> tokens.put(machine, lease.token()));
        Ack ack =
            machines.merge(
                item.report(),
                tokens,
                () -> {
                  leases.values().forEach(Lease::ensureHeld);
                  gate.beforeWrite(concerned);
                });
        tally.merged(leases.size());
        if (mayBeCommitted && ack.status() == Ack.Status.DUPLICATE) {
          ack = new Ack(ack.report(), Ack.Status.APPLIED, ack.machineId(), ack.version());
        }
        tell(List.of(new Acknowledged(item.tag(), ack)), item.weight());
        return;
      } catch (GuardException e) {
        tally.staleWriteRefused();
        if (e instanceof StaleTokenException stale) {
          fences.merge(stale.key(), stale.storedFence(), Math::max);
        }
      } catch (LeaseLostException | LockTimeoutException | BackendException | Again e) {
        tally.retried();
      } catch (LockException e) {
        throw new IngestException("the lock store refuses: " + text(e), e);
      } catch (UnansweredCommitException e) {
        tally.retried();
        mayBeCommitted = true;
      } catch (SQLException e) {
        tally.retried();
        Patience.mustPass(e);
      } finally {
        leases.values().forEach(Ingest::release);
      }
    }
  }

  private void acquireInOrder(SortedSet<String> concerned, Map<String, Lease> leases)
      throws InterruptedException {
    for (String machine : concerned) {
      long tokenAbove = fences.getOrDefault(machine, 0L);
      leases.put(machine, locks.acquire(lockName(machine), options.tokenAbove(tokenAbove)));
    }
    fences.clear();
  }

  private <T> T patiently(Patience.Question<T> question)
      throws InterruptedException, IngestException {
    return Patience.ask(question, () -> closing, tally::retried);
  }

  private static String text(Throwable e) {
    return Patience.text(e);
  }

  /** Stops; what is not acknowledged stays so. Call {@link #awaitAll} before to have it done. */
  @Override
  public void close() {
    closing = true;
    room.release(settings.inFlight()); // whoever waits for room is to learn it
    pauses.shutdownNow();
    threads.forEach(Thread::interrupt);
    boolean interrupted = false;
    for (Thread thread : threads) {
      try {
        thread.join(TimeUnit.SECONDS.toMillis(10));
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    ready.forEach(waiting -> release(waiting.lease()));
    ready.clear();
    byMachine.clear();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
