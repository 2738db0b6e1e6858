package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The locks on a folder's file {@code gate}. Whoever joins, starts or leaves its servers is inside,
 * one JVM at a time (first byte); whoever uses the folder has a share (second byte). The system
 * ends both with the JVM. Behind them the file says where its users live.
 *
 * <p>Locks of a file are the JVM's, not a thread's: for use by one thread at a time, and one gate
 * per folder and JVM.
 */
final class Gate {

  private static final Duration ENTER_LIMIT = Duration.ofMinutes(5);
  private static final int TEXT_AT = 2;

  private final Path folder;
  private @Nullable FileChannel channel;
  private @Nullable FileLock inside;
  private @Nullable FileLock share;

  Gate(Path folder) {
    this.folder = folder;
  }

  /** Waits until no other JVM is inside. */
  void enter() throws IOException {
    FileChannel open = channel;
    if (open == null) {
      open = FileChannel.open(folder.resolve("gate"), READ, WRITE, CREATE);
      channel = open;
    }
    long end = System.nanoTime() + ENTER_LIMIT.toNanos();
    while ((inside = open.tryLock(0, 1, false)) == null) { // lock() would end with an interrupt
      if (System.nanoTime() - end >= 0) {
        throw new IOException(
            "another process keeps it busy since " + ENTER_LIMIT.toMinutes() + " min");
      }
      Polling.pause();
    }
  }

  void exit() throws IOException {
    if (share != null) {
      release(inside);
    } else if (channel != null) {
      channel.close(); // releases too
      channel = null;
    }
  }

  /** Whether another JVM has a share; for those that have none themselves. */
  boolean hasUsers() throws IOException {
    try (FileLock all = opened().tryLock(1, 1, false)) {
      return all == null;
    }
  }

  /**
   * Takes a share.
   *
   * @throws IOException if those who have one live in another container or on another host: the
   *     folder's servers are out of reach, and a second PostgreSQL would destroy the data
   */
  void takeShare() throws IOException {
    byte[] here = here().getBytes(UTF_8);
    if (hasUsers()) {
      byte[] there = new byte[here.length];
      opened().read(ByteBuffer.wrap(there), TEXT_AT);
      if (!Arrays.equals(here, there)) {
        throw new IOException("another container or host is using it");
      }
    } else {
      opened().write(ByteBuffer.wrap(here), TEXT_AT);
    }
    share = opened().tryLock(1, 1, true);
  }

  void giveShareBack() throws IOException {
    release(share);
    share = null;
  }

  /** This boot of this host, and the container in it. */
  private static String here() throws IOException {
    return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip()
        + " "
        + Files.readSymbolicLink(Path.of("/proc/self/ns/pid"))
        + " "
        + Files.readSymbolicLink(Path.of("/proc/self/ns/net"))
        + "\n";
  }

  private FileChannel opened() {
    FileChannel open = channel;
    if (open == null) {
      throw new IllegalStateException("outside the gate");
    }
    return open;
  }

  private static void release(@Nullable FileLock lock) throws IOException {
    if (lock != null) {
      lock.release();
    }
  }
}
