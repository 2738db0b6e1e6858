package io.holdfast.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A way to a port of this host that can be cut, led elsewhere, or silenced in one direction or
 * both: what is sent meanwhile is delivered when it speaks again, unless it is cut before.
 */
final class Tunnel implements AutoCloseable {

  private final ServerSocket entrance;
  private volatile int exit;
  private final List<Passage> passages = new CopyOnWriteArrayList<>();

  private Tunnel(ServerSocket entrance, int exit) {
    this.entrance = entrance;
    this.exit = exit;
    start(this::accept);
  }

  static Tunnel to(int port) throws IOException {
    return new Tunnel(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), port);
  }

  /** A way that begins at a socket of the caller's, for one with TLS. */
  static Tunnel from(ServerSocket entrance, int port) {
    return new Tunnel(entrance, port);
  }

  int port() {
    return entrance.getLocalPort();
  }

  /** From now on it leads there, as an address does after a failover; what is open stays. */
  void leadTo(int port) {
    exit = port;
  }

  String url() {
    return "redis://127.0.0.1:" + port();
  }

  /** The connections that are open. */
  List<Passage> passages() {
    return passages.stream().filter(Passage::isOpen).toList();
  }

  /** The connection over which a question is sent, once it has been sent. */
  Passage passageOf(Runnable question) {
    List<Passage> open = passages();
    List<Long> before = open.stream().map(passage -> passage.carried.get()).toList();
    question.run();
    for (long end = System.nanoTime() + TestRedis.PATIENT.toNanos();
        System.nanoTime() - end < 0; ) {
      for (int i = 0; i < open.size(); i++) {
        if (open.get(i).carried.get() > before.get(i)) {
          return open.get(i);
        }
      }
      Thread.onSpinWait();
    }
    throw new AssertionError("No question came through");
  }

  private void accept() {
    try {
      while (true) {
        lead(entrance.accept());
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void lead(Socket client) throws IOException {
    try {
      Passage passage = new Passage(client, new Socket(InetAddress.getLoopbackAddress(), exit));
      passages.add(passage); // before anything comes through it
      passage.open();
    } catch (IOException nobodyThere) {
      client.close();
    }
  }

  @Override
  public void close() throws IOException {
    entrance.close();
    for (Passage passage : passages) {
      passage.cut();
    }
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "tunnel");
    thread.setDaemon(true);
    thread.start();
  }

  /** One connection. */
  static final class Passage {
    private final Socket client;
    private final Socket server;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final AtomicLong carried = new AtomicLong();
    private boolean questionsHeld;
    private boolean answersHeld;

    private Passage(Socket client, Socket server) {
      this.client = client;
      this.server = server;
    }

    private void open() {
      start(() -> pump(client, server, true));
      start(() -> pump(server, client, false));
    }

    /** How many bytes of questions came in, held or not. */
    long carried() {
      return carried.get();
    }

    void holdQuestions() {
      set(true, answersHeld);
    }

    void holdAnswers() {
      set(questionsHeld, true);
    }

    void speakAnswers() {
      set(questionsHeld, false);
    }

    void speakAgain() {
      set(false, false);
    }

    private void set(boolean questions, boolean answers) {
      lock.lock();
      try {
        questionsHeld = questions;
        answersHeld = answers;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    void cut() {
      try {
        client.close();
        server.close();
      } catch (IOException e) {
        throw new IllegalStateException(e);
      } finally {
        speakAgain();
      }
    }

    boolean isOpen() {
      return !client.isClosed();
    }

    private void pump(Socket from, Socket to, boolean questions) {
      try {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        byte[] bytes = new byte[8192];
        for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
          if (questions) {
            carried.addAndGet(n);
          }
          awaitSpeech(questions);
          out.write(bytes, 0, n);
          out.flush();
        }
      } catch (IOException e) {
        // Cut.
      }
      cut();
    }

    private void awaitSpeech(boolean questions) {
      lock.lock();
      try {
        while (questions ? questionsHeld : answersHeld) {
          changed.awaitUninterruptibly();
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
