package io.holdfast.mutated;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.netcrusher.NetCrusherException;
import org.netcrusher.core.reactor.NioReactor;
import org.netcrusher.tcp.TcpCrusher;
import org.netcrusher.tcp.TcpCrusherBuilder;

/** A way to a ZooKeeper server: it can act before a question is heard, lose answers, and be cut. */
final class ZookeeperWire implements AutoCloseable {

  private static final int TRIES = 20;

  private final NioReactor reactor;
  private final TcpCrusher crusher;
  private final Map<Integer, Runnable> before = new ConcurrentHashMap<>();
  private volatile boolean losesAnswers;

  ZookeeperWire(int server) throws IOException {
    reactor = new NioReactor();
    crusher = build(server);
  }

  /** At a port below those of outgoing connections. */
  private TcpCrusher build(int server) {
    for (int i = 1; ; i++) {
      try {
        return TcpCrusherBuilder.builder()
            .withReactor(reactor)
            .withBindAddress("127.0.0.1", ThreadLocalRandom.current().nextInt(10_000, 15_000))
            .withConnectAddress("127.0.0.1", server)
            .withOutgoingTransformFilterFactory(client -> new Questions()::read)
            .withIncomingTransformFilterFactory(client -> this::answer)
            .buildAndOpen();
      } catch (NetCrusherException portIsTaken) {
        if (i == TRIES) {
          throw portIsTaken;
        }
      }
    }
  }

  String address() {
    return "127.0.0.1:" + crusher.getBindAddress().getPort();
  }

  /** Runs a task once, before the server hears a question of this kind. */
  void before(int operation, Runnable task) {
    before.put(operation, task);
  }

  void loseAnswers() {
    losesAnswers = true;
  }

  /** Cuts the connection, and loses nothing any more. */
  void cut() {
    boolean unused =
        reactor
            .getSelector()
            .execute( // in the thread that moves bytes: none gets through in between
                () -> {
                  crusher.closeAllPairs();
                  losesAnswers = false;
                  return true;
                });
  }

  private void answer(ByteBuffer bytes) {
    if (losesAnswers) {
      bytes.limit(bytes.position());
    }
  }

  @Override
  public void close() {
    crusher.close();
    reactor.close();
  }

  /** The questions of one connection: each has its length in front; the first is the handshake. */
  private final class Questions {
    private ByteBuffer rest = ByteBuffer.allocate(0);
    private boolean greeted;

    private void read(ByteBuffer bytes) {
      ByteBuffer all = ByteBuffer.allocate(rest.remaining() + bytes.remaining());
      all.put(rest).put(bytes.duplicate()).flip();
      while (all.remaining() >= 4 && all.remaining() - 4 >= all.getInt(all.position())) {
        int length = all.getInt();
        if (greeted) {
          int operation = all.getInt(all.position() + 4);
          Objects.requireNonNullElse(before.remove(operation), (Runnable) () -> {}).run();
        }
        greeted = true;
        all.position(all.position() + length);
      }
      rest = all.slice();
    }
  }
}
