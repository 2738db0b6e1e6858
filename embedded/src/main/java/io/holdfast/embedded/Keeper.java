package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The line to a shell process that waits for the end of its standard input, which comes with the
 * end of all JVMs that write to it however they end, and then ends the servers it was told of. One
 * JVM's own keeper reads a pipe and removes the folder too; that of a shared folder reads a FIFO
 * there, which each JVM that uses the folder holds open.
 *
 * <p>Telling is thread-safe; the rest is guarded by its owner.
 */
final class Keeper {

  /** More than a keeper takes to end its servers, by SIGKILL if need be. */
  static final Duration END_LIMIT = Duration.ofSeconds(60);

  private final Path folder;
  private final OutputStream out;
  private final ReentrantLock line = new ReentrantLock();
  private @Nullable ProcessHandle process;

  private Keeper(Path folder, OutputStream out) {
    this.folder = folder;
    this.out = out;
  }

  /** A new keeper, this JVM's alone, that removes the folder at the end. */
  static Keeper ofOwn(Path folder) throws IOException {
    Process process = start(folder, "remove", Redirect.PIPE);
    Keeper keeper = new Keeper(folder, process.getOutputStream());
    keeper.process = process.toHandle();
    return keeper;
  }

  /** The shared folder's keeper, a new one if there is none. Call it within the gate. */
  static Keeper ofShared(Path folder) throws IOException {
    File users = fifo(folder).toFile();
    RandomAccessFile both = new RandomAccessFile(users, "rw"); // for writing alone it would block
    Keeper keeper = new Keeper(folder, new FileOutputStream(both.getFD()));
    try {
      keeper.join();
      return keeper;
    } catch (RuntimeException | IOException e) {
      both.close();
      throw e;
    }
  }

  private static Path fifo(Path folder) throws IOException {
    Path fifo = folder.resolve("users");
    if (!Files.exists(fifo, LinkOption.NOFOLLOW_LINKS)
        || !Files.readAttributes(fifo, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
            .isOther()) { // a copied folder may have a file in its place
      Files.deleteIfExists(fifo);
      Process mkfifo = new ProcessBuilder("mkfifo", "-m", "600", fifo.toString()).start();
      if (mkfifo.onExit().join().exitValue() != 0) {
        throw new IOException("its file system allows no named pipe (mkfifo failed)");
      }
    }
    return fifo;
  }

  private static Process start(Path folder, String atTheEnd, Redirect input) throws IOException {
    List<String> command =
        inOwnSession("sh", "-c", script("keeper.sh"), "keeper", folder.toString(), atTheEnd);
    return new ProcessBuilder(command)
        .directory(folder.toFile()) // by which it knows its servers
        .redirectInput(input)
        .redirectOutput(Redirect.DISCARD)
        .redirectError(Redirect.DISCARD)
        .start();
  }

  /**
   * So that Ctrl-C in a terminal reaches the JVM alone, and its shutdown hooks still find the
   * server.
   */
  static List<String> inOwnSession(String... command) {
    List<String> all = new ArrayList<>();
    OnPath.find("setsid").ifPresent(setsid -> all.add(setsid.toString()));
    all.addAll(List.of(command));
    return all;
  }

  static String script(String name) throws IOException {
    try (InputStream in = Keeper.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException(name + " is missing beside the class files");
      }
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  /**
   * Returns when the shared folder's keeper has read a word that this JVM sent, and so has not seen
   * the end of its input before and will not. One that is gone, or going, is replaced.
   */
  void join() throws IOException {
    String word = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    tell("join " + word);
    long end = System.nanoTime() + END_LIMIT.toNanos();
    Process replacement = null;
    while (!hasRead(word)) {
      if (pidIn(folder).isEmpty()) {
        if (replacement == null) {
          replacement = start(folder, "keep", Redirect.from(folder.resolve("users").toFile()));
        } else if (!replacement.isAlive()) {
          throw new IOException("the shell that keeps its servers ended at once");
        }
      }
      if (System.nanoTime() - end >= 0) {
        throw new IOException("the shell that keeps its servers does not answer");
      }
      Polling.pause();
    }
  }

  private boolean hasRead(String word) throws IOException {
    OptionalLong pid = pidIn(folder);
    if (pid.isEmpty() || !Files.readString(pidFile(folder)).endsWith(" " + word + "\n")) {
      return false;
    }
    process = ProcessHandle.of(pid.getAsLong()).orElse(null);
    return true;
  }

  private static OptionalLong pidIn(Path folder) {
    return PidFile.processIn(folder, pidFile(folder));
  }

  private static Path pidFile(Path folder) {
    return folder.resolve("keeper");
  }

  /** Waits for a shared folder's keeper that nobody writes to any more. */
  static void awaitEndOfFormer(Path folder) throws IOException {
    if (!Polling.until(() -> pidIn(folder).isEmpty(), END_LIMIT)) {
      throw new IOException("its former servers do not end");
    }
  }

  void tell(String words) throws IOException {
    line.lock();
    try {
      out.write((words + "\n").getBytes(UTF_8));
      out.flush();
    } finally {
      line.unlock();
    }
  }

  /** It is to do nothing more; waits for its end. For one JVM's own. */
  void dismiss() {
    try (OutputStream last = out) {
      tell("done");
    } catch (IOException gone) {
      // Gone or going: what it would have done is done.
    }
    ProcessHandle child = process;
    if (child != null) {
      child.onExit().join(); // not even a zombie is left
    }
  }

  /** This JVM uses the shared folder no more. */
  void leave() {
    try {
      out.close();
    } catch (IOException e) {
      throw new UncheckedIOException("a named pipe cannot be closed", e);
    }
  }

  void awaitEnd() {
    ProcessHandle last = process;
    if (last != null) {
      Polling.until(() -> !isAlive(last), END_LIMIT);
    }
  }

  /** A zombie is not, though its parent may never look. */
  private static boolean isAlive(ProcessHandle process) {
    return process.isAlive()
        && (Files.notExists(Path.of("/proc/self"))
            || Files.exists(Path.of("/proc", Long.toString(process.pid()), "cwd")));
  }
}
