package io.holdfast.embedded;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A real PostgreSQL 18 on 127.0.0.1 that lives as long as this object, and not longer than this
 * JVM. What it acknowledges is on disk: {@code fsync}, {@code synchronous_commit} and {@code
 * full_page_writes} are on.
 *
 * <pre>{@code
 * try (EmbeddedPostgreSql database = EmbeddedPostgreSql.start();
 *     Connection connection = DriverManager.getConnection(database.jdbcUrl())) {
 *   ...
 * }
 * }</pre>
 *
 * <p>The user is {@code postgres} with a random password, the encoding UTF-8, the collation C.
 * PostgreSQL refuses to run as root; for root it is started in a user namespace of its own, which
 * the host must allow. The programs are unpacked once per user to {@code $XDG_CACHE_HOME/holdfast}
 * (by default {@code ~/.cache/holdfast}), which stays. A JDBC driver is the caller's to bring.
 * Never for production.
 *
 * <p>Thread-safe: kill, restart and close exclude each other. No wait here ends by an interrupt
 * except that for the server's start, which then fails with the flag still set.
 */
public final class EmbeddedPostgreSql implements AutoCloseable {

  private static final String HOST = "127.0.0.1";
  private static final String MAJOR_VERSION = "18";
  private static final String SCRAM_ITERATIONS = "scram_iterations";

  private final ServerProcess server;
  private final Path binaries;
  private final List<String> asUser;
  private final Map<String, String> settings;
  private final String password;
  private final int port;
  private final Lifecycle lifecycle = new Lifecycle();

  private EmbeddedPostgreSql(
      ServerProcess server,
      Path binaries,
      List<String> asUser,
      Map<String, String> settings,
      String password,
      int port) {
    this.server = server;
    this.binaries = binaries;
    this.asUser = asUser;
    this.settings = settings;
    this.password = password;
    this.port = port;
  }

  /**
   * Starts a server with the defaults, within 90 s.
   *
   * @throws EmbeddedServerException if no server can be run here; nothing is left behind
   */
  public static EmbeddedPostgreSql start() {
    return builder().start();
  }

  /** For a server that is to have further settings. */
  public static Builder builder() {
    return new Builder();
  }

  /** The port of 127.0.0.1 at which the server listens; the same after a restart. */
  public int port() {
    return port;
  }

  /**
   * The database {@code postgres}, with user and password; the same after a restart. Not for logs.
   */
  public String jdbcUrl() {
    return jdbcUrl(password, port);
  }

  static String jdbcUrl(String password, int port) {
    return "jdbc:postgresql://"
        + HOST
        + ":"
        + port
        + "/postgres?user=postgres&password="
        + password;
  }

  /** The process id of the last started postmaster; worth nothing once it was killed. */
  public long pid() {
    return server.pid();
  }

  /** False after {@link #kill()} or if the server ended by itself. */
  public boolean isRunning() {
    return server.isRunning();
  }

  /**
   * Ends the server with all its backends at once (SIGKILL); returns when they are gone. The data
   * stays.
   */
  public void kill() {
    lifecycle.step(server::kill);
  }

  /**
   * Kills the server if it still runs and starts it again on the same data and port: what was
   * committed is there.
   *
   * @throws EmbeddedServerException if it does not come back, for instance because another process
   *     took the port
   */
  public void restart() {
    lifecycle.step(
        () -> {
          server.kill();
          run();
        });
  }

  /** Ends the server and removes its folder, data included. A second call does nothing. */
  @Override
  public void close() {
    lifecycle.close(
        () -> {
          server.stop();
          removeSharedMemory();
          server.close();
        });
  }

  /** Names the port, never the password. */
  @Override
  public String toString() {
    return "EmbeddedPostgreSql[" + HOST + ":" + port + "]";
  }

