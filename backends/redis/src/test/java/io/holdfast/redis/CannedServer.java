package io.holdfast.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Speaks just enough of the protocol to be connected to, and says to every script what the test
 * wants: for errors that a real server cannot be brought to here.
 */
class CannedServer implements AutoCloseable {

  private final ServerSocket entrance;
  private final String version;
  private final Function<List<String>, String> reply;
  private final AtomicInteger greeted = new AtomicInteger();

  /** Answers {@code reply}, given the question's words, to all but the greeting and INFO. */
  CannedServer(String version, Function<List<String>, String> reply) throws IOException {
    this.entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    this.version = version;
    this.reply = reply;
    start(this::accept);
  }

  /** Answers the same to everything, the greeting too. */
  static CannedServer sayingToAll(String reply) throws IOException {
    return new CannedServer("", question -> reply) {
      @Override
      String answer(List<String> words) {
        return reply;
      }
    };
  }

  /** How many connections have said who they are. */
  int greeted() {
    return greeted.get();
  }

  String url() {
    return "redis://127.0.0.1:" + entrance.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = entrance.accept();
        start(() -> serve(client));
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  private void serve(Socket client) {
    try (client) {
      BufferedReader in = new BufferedReader(new InputStreamReader(client.getInputStream(), UTF_8));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        List<String> words = new ArrayList<>();
        for (int left = Integer.parseInt(line.substring(1)); left > 0; left--) {
          char[] word = new char[Integer.parseInt(in.readLine().substring(1))];
          for (int at = 0; at < word.length; at += in.read(word, at, word.length - at)) {}
          words.add(new String(word));
          in.readLine();
        }
        client.getOutputStream().write((answer(words) + "\r\n").getBytes(UTF_8));
      }
    } catch (IOException e) {
      // The client is gone.
    }
  }

  String answer(List<String> words) {
    return switch (words.get(0).toUpperCase(Locale.ROOT)) {
      case "HELLO" -> {
        greeted.incrementAndGet();
        yield "*2\r\n+version\r\n+" + version;
      }
      case "INFO" -> "$0\r\n";
      default -> reply.apply(words);
    };
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "canned");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() throws IOException {
    entrance.close();
  }
}
