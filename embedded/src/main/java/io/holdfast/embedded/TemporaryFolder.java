package io.holdfast.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A folder that goes with this JVM however that ends, by SIGKILL too: its keeper removes it.
 * Readable by its owner alone. Thread-safe.
 */
public final class TemporaryFolder implements AutoCloseable {

  private final Path path;
  private final Keeper keeper;

  private TemporaryFolder(Path path, Keeper keeper) {
    this.path = path;
    this.keeper = keeper;
  }

  /**
   * A new one.
   *
   * @param prefix of its name
   * @throws EmbeddedServerException if none can be made here
   */
  public static TemporaryFolder create(String prefix) {
    Path path;
    try {
      path = Files.createTempDirectory(prefix);
    } catch (IOException e) {
      throw new EmbeddedServerException(
          "no folder in " + System.getProperty("java.io.tmpdir") + ": " + e.getMessage(), e);
    }
    try {
      return new TemporaryFolder(path, Keeper.ofOwn(path));
    } catch (IOException e) {
      path.toFile().delete();
      throw new EmbeddedServerException("a POSIX shell is needed: " + e.getMessage(), e);
    }
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  /** Removes it with all it holds. A second call does nothing. */
  @Override
  public void close() {
    try {
      if (Files.exists(path)) {
        Folders.remove(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a folder stays: " + path, e);
    }
    keeper.dismiss();
  }
}
