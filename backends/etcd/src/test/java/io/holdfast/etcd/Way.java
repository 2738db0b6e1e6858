package io.holdfast.etcd;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.netcrusher.NetCrusherException;
import org.netcrusher.core.reactor.NioReactor;
import org.netcrusher.tcp.TcpCrusher;
import org.netcrusher.tcp.TcpCrusherBuilder;

/** A way to a port of this host that can hold answers, lose questions, and be cut. */
final class Way implements AutoCloseable {

  private static final int TRIES = 20;

  private final NioReactor reactor = new NioReactor();
  private final TcpCrusher crusher;
  private final List<String> lost = new CopyOnWriteArrayList<>();
  private volatile boolean answersHeld;
  private volatile boolean questionsLost;

  Way(int to) throws IOException {
    crusher = open(to);
  }

  private TcpCrusher open(int to) {
    for (int i = 1; ; i++) {
      try {
        return TcpCrusherBuilder.builder()
            .withReactor(reactor)
            .withBindAddress("127.0.0.1", ThreadLocalRandom.current().nextInt(10_000, 15_000))
            .withConnectAddress("127.0.0.1", to)
            .withOutgoingTransformFilterFactory(client -> this::question)
            .withIncomingThrottlerFactory(
                client -> bytes -> answersHeld ? TimeUnit.HOURS.toNanos(1) : 0)
            .buildAndOpen();
      } catch (NetCrusherException portIsTaken) {
        if (i == TRIES) {
          throw portIsTaken;
        }
      }
    }
  }

  private void question(ByteBuffer bytes) {
    if (questionsLost) {
      lost.add(ISO_8859_1.decode(bytes.duplicate()).toString());
      bytes.limit(bytes.position());
    }
  }

  String url() {
    return "etcd://127.0.0.1:" + crusher.getBindAddress().getPort();
  }

  /** Answers that come from now on stay where they are, and are lost if the way is cut. */
  void holdAnswers() {
    answersHeld = true;
  }

  /** Questions that come from now on are not heard of. */
  void loseQuestions() {
    questionsLost = true;
  }

  /** What was lost so far. */
  String lost() {
    return String.join("", lost);
  }

  /** Ends all connections; new ones may be made at once, and nothing of theirs is held or lost. */
  void cut() {
    boolean unused =
        reactor
            .getSelector()
            .execute( // in the thread that moves bytes: none gets through in between
                () -> {
                  crusher.closeAllPairs();
                  answersHeld = false;
                  questionsLost = false;
                  return true;
                });
  }

  @Override
  public void close() {
    crusher.close();
    reactor.close();
  }
}
