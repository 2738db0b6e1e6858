package io.holdfast.embedded;

import java.util.concurrent.locks.ReentrantLock;

/** What is done to one server, one after the other, until it is closed. Thread-safe. */
final class Lifecycle {

  private final ReentrantLock oneAtATime = new ReentrantLock();
  private boolean closed;

  /**
   * Pauses, kills, restarts.
   *
   * @throws IllegalStateException if the server is closed
   */
  void step(Runnable step) {
    oneAtATime.lock();
    try {
      if (closed) {
        throw new IllegalStateException("this server is closed");
      }
      step.run();
    } finally {
      oneAtATime.unlock();
    }
  }

  /** Ends it for good; may be repeated, as the ending must. */
  void close(Runnable end) {
    oneAtATime.lock();
    try {
      closed = true;
      end.run();
    } finally {
      oneAtATime.unlock();
    }
  }
}
