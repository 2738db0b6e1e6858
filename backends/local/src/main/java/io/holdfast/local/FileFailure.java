package io.holdfast.local;

import io.holdfast.BackendException;
import io.holdfast.Finding;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/** What a failure of the file system means: refused for good, or no answer. */
final class FileFailure {

  private static final String RIGHTS = "let this user write to the folder and to what is in it";

  private FileFailure() {}

  static LockException of(Path folder, IOException e) {
    return isForGood(e)
        ? new StoreRefusedException(text(folder, e) + ": " + RIGHTS, e)
        : new BackendException(text(folder, e), e);
  }

  static Finding finding(Path folder, IOException e) {
    return Finding.refused(
        "folder", text(folder, e), isForGood(e) ? RIGHTS : "see what the system says");
  }

  private static boolean isForGood(IOException e) {
    // The JDK has no type for these. RandomAccessFile says the first in its own words.
    String text = String.valueOf(e.getMessage());
    return e instanceof AccessDeniedException
        || text.contains("Permission denied")
        || text.contains("Operation not permitted")
        || text.contains("Read-only file system");
  }

  private static String text(Path folder, IOException e) {
    String reason =
        e instanceof AccessDeniedException
            ? "permission denied"
            : e instanceof FileSystemException known && known.getReason() != null
                ? known.getReason()
                : e.getClass().getSimpleName();
    return "No lock in " + folder + ": " + reason;
  }
}
