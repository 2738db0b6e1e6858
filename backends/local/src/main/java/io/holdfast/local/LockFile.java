package io.holdfast.local;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A lock file whose lock this process has, for as long as it is open.
 *
 * <p>The system's lock belongs to the process and the file: closing the file through any other
 * descriptor of this process ends it, too (POSIX). So {@link LockFolder} lets nobody open a file
 * whose lock is ours. A lock file is never deleted, or two processes could have two files of one
 * name; somebody may do so by hand, which {@link #isStillOurs} notices.
 *
 * <p>The first byte is the lock. The second is a sign that the lock is taken, for those who only
 * look: they try its lock, so that looking never stands in the way of an ask.
 */
final class LockFile implements AutoCloseable {

  private static final long LOCK = 0;
  private static final long SIGN = 1;

  private final Path path;
  private final FileChannel channel;
  private final FileLock lock;
  private final @Nullable Object identity;
  private @Nullable FileLock sign;

  private LockFile(Path path, FileChannel channel, FileLock lock, @Nullable Object identity) {
    this.path = path;
    this.channel = channel;
    this.lock = lock;
    this.identity = identity;
  }

  /**
   * Takes the lock; empty if another process has it. The file must not be open in this one.
   *
   * @throws NoSuchFileException if it was deleted meanwhile
   */
  static Optional<LockFile> take(Path path) throws IOException {
    Object identity = identityOfNewOrOld(path);
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    LockFile taken = null;
    try {
      FileLock lock = channel.tryLock(LOCK, 1, false);
      if (lock != null) {
        LockFile file = new LockFile(path, channel, lock, identity);
        if (!file.isStillOurs()) {
          throw new NoSuchFileException(path.toString(), null, "was deleted at this moment");
        }
        taken = file;
      }
      return Optional.ofNullable(taken);
    } finally {
      if (taken == null) {
        channel.close();
      }
    }
  }

  private static @Nullable Object identityOfNewOrOld(Path path) throws IOException {
    if (!Files.exists(path)) {
      try {
        Files.createFile(path);
      } catch (FileAlreadyExistsException e) {
        // Another process was first.
      }
    }
    return identity(path);
  }

  /** Device and inode; nothing where the system has no such thing. */
  static @Nullable Object identity(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
  }

  /** Whether the path still leads to the file that is locked; puts the sign up if it is missing. */
  boolean isStillOurs() throws IOException {
    try {
      boolean ours = lock.isValid() && Objects.equals(identity(path), identity);
      if (ours && sign == null) {
        sign = channel.tryLock(SIGN, 1, false); // nothing if somebody looks at this moment
      }
      return ours;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Whether another process shows the sign. The file must not be open in this one. */
  static boolean isTakenElsewhere(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        FileLock look = channel.tryLock(SIGN, 1, true)) {
      return look == null;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Ends the lock: the last step of a release. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
