package io.holdfast.embedded;

import static java.nio.file.StandardOpenOption.READ;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** Removes folders with all they hold; links are removed, not followed. */
final class Folders {

  private Folders() {}

  /** Removes what is there; what vanishes meanwhile is no error. */
  static void remove(Path folder) throws IOException {
    Files.walkFileTree(folder, new Removal());
  }

  /** Removes all of a folder's entries whose names match, each with all it holds. */
  static void removeAll(Path folder, String glob) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, glob)) {
      for (Path entry : entries) {
        remove(entry);
      }
    }
  }

  /** The path of an archive's entry, which may lead nowhere else. */
  static Path within(Path folder, String entry) throws IOException {
    Path path = folder.resolve(entry).normalize();
    if (!path.startsWith(folder)) {
      throw new IOException("the archive leaves its folder: " + entry);
    }
    return path;
  }

  /** Its entries, as they are called now, outlive a crash of the host. */
  static void force(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, READ)) {
      channel.force(true);
    }
  }

  private static final class Removal extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.deleteIfExists(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
      if (e instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE;
      }
      throw e;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e)
        throws IOException {
      if (e != null) {
        throw e;
      }
      Files.deleteIfExists(folder);
      return FileVisitResult.CONTINUE;
    }
  }
}
