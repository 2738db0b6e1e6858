package io.holdfast.etcd;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.TimeUnit;
import org.netcrusher.core.reactor.NioReactor;
import org.netcrusher.tcp.TcpCrusher;
import org.netcrusher.tcp.TcpCrusherBuilder;

/** A way to a port of this host whose answers can be held back, and that can be cut. */
final class Way implements AutoCloseable {

  private final NioReactor reactor = new NioReactor();
  private final TcpCrusher crusher;
  private final int port;
  private volatile boolean answersHeld;

  Way(int to) throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    crusher =
        TcpCrusherBuilder.builder()
            .withReactor(reactor)
            .withBindAddress("127.0.0.1", port)
            .withConnectAddress("127.0.0.1", to)
            .withIncomingThrottlerFactory(
                client -> bytes -> answersHeld ? TimeUnit.HOURS.toNanos(1) : 0)
            .buildAndOpen();
  }

  String url() {
    return "etcd://127.0.0.1:" + port;
  }

  /** Answers that come from now on stay where they are, and are lost if the way is cut. */
  void holdAnswers() {
    answersHeld = true;
  }

  /** Ends all connections; new ones may be made at once. */
  void cut() {
    answersHeld = false; // first, or what connects at once would be held, too
    crusher.closeAllPairs();
  }

  /** Nothing passes in either direction. */
  void freeze() {
    crusher.freezeAllPairs();
  }

  @Override
  public void close() {
    crusher.close();
    reactor.close();
  }
}
