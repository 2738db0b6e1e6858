package io.holdfast.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** What a server is told, by clients and by scripts, in its order. */
final class Monitor implements AutoCloseable {

  private final TestRedis redis;
  private final Socket socket;
  private final BufferedReader lines;

  private Monitor(TestRedis redis) throws IOException {
    this.redis = redis;
    this.socket = new Socket(InetAddress.getLoopbackAddress(), redis.server().port());
    this.lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
    socket.setSoTimeout((int) TestRedis.PATIENT.toMillis());
    socket.getOutputStream().write("MONITOR\r\n".getBytes(UTF_8));
    lines.readLine();
  }

  static Monitor of(TestRedis redis) throws IOException {
    return new Monitor(redis);
  }

  /** All since the last call, scripts' own calls too, which say {@code lua]}. */
  List<String> heard() throws IOException {
    String end = UUID.randomUUID().toString();
    redis.plain().echo(end);
    List<String> heard = new ArrayList<>();
    String line = lines.readLine();
    while (!line.contains(end)) {
      heard.add(line);
      line = lines.readLine();
    }
    return heard;
  }

  /** Those that clients sent and that contain a text. */
  List<String> sent(String text) throws IOException {
    return heard().stream().filter(line -> !line.contains("lua]") && line.contains(text)).toList();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
