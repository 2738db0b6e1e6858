package io.holdfast.local;

import io.holdfast.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Whether a folder is one for locks. On a network file system it is not: NFS loses locks when its
 * server restarts or its client was away for a lease, or keeps them on the client ({@code nolock});
 * SMB, sshfs and the folders that virtual machines share do what their server or daemon can, which
 * may be nothing, and tell nobody. Two hosts would both hold a lock. And a file server that hangs
 * hangs whoever asks.
 */
final class FolderCheck {

  private static final Set<String> NETWORK =
      Set.of(
          "9p",
          "acfs",
          "afpfs",
          "afs",
          "beegfs",
          "ceph",
          "cifs",
          "coda",
          "davfs",
          "fakeowner",
          "gfs",
          "gfs2",
          "glusterfs",
          "gpfs",
          "lustre",
          "ncpfs",
          "nfs",
          "nfs3",
          "nfs4",
          "ocfs2",
          "orangefs",
          "panfs",
          "prl_fs",
          "pvfs2",
          "smb",
          "smb2",
          "smb3",
          "smbfs",
          "vboxsf",
          "virtiofs",
          "vmhgfs",
          "webdav");

  private FolderCheck() {}

  /** What there is to say; the last one refuses if one does. */
  static List<Finding> findings(Path folder) {
    if (!Files.exists(folder)) {
      return List.of(
          Finding.refused("folder", folder + " is not there", "create it, for all who lock"));
    }
    if (!Files.isDirectory(folder)) {
      return List.of(Finding.refused("folder", folder + " is no folder", "name one that is"));
    }
    try {
      return List.of(
          Finding.ok("folder", folder.toString()),
          fileSystem(folder, Files.getFileStore(folder).type()),
          longestName(folder));
    } catch (IOException e) {
      return List.of(FileFailure.finding(folder, e));
    }
  }

  static Finding fileSystem(Path folder, String type) {
    String known = type.toLowerCase(Locale.ROOT);
    return NETWORK.contains(known) || known.startsWith("fuse.") || known.endsWith("fuse")
        ? Finding.refused(
            "file system",
            folder + " is on " + type + ", where locks may not hold between hosts or not at all",
            "name a folder on a local disk, or use a lock server between hosts")
        : Finding.ok("file system", type);
  }

  private static Finding longestName(Path folder) {
    try {
      var unused = LockFile.identity(folder.resolve("x".repeat(FileNames.LONGEST_WITH_SUFFIX)));
    } catch (NoSuchFileException e) {
      // It could be there, so it can be created.
    } catch (IOException e) {
      return Finding.refused(
          "longest name",
          "file names of %d characters are too long in %s"
              .formatted(FileNames.LONGEST_WITH_SUFFIX, folder),
          "name a folder with a shorter path, on a file system that takes 255 characters");
    }
    return Finding.ok("longest name", FileNames.LONGEST_WITH_SUFFIX + " characters");
  }
}
