package io.holdfast.simulation;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.holdfast.embedded.EmbeddedRedis;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.protocol.ProtocolVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * A real server with the backend's scripts, on one connection, over which commands are sent many at
 * a time: they wait for {@link #flush}. The server answers them one after the other, so what is
 * between two {@link #time}s happened between them.
 */
final class RealRedis implements AutoCloseable {

  private final EmbeddedRedis server;
  private final RedisClient client;
  private final StatefulRedisConnection<String, String> connection;
  private final Map<String, String> digests = new HashMap<>();

  RealRedis() {
    server = EmbeddedRedis.start();
    client = RedisClient.create(server.url());
    client.setOptions(
        ClientOptions.builder()
            .protocolVersion(ProtocolVersion.RESP2)
            .maintNotificationsConfig(MaintNotificationsConfig.disabled())
            .timeoutOptions(TimeoutOptions.builder().timeoutCommands(false).build())
            .build());
    connection = client.connect();
    for (String name : List.of("acquire", "renew", "release", "inspect")) {
      digests.put(name, connection.sync().scriptLoad(text(name)));
    }
    connection.setAutoFlushCommands(false);
  }

  private static String text(String name) {
    String file = "/io/holdfast/redis/" + name + ".lua";
    try (InputStream script = RealRedis.class.getResourceAsStream(file)) {
      return new String(Objects.requireNonNull(script, file).readAllBytes(), US_ASCII);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  RedisAsyncCommands<String, String> commands() {
    return connection.async();
  }

  CompletionStage<List<Object>> run(String script, List<String> keys, String... arguments) {
    return commands()
        .evalsha(
            Objects.requireNonNull(digests.get(script)),
            ScriptOutputType.MULTI,
            keys.toArray(String[]::new),
            arguments);
  }

  /** The server's clock, in microseconds since 1970. */
  CompletionStage<Long> time() {
    return commands()
        .time()
        .thenApply(
            parts -> Long.parseLong(parts.get(0)) * 1_000_000 + Long.parseLong(parts.get(1)));
  }

  void flush() {
    connection.flushCommands();
  }

  static <A> A answer(CompletionStage<A> stage) throws Exception {
    return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    connection.close();
    client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    server.close();
  }
}
