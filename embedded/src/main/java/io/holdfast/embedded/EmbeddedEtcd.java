package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A real etcd on 127.0.0.1, the one on {@code PATH}: alone, or one member of a cluster on this
 * host. It lives as long as this object, and not longer than this JVM; a restart finds its data
 * again, closing removes them.
 *
 * <pre>{@code
 * try (EmbeddedEtcd etcd = EmbeddedEtcd.start()) {
 *   Locks locks = Locks.connect(etcd.url());
 *   ...
 * }
 * }</pre>
 *
 * <p>Every process of this host may use it. Never for production.
 *
 * <p>Thread-safe: kill, restart and close exclude each other. No wait here ends by an interrupt
 * except that for the server's start, which then fails with the flag still set.
 */
public final class EmbeddedEtcd implements AutoCloseable {

  private static final String HOST = "127.0.0.1";
  private static final int ANSWER_MILLIS = 30_000;
  private static final int STARTS = 5;
  private static final String AUTO_TLS = "--auto-tls";

  private final ServerProcess server;
  private final List<String> command;
  private final boolean tls;
  private final int port;
  private final int metricsPort;
  private final Lifecycle lifecycle = new Lifecycle();

  private EmbeddedEtcd(
      ServerProcess server, List<String> command, boolean tls, int port, int metricsPort) {
    this.server = server;
    this.command = command;
    this.tls = tls;
    this.port = port;
    this.metricsPort = metricsPort;
  }

  /** Whether there is an etcd on {@code PATH}; if not, nothing here can be started. */
  public static boolean isInstalled() {
    return OnPath.find("etcd").isPresent();
  }

  /**
   * Starts one that is alone, within 90 s.
   *
   * @param flags of etcd, after those that say where it listens; later ones overrule earlier ones
   * @throws EmbeddedServerException if it cannot be run here; nothing is left behind
   */
  public static EmbeddedEtcd start(String... flags) {
    return members(1, List.of(flags)).get(0);
  }

  /**
   * Starts the members of one cluster, within 90 s each.
   *
   * @param size how many, 1 or more
   * @throws EmbeddedServerException if they cannot be run here; nothing is left behind
   */
  public static List<EmbeddedEtcd> cluster(int size) {
    return members(size, List.of());
  }

  private static List<EmbeddedEtcd> members(int size, List<String> flags) {
    String binary =
        OnPath.find("etcd")
            .orElseThrow(() -> new EmbeddedServerException("no etcd on PATH"))
            .toString();
    for (int i = 1; ; i++) {
      List<EmbeddedEtcd> members = new ArrayList<>();
      try {
        describe(binary, size, flags, members);
        members.forEach(EmbeddedEtcd::launch);
        members.forEach(EmbeddedEtcd::awaitHealth);
        return List.copyOf(members);
      } catch (RuntimeException e) {
        boolean portWasTaken =
            members.stream().anyMatch(member -> member.server.foundItsPortTaken());
        members.forEach(EmbeddedEtcd::close);
        if (!portWasTaken || i == STARTS) {
          throw e;
        }
      }
    }
  }

  private static void describe(
      String binary, int size, List<String> flags, List<EmbeddedEtcd> members) {
    List<Integer> peers = IntStream.range(0, size).mapToObj(i -> FreePort.pick()).toList();
    String all =
        IntStream.range(0, size)
            .mapToObj(i -> "m" + i + "=" + http(peers.get(i)))
            .collect(Collectors.joining(","));
    boolean tls = flags.contains(AUTO_TLS);
    for (int peer : peers) {
      ServerProcess server = ServerProcess.inNewFolder("holdfast-etcd-", "KILL");
      int port = FreePort.pick();
      int metricsPort = FreePort.pick();
      List<String> command = new ArrayList<>();
      command.add(binary);
      command.add("--name=m" + members.size());
      command.add("--data-dir=data");
      String clients = tls ? "https://" + HOST + ":" + port : http(port);
      command.add("--listen-client-urls=" + clients);
      command.add("--advertise-client-urls=" + clients);
      command.add("--listen-metrics-urls=" + http(metricsPort));
      command.add("--listen-peer-urls=" + http(peer));
      command.add("--initial-advertise-peer-urls=" + http(peer));
      command.add("--initial-cluster=" + all);
      command.addAll(flags);
      members.add(new EmbeddedEtcd(server, List.copyOf(command), tls, port, metricsPort));
    }
  }

  private static String http(int port) {
    return "http://" + HOST + ":" + port;
  }

  /** The port of 127.0.0.1 for clients; the same after a restart. */
  public int port() {
    return port;
  }

  /** {@code etcd://127.0.0.1:PORT}; {@code etcds:} if it was started with {@code --auto-tls}. */
  public String url() {
    return (tls ? "etcds://" : "etcd://") + HOST + ":" + port;
  }

  /** Where the server keeps its data. */
  public Path data() {
    return server.folder().resolve("data");
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
   * Stops the server in the middle of whatever it does (SIGSTOP): connections stay open, silent.
   */
  public void pause() {
    lifecycle.step(server::pause);
  }

  /** Lets a paused server go on (SIGCONT); nothing if it was not paused. */
  public void resume() {
    lifecycle.step(() -> server.signal("CONT"));
  }

  /** Ends the server at once (SIGKILL), paused or not; returns when it is gone. Its data stay. */
  public void kill() {
    lifecycle.step(server::kill);
  }

  /**
   * Kills the server if it still runs and starts it again with its data, on the same port.
   *
   * @throws EmbeddedServerException if it does not come back
   */
  public void restart() {
    lifecycle.step(
        () -> {
          server.kill();
          launch();
          awaitHealth();
        });
  }

  /**
   * What the server counts, one number a line, as Prometheus reads it; empty if it does not run, or
   * does not answer within 30 s.
   */
  public String metrics() {
    return ask("/metrics");
  }

  /** Ends the server and removes its folder. A second call does nothing. */
  @Override
  public void close() {
    lifecycle.close(server::close);
  }

  @Override
  public String toString() {
    return "EmbeddedEtcd[" + HOST + ":" + port + "]";
  }

  private void launch() {
    server.start(command);
  }

  private void awaitHealth() {
    server.awaitReady("etcd", () -> ask("/health").contains("\"health\":\"true\""));
  }

  private String ask(String path) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(FreePort.loopback(), metricsPort), ANSWER_MILLIS);
      socket.setSoTimeout(ANSWER_MILLIS);
      socket
          .getOutputStream()
          .write(("GET " + path + " HTTP/1.0\r\nHost: " + HOST + "\r\n\r\n").getBytes(UTF_8));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException noAnswer) {
      return "";
    }
  }
}
