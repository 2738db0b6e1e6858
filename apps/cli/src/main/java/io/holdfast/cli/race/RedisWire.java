package io.holdfast.cli.race;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URLDecoder;
import java.time.Duration;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * One connection to one Redis server, for the locks that people write by hand.
 *
 * <p>A page of RESP2 instead of a client library: the race needs five commands and their answers as
 * text, and the command line shall neither depend on the client that one backend happens to use nor
 * bring a second one. It never reconnects and never sends a command twice.
 *
 * <p>For one thread.
 */
final class RedisWire implements AutoCloseable {

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;

  private RedisWire(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream());
    this.out = socket.getOutputStream();
  }

  /**
   * Connects to {@code redis://[user:password@]host[:port][/database]} or {@code rediss://...}.
   *
   * @throws IOException if the server is not there, refuses, or is silent for as long as given; no
   *     secret in the message
   */
  static RedisWire connect(URI url, Duration answersWithin) throws IOException {
    int millis = Math.toIntExact(answersWithin.toMillis());
    int port = url.getPort() < 0 ? 6379 : url.getPort();
    Socket socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.connect(new InetSocketAddress(url.getHost(), port), millis);
      socket.setSoTimeout(millis);
      if ("rediss".equals(url.getScheme())) {
        SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
        SSLSocket tls = (SSLSocket) factory.createSocket(socket, url.getHost(), port, true);
        tls.startHandshake();
        socket = tls;
      }
      RedisWire wire = new RedisWire(socket);
      wire.introduce(url);
      return wire;
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private void introduce(URI url) throws IOException {
    if (url.getRawUserInfo() != null) {
      String[] parts = url.getRawUserInfo().split(":", 2);
      String user = URLDecoder.decode(parts[0].replace("+", "%2B"), UTF_8);
      String password =
          parts.length == 1 ? "" : URLDecoder.decode(parts[1].replace("+", "%2B"), UTF_8);
      if (user.isEmpty()) {
        ask("AUTH", password);
      } else {
        ask("AUTH", user, password);
      }
    }
    String path = url.getPath();
    if (path != null && path.length() > 1) {
      ask("SELECT", path.substring(1));
    }
    ask("PING");
  }

  /** Sends a command and waits for its answer: text, a number as text, or null. */
  @Nullable String ask(String... words) throws IOException {
    ByteArrayOutputStream command = new ByteArrayOutputStream();
    command.write(("*" + words.length + "\r\n").getBytes(UTF_8));
    for (String word : words) {
      byte[] bytes = word.getBytes(UTF_8);
      command.write(("$" + bytes.length + "\r\n").getBytes(UTF_8));
      command.write(bytes);
      command.write(new byte[] {'\r', '\n'});
    }
    out.write(command.toByteArray());
    out.flush();
    return answer();
  }

  private @Nullable String answer() throws IOException {
    String line = line();
    String rest = line.substring(1);
    return switch (line.charAt(0)) {
      case '+', ':' -> rest;
      case '$' -> text(Integer.parseInt(rest));
      case '-' -> throw new IOException("Redis refuses: " + rest);
      default -> throw new IOException("Not an answer of a Redis server");
    };
  }

  private @Nullable String text(int length) throws IOException {
    if (length < 0) {
      return null;
    }
    byte[] bytes = in.readNBytes(length + 2);
    if (bytes.length < length + 2) {
      throw new EOFException("Redis closed the connection");
    }
    return new String(bytes, 0, length, UTF_8);
  }

  private String line() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new EOFException("Redis closed the connection");
      }
      if (b != '\r') {
        bytes.write(b);
      }
    }
    if (bytes.size() == 0) {
      throw new IOException("Not an answer of a Redis server");
    }
    return bytes.toString(UTF_8);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
