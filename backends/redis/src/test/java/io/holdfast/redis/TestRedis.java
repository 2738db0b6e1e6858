package io.holdfast.redis;

import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.embedded.EmbeddedRedis;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Claim;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Time;
import io.holdfast.testkit.RealTime;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** A real server, a client that never heard of Holdfast, and backends to try. */
final class TestRedis implements AutoCloseable {

  static final Duration LONG = Duration.ofMinutes(10);

  /** Longer than this machine may stall: nothing is given up because of that. */
  static final Duration PATIENT = Duration.ofSeconds(60);

  static {
    Awaitility.setDefaultTimeout(PATIENT);
  }

  /** Real time, which nothing here has to be in charge of. */
  static final Time REAL = new RealTime();

  private final List<RedisBackend> backends = new ArrayList<>();
  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private @Nullable EmbeddedRedis server;
  private @Nullable RedisClient client;
  private @Nullable RedisCommands<String, String> plain;

  TestRedis start(String... config) {
    EmbeddedRedis.Builder builder = EmbeddedRedis.builder();
    List.of(config).forEach(builder::config);
    return start(builder);
  }

  TestRedis start(EmbeddedRedis.Builder builder) {
    server = builder.start();
    client = RedisClient.create(server.url());
    return this;
  }

  EmbeddedRedis server() {
    return Objects.requireNonNull(server);
  }

  /** The plain client, with all rights. */
  RedisCommands<String, String> plain() {
    if (plain == null) {
      plain = Objects.requireNonNull(client).connect().sync();
    }
    return Objects.requireNonNull(plain);
  }

  /** Another connection of the plain client, for what blocks. */
  StatefulRedisConnection<String, String> connection() {
    return Objects.requireNonNull(client).connect();
  }

  List<String> warnings() {
    return warnings;
  }

  RedisBackend open() {
    return open(server().url(), PATIENT);
  }

  RedisBackend open(Duration requestTimeout) {
    return open(server().url(), requestTimeout);
  }

  RedisBackend open(String url, Duration requestTimeout) {
    return open(url, context(requestTimeout));
  }

  RedisBackend open(String url, StoreContext context) {
    RedisBackend backend = RedisBackend.connect(RedisUrl.parse(url), context);
    backends.add(backend);
    return backend;
  }

  /** As a user connects, but for the patience. */
  Locks connect() {
    return Locks.connect(server().url(), LocksConfig.DEFAULTS.requestTimeout(PATIENT));
  }

  StoreContext context(Duration requestTimeout) {
    return context(REAL, requestTimeout);
  }

  StoreContext context(Time time, Duration requestTimeout) {
    return new StoreContext(time, requestTimeout, LockOptions.DEFAULTS.leaseFor(), warnings::add);
  }

  @Override
  public void close() {
    backends.forEach(RedisBackend::close);
    if (client != null) {
      client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    }
    if (server != null) {
      server.close();
    }
  }

  static LockName newName() {
    return new LockName("test:" + UUID.randomUUID());
  }

  static Claim newClaim() {
    return Claim.on(newName(), "a test");
  }

  static Ask asking(Claim claim) {
    return new Ask(claim, LONG, false, 1, 0);
  }

  static <A> A answer(CompletionStage<A> question) throws Exception {
    return question.toCompletableFuture().get(PATIENT.toSeconds(), TimeUnit.SECONDS);
  }
}