  /**
   * A killed postmaster leaves the few bytes of shared memory by which PostgreSQL keeps two servers
   * off one folder; its pid file names them in the second word of the seventh line. An orderly end
   * removes both.
   */
  private void removeSharedMemory() {
    try {
      List<String> lines = Files.readAllLines(pidFile(data()));
      if (lines.size() >= 7) {
        String id = lines.get(6).strip().replaceFirst(".* ", "");
        new ProcessBuilder("ipcrm", "-m", id).start().onExit().join();
      }
    } catch (IOException nothingLeft) {
      // Or nothing to remove it with: 56 bytes then stay until the host restarts.
    }
  }

  Path folder() {
    return server.folder();
  }

  private Path data() {
    return data(server.folder());
  }

  private static Path data(Path folder) {
    return folder.resolve("data");
  }

  private static Path pidFile(Path data) {
    return data.resolve("postmaster.pid");
  }

  /** Whether a server was ever started in the folder. */
  static boolean hasData(Path folder) {
    return Files.exists(data(folder));
  }

  /** The postmaster that runs on the folder's data, whoever started it. */
  static OptionalLong runningIn(Path folder) {
    return PidFile.processIn(data(folder), pidFile(data(folder)));
  }

  private void run() {
    List<String> command = new ArrayList<>(asUser);
    command.add(binaries.resolve("bin/postgres").toString());
    command.addAll(List.of("-D", data().toString(), "-p", Integer.toString(port)));
    settings.forEach((name, value) -> command.addAll(List.of("-c", name + "=" + value)));
    server.start(command);
    server.awaitReady("postgres", () -> isReady(server.folder(), server.pid()));
  }

  /**
   * The postmaster's own word, which {@code pg_ctl -w} waits for too: its pid file, first and
   * eighth line.
   */
  static boolean isReady(Path folder, long pid) {
    try {
      List<String> lines = Files.readAllLines(pidFile(data(folder)));
      return lines.size() >= 8
          && lines.get(0).strip().equals(Long.toString(pid))
          && lines.get(7).strip().equals("ready");
    } catch (IOException notYetWritten) {
      return false;
    }
  }

  /** What a server is to be like; for use by one thread. Each start makes another server. */
  public static final class Builder {

    private final Map<String, String> settings = new LinkedHashMap<>();

    private Builder() {
      settings.put("listen_addresses", HOST);
      settings.put("unix_socket_directories", ""); // no file outside the server's folder
      settings.put(
          "dynamic_shared_memory_type", "mmap"); // posix leaves files in /dev/shm after SIGKILL
      settings.put("fsync", "on");
      settings.put("synchronous_commit", "on");
      settings.put("full_page_writes", "on");
      settings.put(
          "log_min_messages", "log"); // not every statement that fails, as conflicts are made to
    }

    /**
     * Sets a parameter of postgresql.conf, for instance {@code max_connections}; overrules a
     * default of ours. {@code scram_iterations} is how often the server's own password is hashed,
     * too: with 1 a login takes less, and 128 random bits need no more, but drivers of before 2024
     * refuse less than 4,096, the default.
     *
     * @param name letters, digits, {@code _} and {@code .}
     */
    public Builder setting(String name, String value) {
      if (!name.matches("[A-Za-z_][A-Za-z0-9_.]*")) {
        throw new IllegalArgumentException("not a parameter's name: " + name);
      }
      settings.put(name, value);
      return this;
    }

    /**
     * Starts the server, within 90 s.
     *
     * @throws EmbeddedServerException if it cannot be run here; nothing is left behind
     */
    public EmbeddedPostgreSql start() {
      ServerProcess server =
          ServerProcess.inNewFolder("holdfast-postgresql-", "QUIT"); // QUIT: without a checkpoint
      try {
        String password = Password.random();
        return FreePort.startAt(
            FreePort.pick(), true, server, port -> startAt(port, server, password, "--no-sync"));
      } catch (RuntimeException e) {
        server.close();
        throw e;
      }
    }

