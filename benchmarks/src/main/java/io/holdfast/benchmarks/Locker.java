package io.holdfast.benchmarks;

/** A way to lock. Thread-safe. */
interface Locker extends AutoCloseable {

  /** Opens what one thread needs to lock in this way, such as a connection. */
  Caller caller() throws Exception;

  /** Has one lock at a time. For one thread. */
  interface Caller extends AutoCloseable {

    /** The end of every wait for a lock: none here is held for longer than a moment. */
    long LONGEST_WAIT_SECONDS = 30;

    void acquire(String name) throws Exception;

    void release() throws Exception;

    @Override
    default void close() throws Exception {}
  }

  @Override
  default void close() throws Exception {}
}
