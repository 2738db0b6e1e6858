package io.holdfast.local;

import io.holdfast.LockName;
import io.holdfast.spi.Watch;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Those of this JVM who want to hear of a release. Thread-safe. */
final class Watchers {

  private final Map<LockName, Set<Runnable>> watches = new ConcurrentHashMap<>();

  Watch add(LockName name, Runnable mayBeFree) {
    Runnable watcher = () -> mayBeFree.run(); // one of its own, to be removed by identity
    watches.compute(
        name,
        (same, watchers) -> {
          Set<Runnable> known = watchers == null ? ConcurrentHashMap.newKeySet() : watchers;
          known.add(watcher);
          return known;
        });
    mayBeFree.run(); // it may have become free before this
    return () ->
        watches.computeIfPresent(
            name,
            (same, watchers) -> {
              watchers.remove(watcher);
              return watchers.isEmpty() ? null : watchers;
            });
  }

  /** Runs what they gave; never under a lock of the caller's, because they may ask at once. */
  void tell(LockName name) {
    Set.copyOf(watches.getOrDefault(name, Set.of())).forEach(Runnable::run);
  }
}
