package io.holdfast.engine;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The daemon threads that run users' code. As many as there is blocking code at once, because one
 * that waits for another in a bounded pool would be a deadlock; each ends after five idle seconds.
 */
final class CallbackThreads implements Executor, AutoCloseable {

  private static final Duration IDLE = Duration.ofSeconds(5);

  private final ThreadPoolExecutor threads =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          IDLE.toMillis(),
          TimeUnit.MILLISECONDS,
          new SynchronousQueue<>(),
          task -> SystemTime.daemon(task, "holdfast-callback"));

  @Override
  public void execute(Runnable task) {
    try {
      threads.execute(task);
    } catch (RejectedExecutionException closed) {
      // Somebody may wait for what this completes, although the locks are closed.
      SystemTime.daemon(task, "holdfast-callback").start();
    }
  }

  /** Lets what runs come to its end. What comes later has a thread of its own. */
  @Override
  public void close() {
    threads.shutdown();
  }
}
