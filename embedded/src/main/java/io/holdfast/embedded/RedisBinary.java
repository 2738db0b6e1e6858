package io.holdfast.embedded;

import java.io.IOException;
import java.nio.file.Path;
import redis.embedded.core.ExecutableProvider;

/** Where a redis-server program comes from. */
final class RedisBinary {

  private RedisBinary() {}

  /** The one on {@code PATH}, else the bundled one. */
  static Path find(Path folder) {
    return OnPath.find("redis-server").orElseGet(() -> bundled(folder));
  }

  /** The one from the Maven artifact, written into the folder. */
  static Path bundled(Path folder) {
    try {
      return ExecutableProvider.newJarResourceProvider(folder.toFile()).get().toPath();
    } catch (IOException
        | RuntimeException e) { // it throws what it likes for a system it does not know
      throw new EmbeddedServerException(
          "no redis-server on PATH and none bundled for "
              + System.getProperty("os.name")
              + " on "
              + System.getProperty("os.arch")
              + ": "
              + e.getMessage(),
          e);
    }
  }
}
