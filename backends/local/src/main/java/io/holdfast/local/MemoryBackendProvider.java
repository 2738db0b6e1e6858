package io.holdfast.local;

import io.holdfast.LockName;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * {@code memory:} and {@code memory:NAME}. The same URL is the same store everywhere in this JVM; a
 * name has the alphabet of {@link LockName}. Thread-safe.
 */
public final class MemoryBackendProvider implements BackendProvider {

  private static final Map<String, MemoryStore> STORES = new ConcurrentHashMap<>();

  /** For {@link java.util.ServiceLoader}. */
  public MemoryBackendProvider() {}

  @Override
  public Set<String> schemes() {
    return Set.of("memory");
  }

  @Override
  public LockBackend connect(String url, StoreContext context) {
    String name = url.substring("memory:".length());
    if (!name.isEmpty()) {
      name = new LockName(name).value();
    }
    return new MemoryBackend(STORES.computeIfAbsent(name, same -> new MemoryStore()));
  }
}
