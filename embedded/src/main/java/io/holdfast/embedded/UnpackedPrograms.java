package io.holdfast.embedded;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A server's programs, unpacked once per user to {@code $XDG_CACHE_HOME/holdfast} (by default
 * {@code ~/.cache/holdfast}), because they are large and unpacking takes seconds. A folder there is
 * complete from the moment it has its name, so that any number of processes may look at once. Where
 * nothing can be written there, each server gets its own copy.
 */
final class UnpackedPrograms {

  private static final Duration UNPACKING_ENDS_WITHIN = Duration.ofHours(1);

  private UnpackedPrograms() {}

  /** Where the programs come from. */
  @FunctionalInterface
  interface Archive {
    /** Writes all of them below an empty folder. */
    void unpackTo(Path folder) throws IOException;
  }

  /** Where one user's programs are. */
  static Optional<Path> cache() {
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path base =
        xdg != null && !xdg.isEmpty()
            ? Path.of(xdg)
            : Path.of(System.getProperty("user.home"), ".cache");
    return base.isAbsolute() ? Optional.of(base.resolve("holdfast")) : Optional.empty();
  }

  /**
   * The folder with the programs.
   *
   * @param version the folder's name, different for every archive
   * @param program one of the programs, which must be executable
   */
  static Path find(
      Path serverFolder, Optional<Path> cache, String version, String program, Archive archive)
      throws IOException {
    if (cache.isPresent() && canBeWritten(cache.get())) {
      Path shared = unpackedOnce(archive, cache.get().resolve(version));
      if (Files.isExecutable(shared.resolve(program))) { // no: another user's, or on a noexec mount
        return shared;
      }
    }
    return unpackedOnce(archive, serverFolder.resolve(version));
  }

  /** So that it can be started. */
  static void makeExecutable(Path program) throws IOException {
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static boolean canBeWritten(Path cache) {
    try {
      Files.createDirectories(cache);
      return Files.isWritable(cache);
    } catch (IOException e) {
      return false;
    }
  }

  private static Path unpackedOnce(Archive archive, Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return folder;
    }
    Path cache = Optional.ofNullable(folder.getParent()).orElseThrow();
    removeWhatKilledProcessesLeft(cache);
    Path unfinished = Files.createTempDirectory(cache, "unfinished-");
    try {
      archive.unpackTo(unfinished);
      Files.move(unfinished, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Folders.remove(unfinished);
      if (!Files.isDirectory(folder)) { // else another process was faster
        throw e;
      }
    }
    return folder;
  }

  private static void removeWhatKilledProcessesLeft(Path cache) throws IOException {
    Instant old = Instant.now().minus(UNPACKING_ENDS_WITHIN);
    try (DirectoryStream<Path> unfinished = Files.newDirectoryStream(cache, "unfinished-*")) {
      for (Path folder : unfinished) {
        if (isBefore(old, folder)) {
          Folders.remove(folder);
        }
      }
    }
  }

  private static boolean isBefore(Instant moment, Path folder) throws IOException {
    try {
      return Files.getLastModifiedTime(folder).toInstant().isBefore(moment);
    } catch (NoSuchFileException finished) {
      return false; // by another process, and has its name
    }
  }
}
