package io.holdfast.embedded;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.CRC32;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * PostgreSQL's programs, unpacked once per user to {@code $XDG_CACHE_HOME/holdfast} (by default
 * {@code ~/.cache/holdfast}): 60 MB and some seconds. A folder there is complete from the moment it
 * has its name, so that any number of processes may look at once. Where nothing can be written
 * there, each server gets its own copy.
 */
final class PostgreSqlBinaries {

  private static final Duration UNPACKING_ENDS_WITHIN = Duration.ofHours(1);

  private PostgreSqlBinaries() {}

  /** The folder that holds {@code bin/postgres}. */
  static Path find(Path serverFolder) {
    return find(serverFolder, cache());
  }

  static Path find(Path serverFolder, Optional<Path> cache) {
    String archiveName = "postgres-linux-" + architecture() + ".txz";
    try {
      byte[] archive = read(archiveName);
      CRC32 checksum = new CRC32();
      checksum.update(archive);
      String version =
          String.format(Locale.ROOT, "postgresql-%08x-%d", checksum.getValue(), archive.length);
      if (cache.isPresent() && canBeWritten(cache.get())) {
        Path shared = unpackedOnce(archive, cache.get().resolve(version));
        if (Files.isExecutable(
            shared.resolve("bin/postgres"))) { // no: another user's, or on a noexec mount
          return shared;
        }
      }
      return unpackedOnce(archive, serverFolder.resolve(version));
    } catch (IOException e) {
      throw new EmbeddedServerException("PostgreSQL cannot be unpacked: " + e, e);
    }
  }

  private static String architecture() {
    String system = System.getProperty("os.name");
    String processor = System.getProperty("os.arch");
    if (system.equals("Linux") && processor.equals("amd64")) {
      return "x86_64";
    }
    if (system.equals("Linux") && processor.equals("aarch64")) {
      return "arm_64";
    }
    throw new EmbeddedServerException(
        "no PostgreSQL is bundled for " + system + " on " + processor);
  }

  private static byte[] read(String archiveName) throws IOException {
    try (InputStream in = PostgreSqlBinaries.class.getResourceAsStream("/" + archiveName)) {
      if (in == null) {
        throw new IOException(archiveName + " is not on the class path");
      }
      return in.readAllBytes();
    }
  }

  private static Optional<Path> cache() {
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path base =
        xdg != null && !xdg.isEmpty()
            ? Path.of(xdg)
            : Path.of(System.getProperty("user.home"), ".cache");
    return base.isAbsolute() ? Optional.of(base.resolve("holdfast")) : Optional.empty();
  }

  private static boolean canBeWritten(Path cache) {
    try {
      Files.createDirectories(cache);
      return Files.isWritable(cache);
    } catch (IOException e) {
      return false;
    }
  }

  private static Path unpackedOnce(byte[] archive, Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return folder;
    }
    Path cache = Optional.ofNullable(folder.getParent()).orElseThrow();
    removeWhatKilledProcessesLeft(cache);
    Path unfinished = Files.createTempDirectory(cache, "unfinished-");
    try {
      unpack(archive, unfinished);
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
        if (Files.getLastModifiedTime(folder).toInstant().isBefore(old)) {
          Folders.remove(folder);
        }
      }
    }
  }

  private static void unpack(byte[] archive, Path target) throws IOException {
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(
            new BufferedInputStream(new XZInputStream(new ByteArrayInputStream(archive))))) {
      Files.createDirectories(target);
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path path = target.resolve(entry.getName()).normalize();
        if (!path.startsWith(target)) {
          throw new IOException("the archive leaves its folder: " + entry.getName());
        }
        if (entry.isDirectory()) {
          Files.createDirectories(path);
        } else {
          unpackFile(tar, entry, path);
        }
      }
    }
  }

  private static void unpackFile(TarArchiveInputStream tar, TarArchiveEntry entry, Path path)
      throws IOException {
    Files.createDirectories(Optional.ofNullable(path.getParent()).orElseThrow());
    if (entry.isSymbolicLink()) {
      Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
      return;
    }
    Files.copy(tar, path);
    if ((entry.getMode() & 0100) != 0) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }
}