    /**
     * Starts a server on the folder's data, which is made first where there is none. Nobody else
     * does so at the same time.
     *
     * @param sync an option of initdb: whether new data is to outlive a crash of the host
     */
    EmbeddedPostgreSql startAt(int port, ServerProcess server, String password, String sync) {
      List<String> asUser = asOrdinaryUser(server);
      Path binaries = PostgreSqlBinaries.find(server.folder());
      if (hasData(server.folder())) {
        makeStartable(data(server.folder()));
      } else {
        initialize(server, binaries, asUser, password, sync);
      }
      EmbeddedPostgreSql database =
          new EmbeddedPostgreSql(server, binaries, asUser, Map.copyOf(settings), password, port);
      database.run();
      return database;
    }

    /**
     * Data that another release wrote is refused, and what a crash left is ended: backends that
     * survived their killed postmaster, and a pid file whose number is another process's by now,
     * which PostgreSQL would take for a running server.
     */
    private static void makeStartable(Path data) {
      try {
        String version = Files.readString(data.resolve("PG_VERSION")).strip();
        if (!version.equals(MAJOR_VERSION)) {
          throw new EmbeddedServerException(
              data
                  + " was written by PostgreSQL "
                  + version
                  + ", and the bundled one is "
                  + MAJOR_VERSION
                  + ": use the release of Holdfast that wrote it, or another folder");
        }
        List<ProcessHandle> orphans =
            ProcessHandle.allProcesses().filter(it -> PidFile.worksIn(data, it.pid())).toList();
        for (ProcessHandle orphan : orphans) {
          if (orphan.info().command().orElse("").endsWith("/postgres")) {
            orphan.destroyForcibly();
            Polling.until(() -> !PidFile.worksIn(data, orphan.pid()), ServerProcess.STOP_LIMIT);
          }
        }
        OptionalLong pid = PidFile.numberIn(pidFile(data));
        if (pid.isPresent() && ProcessHandle.of(pid.getAsLong()).isPresent()) {
          Files.delete(pidFile(data));
        }
      } catch (IOException e) {
        throw new EmbeddedServerException(data + " is no data of PostgreSQL's: " + e, e);
      }
    }

    /** PostgreSQL refuses to run as root; in a user namespace root looks like anyone to it. */
    private static List<String> asOrdinaryUser(ServerProcess server) {
      if (!server.isOfRoot()) {
        return List.of();
      }
      Path unshare =
          OnPath.find("unshare")
              .orElseThrow(
                  () ->
                      new EmbeddedServerException("PostgreSQL as root needs the program unshare"));
      List<String> inUserNamespace = List.of(unshare.toString(), "-U", "--");
      List<String> test = new ArrayList<>(inUserNamespace);
      test.add("true");
      server.start(test);
      try {
        server.awaitSuccess("unshare -U");
      } catch (EmbeddedServerException e) {
        throw new EmbeddedServerException(
            "PostgreSQL refuses to run as root, and this host allows no user namespace for it;"
                + " start it as an ordinary user: "
                + e.getMessage(),
            e);
      }
      return inUserNamespace;
    }

    private void initialize(
        ServerProcess server, Path binaries, List<String> asUser, String password, String sync) {
      Path passwordFile = server.folder().resolve("password");
      try {
        Folders.removeAll(server.folder(), "unfinished-*");
        Path unfinished = Files.createTempDirectory(server.folder(), "unfinished-");
        Files.writeString(passwordFile, password);
        List<String> command = new ArrayList<>(asUser);
        command.add(binaries.resolve("bin/initdb").toString());
        command.addAll(List.of("-D", unfinished.toString()));
        command.addAll(
            List.of("-U", "postgres", "-A", "scram-sha-256", "--pwfile", passwordFile.toString()));
        command.addAll(List.of("-E", "UTF8", "--locale", "C", "--no-instructions"));
        command.add(sync);
        String iterations = settings.get(SCRAM_ITERATIONS);
        if (iterations != null) {
          command.addAll(List.of("-c", SCRAM_ITERATIONS + "=" + iterations));
        }
        server.start(command);
        server.awaitSuccess("initdb");
        Files.delete(passwordFile);
        Files.move(unfinished, data(server.folder()), ATOMIC_MOVE); // complete or not there
        Folders.force(server.folder());
      } catch (IOException e) {
        throw new EmbeddedServerException("PostgreSQL's data cannot be made: " + e, e);
      }
    }
  }
}
