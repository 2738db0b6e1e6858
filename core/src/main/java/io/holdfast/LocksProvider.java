package io.holdfast;

import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * Makes {@link Locks}. Found by {@link ServiceLoader}; the engine is the one that Holdfast brings.
 */
public interface LocksProvider {

  /** See {@link Locks#connect(String, LocksConfig)}. */
  Locks connect(String url, LocksConfig config);

  /** See {@link Locks#examine(String, LocksConfig)}. */
  List<Finding> examine(String url, LocksConfig config);

  /** See {@link Locks#schema(String)}. */
  Optional<String> schema(String url);

  /**
   * The first provider on the class path.
   *
   * @throws IllegalStateException if there is none, as when a shaded jar has lost its service files
   */
  static LocksProvider find() {
    return ServiceLoader.load(LocksProvider.class, LocksProvider.class.getClassLoader())
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "No io.holdfast.LocksProvider on the class path: was META-INF/services lost"
                        + " when the jar was shaded?"));
  }
}
