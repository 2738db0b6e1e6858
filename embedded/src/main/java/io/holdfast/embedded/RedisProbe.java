package io.holdfast.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Optional;

/** Asks over a plain socket whether a Redis answers; no client library. */
final class RedisProbe {

  private static final int ANSWER_MILLIS = 1_000;

  private RedisProbe() {}

  /**
   * Whether the server with this pid answers at the port. A server that wants another password than
   * ours counts as answering; a server with another pid, which took the port before ours, does not.
   */
  static boolean answers(int port, Optional<String> password, long pid) {
    StringBuilder question = new StringBuilder();
    password.ifPresent(secret -> question.append(command("AUTH", secret)));
    question.append(command("PING")).append(command("INFO", "server")).append(command("QUIT"));
    String answer = ask(port, question.toString());
    boolean isAwake =
        answer.contains("+PONG") || answer.contains("-NOAUTH") || answer.contains("-NOPERM");
    return isAwake
        && (!answer.contains("process_id:") || answer.contains("process_id:" + pid + "\r\n"));
  }

  private static String ask(int port, String question) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(FreePort.loopback(), port), ANSWER_MILLIS);
      socket.setSoTimeout(ANSWER_MILLIS);
      socket.getOutputStream().write(question.getBytes(UTF_8));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException noAnswer) {
      return "";
    }
  }

  private static String command(String... words) {
    StringBuilder command = new StringBuilder("*").append(words.length).append("\r\n");
    for (String word : words) {
      command
          .append('$')
          .append(word.getBytes(UTF_8).length)
          .append("\r\n")
          .append(word)
          .append("\r\n");
    }
    return command.toString();
  }
}
