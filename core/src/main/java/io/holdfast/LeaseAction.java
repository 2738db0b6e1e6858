package io.holdfast;

/**
 * What is done under a lock.
 *
 * @param <E> what it may throw
 */
@FunctionalInterface
public interface LeaseAction<E extends Exception> {
  /** Does it. Give {@link Lease#token()} to every resource that is written to. */
  void run(Lease lease) throws E;
}
