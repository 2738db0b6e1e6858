package io.holdfast.engine;

import io.holdfast.BackendException;
import io.holdfast.Finding;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.LocksProvider;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeSet;

/** Finds the backend of a URL's scheme on the class path and puts the engine on it. Thread-safe. */
public final class EngineLocksProvider implements LocksProvider {

  /** For {@link ServiceLoader}. */
  public EngineLocksProvider() {}

  @Override
  public Locks connect(String url, LocksConfig config) {
    BackendProvider provider = provider(url);
    return LockEngine.on(context -> connected(provider, url, context)).config(config).build();
  }

  /**
   * A store that is silent is asked once more: who connects first in a process has classes loaded
   * meanwhile, and where many processes begin at once that alone may take a request timeout.
   */
  static LockBackend connected(BackendProvider provider, String url, StoreContext context) {
    long askedAt = context.time().nanoTime();
    try {
      return provider.connect(url, context);
    } catch (BackendException noAnswer) {
      if (context.time().nanoTime() - askedAt < context.requestTimeout().toNanos()) {
        throw noAnswer; // nobody listens there, and a moment later nobody will
      }
      return provider.connect(url, context);
    }
  }

  @Override
  public List<Finding> examine(String url, LocksConfig config) {
    BackendProvider provider = provider(url);
    try (SystemTime time = new SystemTime()) {
      return new Examination(provider, url, time, config).findings();
    }
  }

  @Override
  public Optional<String> schema(String url) {
    return provider(url).schema(url);
  }

  private static BackendProvider provider(String url) {
    int colon = url.indexOf(':');
    if (colon < 1) {
      throw new IllegalArgumentException(
          "A store is given as a URL such as redis://localhost:6379 or memory:");
    }
    String scheme = url.substring(0, colon).toLowerCase(Locale.ROOT);
    TreeSet<String> known = new TreeSet<>();
    ServiceLoader<BackendProvider> providers =
        ServiceLoader.load(BackendProvider.class, BackendProvider.class.getClassLoader());
    for (BackendProvider provider : providers) { // one by one: a later one may fail to load
      if (provider.schemes().contains(scheme)) {
        return provider;
      }
      known.addAll(provider.schemes());
    }
    throw new IllegalArgumentException(
        "No backend for this URL's scheme on the class path, only for "
            + known
            + "; add the module of the store, such as holdfast-redis");
  }
}
