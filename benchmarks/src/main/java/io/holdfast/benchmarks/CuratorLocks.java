package io.holdfast.benchmarks;

import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.jspecify.annotations.Nullable;

/**
 * Curator's mutex, one object for each name, which its threads share, as it is meant to be used.
 */
final class CuratorLocks implements Locker {

  private static final int FIRST_PAUSE_MILLIS = 100;
  private static final int RETRIES = 3;

  private final CuratorFramework client;
  private final Map<String, InterProcessMutex> mutexes = new ConcurrentHashMap<>();

  CuratorLocks(String servers) {
    this.client =
        CuratorFrameworkFactory.newClient(
            servers, new ExponentialBackoffRetry(FIRST_PAUSE_MILLIS, RETRIES));
    client.start();
  }

  @Override
  public Caller caller() {
    return new Caller() {
      private @Nullable InterProcessMutex held;

      @Override
      public void acquire(String name) throws Exception {
        InterProcessMutex mutex =
            mutexes.computeIfAbsent(name, n -> new InterProcessMutex(client, "/curator/" + n));
        if (!mutex.acquire(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
          throw new IllegalStateException("Curator's mutex was not granted");
        }
        held = mutex;
      }

      @Override
      public void release() throws Exception {
        Objects.requireNonNull(held).release();
      }
    };
  }

  @Override
  public void close() {
    client.close();
  }
}
