package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A real redis-server on 127.0.0.1 that lives as long as this object, and not longer than this JVM.
 * It keeps nothing on disk and evicts nothing ({@code maxmemory-policy noeviction}).
 *
 * <pre>{@code
 * try (EmbeddedRedis redis = EmbeddedRedis.start()) {
 *   Locks locks = Locks.connect(redis.url());
 *   ...
 * }
 * }</pre>
 *
 * <p>Without a {@linkplain Builder#password password} every process of this host may use the
 * server; where others have accounts on the host, set one. Never for production.
 *
 * <p>Thread-safe: kill, restart and close exclude each other. No wait here ends by an interrupt
 * except that for the server's start, which then fails with the flag still set.
 */
public final class EmbeddedRedis implements AutoCloseable {

  private static final String HOST = "127.0.0.1";

  private final ServerProcess server;
  private final Path binary;
  private final List<String> config;
  private final Optional<String> password;
  private final int port;
  private final Lifecycle lifecycle = new Lifecycle();

  private EmbeddedRedis(Builder builder, ServerProcess server, Path binary, int port) {
    this.server = server;
    this.binary = binary;
    this.config = List.copyOf(builder.config);
    this.password = builder.password;
    this.port = port;
  }

  /**
   * Starts a server with the defaults, within 90 s.
   *
   * @throws EmbeddedServerException if no server can be run here; nothing is left behind
   */
  public static EmbeddedRedis start() {
    return builder().start();
  }

  /** For a server that is to have a password, further configuration, or another binary. */
  public static Builder builder() {
    return new Builder();
  }

  /** The port of 127.0.0.1 at which the server listens; the same after a restart. */
  public int port() {
    return port;
  }

  /**
   * {@code redis://127.0.0.1:PORT}; with a password, {@code redis://:PASSWORD@127.0.0.1:PORT},
   * percent-encoded.
   */
  public String url() {
    return url(password, port);
  }

  static String url(Optional<String> password, int port) {
    String credentials =
        password
            .map(secret -> ":" + URLEncoder.encode(secret, UTF_8).replace("+", "%20") + "@")
            .orElse("");
    return "redis://" + credentials + HOST + ":" + port;
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

  /** Ends the server at once and for good (SIGKILL), paused or not; returns when it is gone. */
  public void kill() {
    lifecycle.step(server::kill);
  }

  /**
   * Kills the server if it still runs and starts it again, empty, on the same port with the same
   * configuration.
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

  /** Ends the server and removes its folder. A second call does nothing. */
  @Override
  public void close() {
    lifecycle.close(server::close);
  }

  /** Names the port, never the password. */
  @Override
  public String toString() {
    return "EmbeddedRedis[" + HOST + ":" + port + "]";
  }

  Path folder() {
    return server.folder();
  }

  private void run() {
    Path file = server.folder().resolve("redis.conf");
    try {
      Files.writeString(file, String.join("\n", configuration()) + "\n");
    } catch (IOException e) {
      throw new EmbeddedServerException("redis-server cannot be configured: " + e.getMessage(), e);
    }
    server.start(List.of(binary.toString(), file.toString()));
    server.awaitReady("redis-server", () -> RedisProbe.answers(port, password, server.pid()));
  }

  private List<String> configuration() {
    List<String> lines = new ArrayList<>();
    lines.add("bind " + HOST);
    lines.add("port " + port);
    lines.add("save \"\"");
    lines.add("appendonly no");
    lines.add("maxmemory-policy noeviction");
    password.ifPresent(
        secret ->
            lines.add(
                "requirepass \"" + secret.replace("\\", "\\\\").replace("\"", "\\\"") + "\""));
    lines.addAll(config); // last, so that they may overrule the above
    return lines;
  }

  /** What a server is to be like; for use by one thread. Each start makes another server. */
  public static final class Builder {

    private final List<String> config = new ArrayList<>();
    private Optional<String> password = Optional.empty();
    private Optional<Path> binary = Optional.empty();

    private Builder() {}

    /**
     * Clients must give this password for the user {@code default}; it becomes part of {@link
     * EmbeddedRedis#url()}.
     *
     * @param password one character or more, none of them a control character
     */
    public Builder password(String password) {
      if (password.isEmpty()) {
        throw new IllegalArgumentException("the password is empty");
      }
      this.password = Optional.of(withoutControlCharacters("the password", password));
      return this;
    }

    /**
     * Adds a line of redis.conf, for instance {@code maxmemory-policy allkeys-lru} or {@code user
     * app on >secret ~* +@all}. Later lines overrule earlier ones and the defaults.
     *
     * @param line without control characters
     */
    public Builder config(String line) {
      config.add(withoutControlCharacters("a line of configuration", line));
      return this;
    }

    /** Runs this redis-server instead of the one on {@code PATH} or the bundled one. */
    public Builder binary(Path binary) {
      this.binary = Optional.of(binary);
      return this;
    }

    /**
     * Starts the server, within 90 s.
     *
     * @throws EmbeddedServerException if it cannot be run here; nothing is left behind
     */
    public EmbeddedRedis start() {
      ServerProcess server = ServerProcess.inNewFolder("holdfast-redis-", "KILL");
      try {
        return FreePort.startAt(FreePort.pick(), true, server, port -> startAt(port, server));
      } catch (RuntimeException e) {
        server.close();
        throw e;
      }
    }

    EmbeddedRedis startAt(int port, ServerProcess server) {
      Path program = binary.orElseGet(() -> RedisBinary.find(server.folder()));
      EmbeddedRedis redis = new EmbeddedRedis(this, server, program, port);
      redis.run();
      return redis;
    }

    private static String withoutControlCharacters(String what, String value) {
      if (value.chars().anyMatch(Character::isISOControl)) {
        throw new IllegalArgumentException(what + " has a control character");
      }
      return value;
    }
  }
}
