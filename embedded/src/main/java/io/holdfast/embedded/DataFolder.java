package io.holdfast.embedded;

import static java.nio.file.attribute.PosixFilePermission.OWNER_EXECUTE;
import static java.nio.file.attribute.PosixFilePermission.OWNER_READ;
import static java.nio.file.attribute.PosixFilePermission.OWNER_WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * A folder with one PostgreSQL and one Redis, which all processes that have it open share. The
 * first to open it starts both, the last to leave stops them, by {@link #close()} or by ending in
 * whatever way, SIGKILL included. What PostgreSQL acknowledged is there at the next open, also
 * after a crash of everything; Redis forgets all when it ends.
 *
 * <pre>{@code
 * try (DataFolder data = DataFolder.open(Path.of("data"))) {
 *   Locks locks = Locks.connect(data.storeUrl());
 *   DataSource database = connectTo(data.databaseUrl());
 *   ...
 * }
 * }</pre>
 *
 * <p>Both listen at 127.0.0.1 only, at random ports with a random password, which the folder keeps;
 * a port changes only where another program took it while nobody used the folder. A server that
 * died is started again, at its port, by the next open. The folder is its owner's alone, who is
 * also the only one who can open it, from one host, and there from one container, at a time. Their
 * logs are in the folder: {@code postgresql.log}, {@code redis.log}.
 *
 * <p>The servers are watched by a small shell process, the keeper. If that is killed, another takes
 * its place at the next open; if everybody leaves before, the servers stay until then.
 *
 * <p>Linux only, with {@code mkfifo} and what {@link EmbeddedPostgreSql} needs. Thread-safe. Any
 * number of objects may have the same folder open. No wait here ends by an interrupt except that
 * for a server's start, which then fails with the flag still set.
 */
public final class DataFolder implements AutoCloseable {

  private static final Set<PosixFilePermission> OWNER_ONLY =
      Set.of(OWNER_READ, OWNER_WRITE, OWNER_EXECUTE);

  private final Path folder;
  private final SharedServers servers;
  private final SharedServers.Running running;
  private final AtomicBoolean closed = new AtomicBoolean();

  private DataFolder(Path folder, SharedServers servers, SharedServers.Running running) {
    this.folder = folder;
    this.servers = servers;
    this.running = running;
  }

  /**
   * Joins the servers of the folder, or starts them, each within 90 s. Makes the folder where there
   * is none, readable by its owner alone.
   *
   * @throws EmbeddedServerException if that cannot be; one line for a person's eyes says why
   */
  public static DataFolder open(Path folder) {
    Path shown = folder.toAbsolutePath().normalize();
    try {
      Path real = prepare(shown);
      SharedServers servers = SharedServers.in(real);
      return new DataFolder(real, servers, servers.join());
    } catch (IOException e) {
      throw cannotBeUsed(shown, e);
    } catch (EmbeddedServerException e) {
      throw new EmbeddedServerException("data folder " + shown + ": " + e.getMessage(), e);
    }
  }

  private static EmbeddedServerException cannotBeUsed(Path folder, IOException e) {
    String reason = Optional.ofNullable(e.getMessage()).orElse(e.toString());
    if (e instanceof FileSystemException files) {
      reason =
          e instanceof AccessDeniedException
              ? files.getFile() + ": permission denied"
              : files.getFile()
                  + ": "
                  + Optional.ofNullable(files.getReason()).orElse(e.toString());
    }
    return new EmbeddedServerException(
        "data folder " + folder + " cannot be used: " + reason.replaceAll("\\s*\\R\\s*", " | "), e);
  }

  private static Path prepare(Path folder) throws IOException {
    if (Files.notExists(Path.of("/proc/self/cwd"))) {
      throw new IOException("that takes Linux, with /proc; bring servers of your own");
    }
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new IOException("it is a file; name a folder");
    }
    if (Files.notExists(folder)) {
      Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    }
    Path real = folder.toRealPath();
    Object owner = Files.getAttribute(real, "unix:uid");
    if (!Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(owner)) {
      throw new IOException(
          "it belongs to " + Files.getOwner(real).getName() + "; be that user or name another");
    }
    if (!Files.isWritable(real)) {
      throw new IOException("it cannot be written; name another");
    }
    if (!Files.getPosixFilePermissions(real).equals(OWNER_ONLY)) {
      if (Files.notExists(real.resolve("gate")) && !isEmpty(real)) { // it may be anything: /tmp
        throw new IOException("others may read it; chmod 700 it or name another");
      }
      Files.setPosixFilePermissions(real, OWNER_ONLY);
    }
    return real;
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.findAny().isEmpty();
    }
  }

  /** {@code redis://:PASSWORD@127.0.0.1:PORT}. Not for logs. */
  public String storeUrl() {
    Access access = running.access();
    return EmbeddedRedis.url(Optional.of(access.password()), access.redisPort());
  }

  /** JDBC's, of the database {@code postgres}, with user and password. Not for logs. */
  public String databaseUrl() {
    Access access = running.access();
    return EmbeddedPostgreSql.jdbcUrl(access.password(), access.databasePort());
  }

  /** Redis's process id as of this open; worth nothing once that process ended. */
  public long storePid() {
    return running.redisPid();
  }

  /** The postmaster's process id as of this open; worth nothing once that process ended. */
  public long databasePid() {
    return running.databasePid();
  }

  /** Whether this open started a server; false if it joined two that ran. */
  public boolean startedServers() {
    return running.wasStarted();
  }

  /**
   * Leaves the servers to the others who have the folder open; without others, stops both and
   * returns when they have ended. The data stays. A second call does nothing.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      try {
        servers.leave();
      } catch (IOException e) {
        throw new UncheckedIOException("data folder " + folder + " cannot be left", e);
      }
    }
  }

  /** Names the folder, never the password. */
  @Override
  public String toString() {
    return "DataFolder[" + folder + "]";
  }
}
