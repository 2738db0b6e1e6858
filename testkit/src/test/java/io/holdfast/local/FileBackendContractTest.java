package io.holdfast.local;

import io.holdfast.LockName;
import io.holdfast.spi.LockBackend;
import io.holdfast.testkit.LockBackendContract;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

class FileBackendContractTest extends LockBackendContract {

  @TempDir private Path folder;

  @Override
  protected LockBackend open() {
    return FileBackend.open(folder);
  }

  @Override
  protected void deleteByHand(LockName locked) {
    try {
      Files.delete(folder.resolve(FileNames.of(locked) + ".lock"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  protected List<String> contents(LockName locked) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.startsWith(FileNames.of(locked)))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Not asked for, because locks do not end by themselves: two small files stay for each name. */
  @Override
  protected List<String> immortals(LockName locked) {
    return contents(locked);
  }
}
