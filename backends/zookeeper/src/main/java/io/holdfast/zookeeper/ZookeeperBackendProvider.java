package io.holdfast.zookeeper;

import io.holdfast.Finding;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import java.util.List;
import java.util.Set;

/**
 * Connects to a ZooKeeper ensemble, 3.6 or newer:
 *
 * <pre>{@code
 * zookeeper://host[:port][,host[:port]...][/path][?auth=digest:user:password&acl=creator]
 * }</pre>
 *
 * <p>The port is 2181 and the path {@code /holdfast} where the URL does not say otherwise; what
 * else it may say is in {@code docs/backends/zookeeper.md}. The session lives for {@link
 * StoreContext#leaseFor()}. Thread-safe.
 */
public final class ZookeeperBackendProvider implements BackendProvider {

  /** For {@link java.util.ServiceLoader}. */
  public ZookeeperBackendProvider() {}

  @Override
  public Set<String> schemes() {
    return ZookeeperUrl.SCHEMES;
  }

  @Override
  public LockBackend connect(String url, StoreContext context) {
    return ZookeeperBackend.connect(ZookeeperUrl.parse(url), context);
  }

  @Override
  public List<Finding> examine(String url, StoreContext context) {
    return Examination.of(ZookeeperUrl.parse(url), context);
  }
}
