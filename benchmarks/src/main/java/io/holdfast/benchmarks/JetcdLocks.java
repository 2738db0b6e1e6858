package io.holdfast.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.lease.LeaseKeepAliveResponse;
import io.etcd.jetcd.support.CloseableClient;
import io.etcd.jetcd.support.Observers;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * etcd's lock service through jetcd. Each thread has a lease of its own, which is kept alive: two
 * that share one would share the lock.
 */
final class JetcdLocks implements Locker {

  private static final long LEASE_SECONDS = 30;

  private final Client client;

  JetcdLocks(String server) {
    this.client = Client.builder().endpoints(server).build();
  }

  @Override
  public Caller caller() throws Exception {
    long lease =
        client
            .getLeaseClient()
            .grant(LEASE_SECONDS)
            .get(Caller.LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)
            .getID();
    CloseableClient alive =
        client
            .getLeaseClient()
            .keepAlive(lease, Observers.<LeaseKeepAliveResponse>observer(answer -> {}));
    return new Caller() {
      private @Nullable ByteSequence key;

      @Override
      public void acquire(String name) throws Exception {
        key =
            client
                .getLockClient()
                .lock(ByteSequence.from("jetcd/" + name, UTF_8), lease)
                .get(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)
                .getKey();
      }

      @Override
      public void release() throws Exception {
        client
            .getLockClient()
            .unlock(Objects.requireNonNull(key))
            .get(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
      }

      @Override
      public void close() throws Exception {
        alive.close();
        client.getLeaseClient().revoke(lease).get(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
      }
    };
  }

  @Override
  public void close() {
    client.close();
  }
}
