package io.holdfast.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Somebody at the server's console. */
final class RawRedis implements AutoCloseable {
  private final Socket socket;
  private final BufferedReader answers;

  RawRedis(int port) throws IOException {
    this.socket = new Socket(InetAddress.getLoopbackAddress(), port);
    this.answers =
        new BufferedReader(
            new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
  }

  /** The first line of the answer, or the text after it where that only says how long it is. */
  String tell(String command) {
    try {
      socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
      String line = answers.readLine();
      if (line == null || line.startsWith("-")) {
        throw new IllegalStateException(command + ": " + line);
      } else if (!line.startsWith("$") || line.equals("$-1")) {
        return line;
      }
      char[] text = new char[Integer.parseInt(line.substring(1)) + 2];
      for (int read = 0; read < text.length; ) {
        read += answers.read(text, read, text.length - read);
      }
      return new String(text).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
