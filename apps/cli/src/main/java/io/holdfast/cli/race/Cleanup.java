package io.holdfast.cli.race;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What the race has to put away, whichever way it ends: at its end, or when the JVM is told to end
 * in the middle of it. Closes in the opposite order of opening.
 *
 * <p>Thread-safe: the shutdown comes on a thread of its own.
 */
final class Cleanup implements AutoCloseable {

  /** One thing to put away. */
  interface Step {
    void run() throws Exception;
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Step> steps = new ArrayDeque<>();
  private final List<String> failures = new ArrayList<>();
  private final Thread hook = new Thread(this::close, "race-cleanup");
  private boolean begun;
  private volatile boolean byShutdown;

  Cleanup() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Adds a step; runs it at once if all others have run already. */
  void later(Step step) {
    lock.lock();
    try {
      if (begun) {
        run(step);
      } else {
        steps.push(step);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether the JVM is told to end: what fails from then on fails for that reason. */
  boolean byShutdown() {
    return byShutdown;
  }

  /** Why steps have failed, if any have. */
  List<String> failures() {
    lock.lock();
    try {
      return List.copyOf(failures);
    } finally {
      lock.unlock();
    }
  }

  /** Runs all steps, whether or not one fails. A second call waits for the first. */
  @Override
  public void close() {
    if (Thread.currentThread() == hook) {
      byShutdown = true;
    }
    lock.lock();
    try {
      begun = true;
      while (!steps.isEmpty()) {
        run(steps.pop());
      }
    } finally {
      lock.unlock();
    }
    if (Thread.currentThread() != hook) {
      forgetHook();
    }
  }

  private void run(Step step) {
    try {
      step.run();
    } catch (Exception e) {
      failures.add(e.toString());
    }
  }

  private void forgetHook() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM ends already, and the hook finds nothing left to do.
    }
  }
}
