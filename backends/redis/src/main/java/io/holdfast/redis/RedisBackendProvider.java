package io.holdfast.redis;

import io.holdfast.Finding;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import java.util.List;
import java.util.Set;

/**
 * Connects to one Redis server, 6.2 or newer:
 *
 * <pre>{@code
 * redis://[[user]:password@]host[:port][/database][?prefix=lock_]
 * rediss://...   // with TLS: certificate and host name are verified against the JVM's trust store
 * }</pre>
 *
 * <p>The port is 6379, the database 0, and the prefix of all keys {@code lock_} where the URL does
 * not say otherwise. Thread-safe.
 */
public final class RedisBackendProvider implements BackendProvider {

  /** For {@link java.util.ServiceLoader}. */
  public RedisBackendProvider() {}

  @Override
  public Set<String> schemes() {
    return RedisUrl.SCHEMES;
  }

  @Override
  public LockBackend connect(String url, StoreContext context) {
    return RedisBackend.connect(RedisUrl.parse(url), context);
  }

  @Override
  public List<Finding> examine(String url, StoreContext context) {
    return RedisExamination.findings(RedisUrl.parse(url), context);
  }
}
