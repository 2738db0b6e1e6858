package io.holdfast.zookeeper;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.netcrusher.NetCrusherException;
import org.netcrusher.core.reactor.NioReactor;
import org.netcrusher.tcp.TcpCrusher;
import org.netcrusher.tcp.TcpCrusherBuilder;

/**
 * A way to a server that reads along: the questions that go through it, and it can lose questions,
 * or answers, and be cut.
 */
final class Wire implements AutoCloseable {

  private static final int UNKNOWN = 9_999;
  private static final int TRIES = 20;

  /** Where the handshake says how long a session is wished for: behind a version and a number. */
  private static final int WISH = Integer.BYTES + Long.BYTES;

  private final NioReactor reactor;
  private final TcpCrusher crusher;
  private final List<Integer> questions = new CopyOnWriteArrayList<>();
  private volatile List<Integer> lastRead = List.of();
  private volatile boolean losesQuestions;
  private volatile boolean losesAnswers;
  private volatile boolean hasLostAnAnswer;
  private volatile boolean isOld;
  private volatile int wished;
  private final Map<Integer, Runnable> before = new ConcurrentHashMap<>();

  Wire(int port) throws IOException {
    reactor = new NioReactor();
    crusher = build(port);
  }

  /**
   * At a port below those of outgoing connections, which might take it while the wire is shut: also
   * a client's that tries again and again to come back, and would meet itself.
   */
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

  private void answer(ByteBuffer bytes) {
    if (losesAnswers) {
      hasLostAnAnswer = true;
      bytes.limit(bytes.position());
    }
  }

  String url() {
    return TestZookeeper.urlOf(servers());
  }

  String servers() {
    return "127.0.0.1:" + crusher.getBindAddress().getPort();
  }

  void loseQuestions() {
    losesQuestions = true;
  }

  void loseAnswers() {
    losesAnswers = true;
  }

  boolean hasLostAnAnswer() {
    return hasLostAnAnswer;
  }

  /** What was lost stays lost, and no more is. */
  void loseNoMore() {
    losesQuestions = false;
    losesAnswers = false;
  }

  /** Runs a task when a question is under way, once, before the server hears it. */
  void before(int operation, Runnable task) {
    before.put(operation, task);
  }

  /** From now on the server does not know what a read of several parts is, as before 3.6. */
  void makeServerOld() {
    isOld = true;
  }

  /**
   * Whoever connects from now on asks for sessions of another length, and the server grants that:
   * as one does that has other limits. Zero: of the length that is asked for.
   */
  void askForSessionsOf(Duration other) {
    wished = Math.toIntExact(other.toMillis());
  }

  /** Cuts the connection, and loses nothing of those that come. */
  void cut() {
    boolean unused =
        reactor
            .getSelector()
            .execute( // in the thread that moves bytes: none gets through in between
                () -> {
                  crusher.closeAllPairs();
                  loseNoMore();
                  return true;
                });
  }

  /** The connection stays, and nothing comes through any more; one that is made anew is fine. */
  void freeze() {
    crusher.freezeAllPairs();
  }

  /** What was held back comes through. */
  void unfreeze() {
    crusher.unfreezeAllPairs();
  }

  /** Cuts the connection and lets none come. */
  void shut() {
    crusher.close();
  }

  void open() {
    crusher.open();
  }

  /** The operations asked for since the last call, without pings. */
  List<Integer> questions() {
    List<Integer> all = List.copyOf(questions);
    questions.clear();
    return all;
  }

  /** Without taking them away. */
  List<Integer> questionsSoFar() {
    return List.copyOf(questions);
  }

  /** What the parts of the last read of several parts have asked for. */
  List<Integer> lastRead() {
    return lastRead;
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
      int shift = bytes.position() - rest.remaining();
      while (all.remaining() >= 4 && all.remaining() - 4 >= all.getInt(all.position())) {
        int length = all.getInt();
        int kind = all.position() + Integer.BYTES;
        if (isOld && greeted && all.getInt(kind) == OpCode.multiRead) {
          bytes.putInt(kind + shift, UNKNOWN);
        }
        if (!greeted && wished > 0) {
          bytes.putInt(all.position() + WISH + shift, wished);
        }
        ByteBuffer question = all.slice().limit(length);
        all.position(all.position() + length);
        if (greeted) {
          note(question);
        }
        greeted = true;
      }
      rest = all.slice();
      if (losesQuestions) {
        bytes.limit(bytes.position());
      }
    }

    private void note(ByteBuffer question) {
      question.getInt();
      int operation = question.getInt();
      if (operation != OpCode.ping && operation != OpCode.auth) {
        if (operation == OpCode.multiRead) {
          lastRead = parts(question);
        }
        questions.add(operation);
        Objects.requireNonNullElse(before.remove(operation), (Runnable) () -> {}).run();
      }
    }

    /** Each has its kind, whether it is the end, an error, a path, and whether to watch it. */
    private List<Integer> parts(ByteBuffer read) {
      List<Integer> parts = new ArrayList<>();
      for (int kind = read.getInt(); read.get() == 0; kind = read.getInt()) {
        parts.add(kind);
        read.getInt();
        int path = read.getInt();
        read.position(read.position() + path + 1);
      }
      return List.copyOf(parts);
    }
  }
}
