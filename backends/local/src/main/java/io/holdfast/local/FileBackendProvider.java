package io.holdfast.local;

import io.holdfast.Finding;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * {@code file:/var/lib/app/locks}: a folder that is there, on a local disk, which all processes
 * that exclude each other may write to. What a URL does not take as it is, such as a space, is
 * percent-encoded. Thread-safe.
 */
public final class FileBackendProvider implements BackendProvider {

  /** For {@link java.util.ServiceLoader}. */
  public FileBackendProvider() {}

  @Override
  public Set<String> schemes() {
    return Set.of("file");
  }

  @Override
  public LockBackend connect(String url, StoreContext context) {
    Path folder = folder(url);
    for (Finding finding : FolderCheck.findings(folder)) {
      if (finding.level() == Finding.Level.REFUSED) {
        throw new StoreRefusedException(finding.found() + ": " + finding.cure());
      }
    }
    return FileBackend.open(folder);
  }

  @Override
  public List<Finding> examine(String url, StoreContext context) {
    return FolderCheck.findings(folder(url));
  }

  private static Path folder(String url) {
    try {
      return Path.of(URI.create(url)).normalize();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "Files are given as file:/FOLDER, from the root on, without a host", e);
    }
  }
}
