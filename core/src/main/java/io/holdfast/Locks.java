package io.holdfast;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Lock;

/**
 * The locks of one store.
 *
 * <pre>{@code
 * try (Locks locks = Locks.connect("redis://localhost:6379");
 *     Lease lease = locks.acquire("machine:42")) {
 *   machines.merge(report, lease.token());
 * }
 * }</pre>
 *
 * <p>Connect once and share it: one instance serves any number of threads and names over a few
 * connections. Threads of one instance that want the same name queue here, first come first served,
 * and only the first of them asks the store.
 *
 * <p>What every acquiring method may throw, each one a different decision of the caller: {@link
 * IllegalArgumentException} (a bad name or option, before anything was sent), {@link
 * BackendException} (no answer: unknown), {@link StoreRefusedException} (fix the configuration),
 * {@link IllegalStateException} (these locks are closed).
 *
 * <p>Thread-safe.
 */
public interface Locks extends AutoCloseable {

  /** {@link #connect(String, LocksConfig)} with {@link LocksConfig#DEFAULTS}. */
  static Locks connect(String url) {
    return connect(url, LocksConfig.DEFAULTS);
  }

  /**
   * Connects to a store. The part of the URL before the first colon names the backend, whose module
   * has to be on the class path: {@code memory:} and {@code redis://host:6379?prefix=lock_} are
   * two. A store that is silent for a request timeout is asked once more.
   *
   * @throws IllegalArgumentException if the URL is malformed or no backend knows its scheme
   * @throws BackendException if the store does not answer
   * @throws StoreRefusedException if the store answers and refuses
   */
  static Locks connect(String url, LocksConfig config) {
    return LocksProvider.find().connect(url, config);
  }

  /**
   * Looks a store over before anybody relies on it: whether it answers, its version, settings,
   * rights and clock, and whether a lock can be had. What is {@link Finding.Level#REFUSED} is what
   * {@link #connect(String, LocksConfig)} or an acquisition would fail with. Waits for the store,
   * and leaves behind no more than a lock that was released: its name, {@code holdfast-doctor/1},
   * is always the same, with other numbers where several look at once.
   *
   * @throws IllegalArgumentException if the URL is malformed or no backend knows its scheme
   */
  static List<Finding> examine(String url, LocksConfig config) {
    return LocksProvider.find().examine(url, config);
  }

  /**
   * A script for the store's own tools that creates what has to be there before connecting, such as
   * a table; empty if nothing has to. Asks no store.
   *
   * @throws IllegalArgumentException if the URL is malformed or no backend knows its scheme
   */
  static Optional<String> schema(String url) {
    return LocksProvider.find().schema(url);
  }

  /** The options of every call that brings none of its own. */
  LockOptions options();

  /** {@link #acquire(String, LockOptions)} with the options of these locks. */
  default Lease acquire(String name) throws InterruptedException {
    return acquire(name, options());
  }

  /**
   * Waits until the lock is ours, and keeps it renewed until the lease is closed.
   *
   * @throws LockTimeoutException if someone else still had the lock after {@code waitAtMost}
   * @throws InterruptedException if the thread is interrupted; the claim is withdrawn
   */
  Lease acquire(String name, LockOptions options) throws InterruptedException;

  /** Does not wait for the lock: {@link #tryAcquire(String, LockOptions)}, waiting for zero. */
  default Optional<Lease> tryAcquire(String name) throws InterruptedException {
    return tryAcquire(name, options().waitAtMost(Duration.ZERO));
  }

  /**
   * {@link #acquire(String, LockOptions)} with an empty result in place of {@link
   * LockTimeoutException}. Empty means one thing: someone else had the lock by the last answer.
   *
   * <p>A caller that does not wait takes the store's next answer. If another caller of these locks
   * has a question about the name under way, its answer counts, although the question left before
   * this call. If another caller of these locks holds the lock, the store is not asked.
   *
   * @throws InterruptedException if the thread is interrupted; the claim is withdrawn
   */
  Optional<Lease> tryAcquire(String name, LockOptions options) throws InterruptedException;

  /** {@link #acquireAsync(String, LockOptions)} with the options of these locks. */
  default CompletableFuture<Lease> acquireAsync(String name) {
    return acquireAsync(name, options());
  }

  /**
   * {@link #acquire(String, LockOptions)} without a thread that waits. The future completes on a
   * thread for callbacks, where a continuation may block. Ending the future by {@code cancel},
   * {@code orTimeout} or otherwise withdraws the claim.
   */
  CompletableFuture<Lease> acquireAsync(String name, LockOptions options);

  /** {@link #withLease(String, LockOptions, LeaseAction)} with the options of these locks. */
  default <E extends Exception> void withLease(String name, LeaseAction<E> action)
      throws E, InterruptedException {
    withLease(name, options(), action);
  }

  /**
   * Acquires the lock, runs the action, and releases the lock.
   *
   * @throws E what the action throws, with a {@link LeaseLostException} suppressed in it if the
   *     lease was lost as well
   * @throws LeaseLostException if the action ended normally but the protection had ended before it
   */
  default <E extends Exception> void withLease(
      String name, LockOptions options, LeaseAction<E> action) throws E, InterruptedException {
    try (Lease lease = acquire(name, options)) {
      action.run(lease);
    }
  }

  /**
   * A view of one lock as the JDK's {@link Lock}: owned by a thread and re-entrant in it, with the
   * interrupt rules that {@link Lock} states. Views are independent: a thread that holds a lock
   * through one view waits for itself in another. {@code unlock} throws {@link LeaseLostException}
   * if the lease was lost, {@code lock} of a thread whose lease was lost does so too, and {@code
   * newCondition} is not supported.
   */
  default Lock reentrant(String name) {
    return reentrant(name, options());
  }

  /** {@link #reentrant(String)} with options of its own. */
  Lock reentrant(String name, LockOptions options);

  /**
   * Who has the lock, as the store says. Waits for its answer, at most one request timeout, and
   * asks once.
   *
   * @throws IllegalArgumentException if the name is malformed
   * @throws BackendException if the store does not answer
   * @throws StoreRefusedException if the store answers and refuses
   * @throws IllegalStateException if these locks are closed
   * @throws UnsupportedOperationException if the store cannot tell
   * @throws InterruptedException if the thread is interrupted
   */
  Inspection inspect(String name) throws InterruptedException;

  /** What this store promises, as data. */
  Guarantees guarantees();

  /**
   * Withdraws claims and releases leases, waits at most one request timeout for the store's
   * answers, and then ends connections and threads, which may take some seconds more. Callbacks
   * that run come to their end by themselves. A lease that is still open is lost for its holder,
   * because what its block does from here on is unprotected. Waiting callers get {@link
   * IllegalStateException}. What the store did not hear is not repeated any more: it ends with its
   * lease or its session. Interrupts are not heeded. A second call does nothing.
   */
  @Override
  void close();
}
