package io.holdfast.cli.race;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Locks that do what they promise as far as they reach: the threads of one JVM, or the processes of
 * one host.
 */
final class LocalLock {

  private LocalLock() {}

  /** A lock of the JVM, shared by the worker's threads. */
  static Exclusion ofThreads(ReentrantLock shared) {
    return (checked, atMost) ->
        shared.tryLock(atMost.toNanos(), TimeUnit.NANOSECONDS)
            ? Optional.of(new Turn(shared::unlock))
            : Optional.empty();
  }

  /**
   * A lock of the operating system on a file. The JVM holds it as a whole, so its threads exclude
   * each other beforehand. The channel stays open: closing any channel of a file gives up all locks
   * that the process has on it.
   */
  static Exclusion ofProcesses(ReentrantLock shared, FileChannel file) {
    return (checked, atMost) -> {
      long start = System.nanoTime();
      if (!shared.tryLock(atMost.toNanos(), TimeUnit.NANOSECONDS)) {
        return Optional.empty();
      }
      Optional<FileLock> lock = Optional.empty();
      try {
        lock = poll(file, atMost.toNanos() - (System.nanoTime() - start));
      } finally {
        if (lock.isEmpty()) {
          shared.unlock();
        }
      }
      return lock.map(held -> new Turn(() -> release(held, shared)));
    };
  }

  /** The JDK's own waiting method has no end. */
  private static Optional<FileLock> poll(FileChannel file, long atMostNanos)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    do {
      FileLock held = file.tryLock();
      if (held != null) {
        return Optional.of(held);
      }
      TimeUnit.MILLISECONDS.sleep(ThreadLocalRandom.current().nextLong(1, 8));
    } while (System.nanoTime() - start - atMostNanos < 0);
    return Optional.empty();
  }

  private static void release(FileLock held, ReentrantLock shared) throws IOException {
    try {
      held.release();
    } finally {
      shared.unlock();
    }
  }

  private interface Release {
    void run() throws IOException;
  }

  private record Turn(Release release) implements Exclusion.Turn {
    @Override
    public long token() {
      return 0;
    }

    @Override
    public boolean lasts() {
      return true;
    }

    @Override
    public Exclusion.Left leave() throws IOException {
      release.run();
      return Exclusion.Left.IN_TIME;
    }
  }
}
