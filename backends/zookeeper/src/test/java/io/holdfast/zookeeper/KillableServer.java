package io.holdfast.zookeeper;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.awaitility.Awaitility.await;

import io.holdfast.embedded.ChildJvm;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.server.ZooKeeperServerMain;
import org.jspecify.annotations.Nullable;

/**
 * A server in a process of its own, set up as one in production: it is ended as a crash ends it,
 * and started again on the same data and at the same port.
 *
 * <p>Clients come to it over a {@link Wire} that is shut until it serves. One that comes while it
 * loads its data may be left without an answer and with an open connection for as long as it bears
 * that, its whole session where there is one server: {@code NIOServerCnxn.close} stumbles over a
 * {@code zkDb} that is null (ZooKeeper 3.9.5, a server alone).
 */
final class KillableServer implements AutoCloseable {

  private static final int TRIES = 20;

  private final int port;
  private final Wire wire;
  private final Path config;
  private @Nullable ChildJvm process;

  /** In a folder that is kept from one start to the next; not started. */
  KillableServer(Path folder, Duration longestSession) throws IOException {
    port = freePort();
    wire = new Wire(port);
    wire.shut();
    config =
        Files.writeString(
            folder.resolve("zoo.cfg"),
            """
            dataDir=%s
            clientPortAddress=127.0.0.1
            clientPort=%d
            tickTime=2000
            maxSessionTimeout=%d
            admin.enableServer=false
            """
                .formatted(folder.resolve("data"), port, longestSession.toMillis()));
  }

  /** Returns when it serves, and clients get through to it. */
  void start() {
    ChildJvm started =
        ChildJvm.start(
            ZooKeeperServerMain.class,
            List.of(
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-Dznode.container.checkIntervalMs=500"), // a minute by default
            List.of(config.toString()),
            Map.of(),
            line -> {});
    process = started;
    await("a server at " + port)
        .atMost(TestZookeeper.PATIENT)
        .until(() -> !started.isAlive() || serves());
    if (!started.isAlive()) {
      throw new IllegalStateException("ZooKeeper has ended: " + started.lastWords());
    }
    wire.open();
  }

  /** SIGKILL. */
  void kill() {
    if (process != null) {
      process.close();
      process = null;
      wire.shut();
    }
  }

  String url() {
    return "zookeeper://" + wire.servers() + "/holdfast/test"; // with ticks as by default
  }

  /** The names in a folder, as a client sees them that comes for this. */
  List<String> children(String folder) throws Exception {
    try (ZooKeeper client = new ZooKeeper(wire.servers(), 20_000, event -> {})) {
      return client.getChildren(folder, false).stream().sorted().toList();
    }
  }

  @Override
  public void close() {
    kill();
    wire.close();
  }

  /**
   * Below those of outgoing connections, one of which might take it while the server is dead, and
   * above a {@link Wire}'s.
   */
  private static int freePort() {
    for (int i = 0; i < TRIES; i++) {
      int port = ThreadLocalRandom.current().nextInt(15_000, 32_000);
      try (ServerSocket free = new ServerSocket()) {
        free.bind(new InetSocketAddress(loopback(), port));
        return port;
      } catch (IOException taken) {
        // Another one, then.
      }
    }
    throw new IllegalStateException("No free port on 127.0.0.1: " + TRIES + " were tried");
  }

  /** Asked anew if it says nothing: see above. */
  private boolean serves() {
    try (Socket socket = new Socket(loopback(), port)) {
      socket.setSoTimeout(1_000);
      socket.getOutputStream().write("srvr".getBytes(US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), US_ASCII)
          .startsWith("Zookeeper version");
    } catch (IOException notYet) {
      return false;
    }
  }

  private static InetAddress loopback() throws IOException {
    return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
  }
}
