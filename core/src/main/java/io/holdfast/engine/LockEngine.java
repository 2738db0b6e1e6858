package io.holdfast.engine;

import io.holdfast.Guarantees;
import io.holdfast.Inspection;
import io.holdfast.Lease;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.LockTimeoutException;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.spi.Inspectable;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Time;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Lock;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * {@link Locks} on any {@link LockBackend}. Users come here by {@link Locks#connect}; tests and the
 * simulator by {@link #on}.
 *
 * <p>Thread-safe. Holds an entry for a name only while someone waits for it or has it.
 */
public final class LockEngine implements Locks {

  private final Parts parts;
  private final List<AutoCloseable> owned;
  private final ConcurrentMap<LockName, Entry> entries = new ConcurrentHashMap<>();

  private LockEngine(Parts parts, List<AutoCloseable> owned) {
    this.parts = parts;
    this.owned = owned;
  }

  /** Locks on a backend, which they close when they are closed. */
  public static Builder on(LockBackend backend) {
    return on(context -> backend);
  }

  /** Locks on a backend that connects once everything else is there. */
  static Builder on(Function<StoreContext, LockBackend> backend) {
    return new Builder(backend);
  }

  /**
   * A queue and how many callers wait in it or hold through it; the count changes in the map only.
   */
  private static final class Entry {
    private final LocalQueue queue;
    private int users;

    private Entry(LocalQueue queue) {
      this.queue = queue;
    }
  }

  @Override
  public LockOptions options() {
    return parts.config().options();
  }

  @Override
  public Lease acquire(String name, LockOptions options) throws InterruptedException {
    long since = parts.now();
    return tryAcquire(name, options).orElseThrow(() -> timedOut(name, since));
  }

  @Override
  public Optional<Lease> tryAcquire(String name, LockOptions options) throws InterruptedException {
    LockName checked = new LockName(name);
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    Waiter waiter = enter(checked, options);
    try {
      return Blocking.await(waiter.result()).map(lease -> lease);
    } catch (InterruptedException e) {
      abandon(waiter);
      throw e;
    }
  }

  /** {@link #tryAcquire(String, LockOptions)} for callers that must not notice an interrupt. */
  Optional<Lease> tryAcquireUninterruptibly(String name, LockOptions options) {
    Waiter waiter = enter(new LockName(name), options);
    return Blocking.awaitUninterruptibly(waiter.result()).map(lease -> lease);
  }

  @Override
  public CompletableFuture<Lease> acquireAsync(String name, LockOptions options) {
    long since = parts.now();
    Waiter waiter = enter(new LockName(name), options);
    CompletableFuture<Lease> future = new CompletableFuture<>();
    var unusedWithdrawal =
        future.whenComplete(
            (lease, failure) -> {
              if (!waiter.isDone()) {
                abandon(waiter);
              }
            });
    var delivery =
        waiter
            .result()
            .whenCompleteAsync(
                (result, failure) -> {
                  if (failure != null) {
                    future.completeExceptionally(failure);
                  } else if (result.isEmpty()) {
                    future.completeExceptionally(timedOut(name, since));
                  } else if (!future.complete(result.get())) {
                    result.get().giveBack(); // its owner ended the future: nobody would close it
                  }
                },
                parts.callbacks());
    var unusedFallback =
        delivery.whenComplete(
            (result, failure) -> {
              if (failure != null && future.completeExceptionally(failure)) {
                abandon(waiter); // no thread for the delivery
              }
            });
    return future;
  }

  private LockTimeoutException timedOut(String name, long since) {
    return new LockTimeoutException(new LockName(name), Duration.ofNanos(parts.now() - since));
  }

  private Waiter enter(LockName name, LockOptions options) {
    parts.backend().guarantees().check(options);
    Entry entry =
        entries.compute(
            name,
            (same, present) -> {
              Entry used =
                  present == null ? new Entry(new LocalQueue(parts, name, this::leave)) : present;
              used.users++;
              return used;
            });
    Waiter waiter = new Waiter(parts, entry.queue, options);
    entry.queue.mailbox().post(() -> entry.queue.enter(waiter));
    return waiter;
  }

  private void leave(LocalQueue queue) {
    entries.computeIfPresent(queue.name(), (name, entry) -> --entry.users == 0 ? null : entry);
  }

  private static void abandon(Waiter waiter) {
    LocalQueue queue = waiter.queue();
    queue.mailbox().post(() -> queue.abandon(waiter));
  }

  /** How many names someone waits for or has. */
  int names() {
    return entries.size();
  }

  @Override
  public Lock reentrant(String name, LockOptions options) {
    return new ReentrantLeaseLock(this, new LockName(name).value(), options);
  }

  @Override
  public Inspection inspect(String name) throws InterruptedException {
    LockName checked = new LockName(name);
    if (!(parts.backend() instanceof Inspectable store)) {
      throw new UnsupportedOperationException("This store cannot tell who has a lock");
    }
    CompletableFuture<Inspection> told = parts.awaitedOnClose();
    if (parts.isClosed()) {
      told.completeExceptionally(new IllegalStateException("These locks are closed"));
    } else {
      Question.put(
          parts.time(),
          parts.requestTimeout(),
          Mailbox.ofPosters(parts.callbacks()),
          () -> store.inspect(checked),
          (answer, failure) -> {
            if (failure == null) {
              told.complete(answer);
            } else {
              told.completeExceptionally(failure);
            }
          });
    }
    return Blocking.await(told);
  }

  @Override
  public Guarantees guarantees() {
    return parts.backend().guarantees();
  }

  @Override
  public void close() {
    if (!parts.closed().compareAndSet(false, true)) {
      return;
    }
    List<CompletableFuture<?>> ends = new ArrayList<>();
    for (Entry entry : entries.values()) {
      CompletableFuture<Void> end = new CompletableFuture<>();
      ends.add(end);
      entry.queue.mailbox().post(entry.queue::close);
      entry.queue.mailbox().post(() -> end.complete(null));
    }
    awaitAll(ends); // now every farewell has been sent
    awaitAll(List.copyOf(parts.unanswered().values()));
    Announcer.guarded("closing a backend", parts.backend()::close);
    closeAll(owned);
  }

  private static void awaitAll(List<CompletableFuture<?>> futures) {
    var outcomes = futures.stream().map(future -> future.handle((value, failure) -> true));
    CompletableFuture.allOf(outcomes.toArray(CompletableFuture<?>[]::new)).join();
  }

  private static void closeAll(List<AutoCloseable> owned) {
    for (AutoCloseable mine : owned) {
      Announcer.guarded("closing the locks", () -> closeUnchecked(mine));
    }
  }

  private static void closeUnchecked(AutoCloseable mine) {
    try {
      mine.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The parts that an engine is made of, each with a default. Used by one thread, for one engine.
   */
  public static final class Builder {

    private final Function<StoreContext, LockBackend> backend;
    private LocksConfig config = LocksConfig.DEFAULTS;
    private @Nullable Time time;
    private @Nullable Executor callbacks;
    private RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();

    private Builder(Function<StoreContext, LockBackend> backend) {
      this.backend = backend;
    }

    /** Options, request timeout and listener; {@link LocksConfig#DEFAULTS} by default. */
    public Builder config(LocksConfig chosen) {
      this.config = chosen;
      return this;
    }

    /** The time; real time by default. */
    public Builder time(Time chosen) {
      this.time = chosen;
      return this;
    }

    /**
     * What runs users' code, and relieves threads that serve a busy name; by default daemon threads
     * that come and go. It must neither drop a task nor let one wait for another. An executor that
     * runs it in the thread that hands it over is for tests that never block in it.
     */
    public Builder callbacks(Executor chosen) {
      this.callbacks = chosen;
      return this;
    }

    /** The source of the jitter of pauses; not of claims. */
    public Builder random(RandomGenerator chosen) {
      this.random = chosen;
      return this;
    }

    /** The locks. They end what they brought themselves, and leave alone what they were given. */
    public Locks build() {
      List<AutoCloseable> owned = new ArrayList<>();
      Time usedTime = time == null ? own(new SystemTime(), owned) : time;
      Executor used = callbacks == null ? own(new CallbackThreads(), owned) : callbacks;
      Announcer announcer = new Announcer(config.listener(), used);
      try {
        return new LockEngine(
            new Parts(
                backend.apply(context(usedTime, announcer)),
                usedTime,
                config,
                announcer,
                used,
                random,
                new AtomicBoolean(),
                new ConcurrentHashMap<>()),
            owned);
      } catch (RuntimeException | Error e) {
        closeAll(owned);
        throw e;
      }
    }

    private StoreContext context(Time chosen, Announcer announcer) {
      return new StoreContext(
          chosen, config.requestTimeout(), config.options().leaseFor(), announcer::warn);
    }

    private static <T extends AutoCloseable> T own(T made, List<AutoCloseable> owned) {
      owned.add(made);
      return made;
    }
  }
}
