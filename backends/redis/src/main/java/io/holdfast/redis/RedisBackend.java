package io.holdfast.redis;

import io.holdfast.BackendException;
import io.holdfast.Guarantees;
import io.holdfast.Inspection;
import io.holdfast.LockException;
import io.holdfast.LockName;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Inspectable;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Watch;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.protocol.ProtocolVersion;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * Locks as plain string keys of one Redis server: {@code <prefix><name>} is {@code
 * token|claim|label} with an expiry, so that any client that follows {@code SET key value NX PX}
 * and compare-and-delete excludes us and is excluded. Beside it is the counter of tokens, which
 * expires as well.
 *
 * <p>Asks have one connection; renewals and releases have another, so that they never queue behind
 * asks. Only the withdrawal of a claim whose ask has no answer yet goes the way of its ask, behind
 * it: if it went another way, it could arrive first.
 */
final class RedisBackend implements LockBackend, Inspectable {

  private static final Guarantees GUARANTEES =
      new Guarantees(
          "Redis, one server",
          false,
          Guarantees.TokenSource.STORE_CLOCK,
          true,
          false,
          true,
          Duration.ofMillis(1),
          true,
          Optional.empty(),
          true);

  /** Threads without work end within milliseconds; one that is held up is not waited for. */
  private static final Duration END_OF_THREADS = Duration.ofMillis(500);

  private final RedisUrl url;
  private final StoreContext context;
  private final RedisClient client;
  private final Wire asks;
  private final Wire renewalsAndReleases;
  private final Hints hints;
  private final Map<String, Asking> unanswered = new ConcurrentHashMap<>();

  /** The asks of one claim that have no answer yet, the latest of them over {@code link}. */
  private static final class Asking {
    private volatile Link link;
    private volatile boolean isWithdrawn;
    private int asks; // only within the map's compute

    private Asking(Link link) {
      this.link = link;
    }
  }

  private RedisBackend(RedisUrl url, StoreContext context) {
    this.url = url;
    this.context = context;
    this.client = RedisClient.create();
    client.setOptions(options(context.requestTimeout()));
    this.asks = new Wire(client, url, context);
    this.renewalsAndReleases = new Wire(client, url, context);
    this.hints = new Hints(client, url, context);
  }

  /**
   * No command is ever sent twice: a connection that would reconnect would also re-send what has no
   * answer, and so take a lock for a caller who has long given up. What heals is {@link Wire}. No
   * command times out here either: the engine waits, and an answer that comes late is still its.
   */
  static ClientOptions options(Duration requestTimeout) {
    return ClientOptions.builder()
        .autoReconnect(false)
        .protocolVersion(ProtocolVersion.RESP2) // so that Lettuce greets nobody: Greeting does
        .pingBeforeActivateConnection(false)
        .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
        .timeoutOptions(TimeoutOptions.builder().timeoutCommands(false).build())
        .maintNotificationsConfig(MaintNotificationsConfig.disabled())
        // Lettuce's keep-alive: after 13 s where the platform lets one say so. Options of our
        // own would be demanded of every platform, and one that has none could not connect.
        .socketOptions(SocketOptions.builder().connectTimeout(requestTimeout).build())
        .build();
  }

  static RedisBackend connect(RedisUrl url, StoreContext context) {
    RedisBackend backend = new RedisBackend(url, context);
    try {
      context.await(
          backend.checked(), url.about(), failure -> RedisFailure.of(failure, url.about()));
      return backend;
    } catch (RuntimeException | Error e) {
      backend.close();
      throw e;
    }
  }

  /** Both connections are open, and the server is one that we can use. */
  private CompletableFuture<Void> checked() {
    Link link = asks.link();
    return link.whenGreeted()
        .thenAcceptBoth(
            renewalsAndReleases.link().whenGreeted(),
            (server, other) -> {
              server.check(about());
              other.check(about());
            })
        .thenCompose(
            checked -> link.send(redis -> redis.info("memory")).exceptionally(this::noInfo))
        .thenAccept(info -> ServerInfo.checkEviction(info, about(), context.warnings()));
  }

  /** Managed servers do not let everybody ask, and locks do not need to. */
  private String noInfo(Throwable failure) {
    LockException meaning = RedisFailure.of(failure, about());
    if (meaning instanceof StoreRefusedException) {
      return "";
    }
    throw meaning;
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    Claim claim = ask.claim();
    Link link = asks.link();
    Asking asking =
        unanswered.compute(
            claim.id(),
            (id, known) -> {
              Asking all = known == null ? new Asking(link) : known;
              all.link = link;
              all.asks++;
              return all;
            });
    return answer(
            claim.name(),
            link.run(
                Script.ACQUIRE,
                () -> !asking.isWithdrawn,
                lockAndCounter(claim.name()),
                claim.id(),
                claim.label(),
                Long.toString(ask.leaseFor().toMillis()),
                Integer.toString(ask.span()),
                Long.toString(ask.tokenAbove())),
            reply -> attempt(claim.name(), reply))
        .whenComplete(
            (attempt, failure) ->
                unanswered.computeIfPresent(claim.id(), (id, all) -> --all.asks == 0 ? null : all));
  }

  private Attempt attempt(LockName name, List<Object> reply) {
    return switch (word(reply)) {
      case "granted" ->
          new Attempt.Granted(
              Long.parseLong((String) reply.get(1)), (int) number(reply, 2), millis(reply, 3));
      case "refused" -> new Attempt.Refused(millis(reply, 1), OptionalInt.empty());
      case "forever" -> {
        context
            .warnings()
            .accept(
                "The key of lock "
                    + name
                    + " has no expiry, so the lock stays taken: delete the key");
        yield new Attempt.Refused(Duration.ZERO, OptionalInt.empty());
      }
      case "counter" ->
          throw new StoreRefusedException(
              "The key "
                  + lockAndCounter(name)[1]
                  + " is no token below 2^53: delete it, and tokens go on from the server's clock");
      case "ahead" ->
          throw new StoreRefusedException(
              "tokenAbove is more than 400 days ahead of the clock of " + about());
      default -> throw new BackendException("Another script answered at " + about());
    };
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    Duration whole = Duration.ofMillis(leaseFor.toMillis());
    return answer(
        claim.name(),
        renewalsAndReleases
            .linkWithin(leaseFor)
            .run(
                Script.RENEW,
                () -> true,
                new String[] {lockAndCounter(claim.name())[0]},
                claim.id(),
                Long.toString(whole.toMillis())),
        reply -> word(reply).equals("renewed") ? new Renewal.Renewed(whole) : new Renewal.Gone());
  }

  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    return answer(
        claim.name(),
        wayOfRelease(claim)
            .run(
                Script.RELEASE,
                () -> true,
                lockAndCounter(claim.name()),
                claim.id(),
                Long.toString(lastTokenUsed),
                Long.toString(keepFor.plusNanos(999_999).toMillis()),
                url.channel(),
                claim.name().value()),
        reply -> {
          if (word(reply).equals("unannounced")) {
            context
                .warnings()
                .accept(
                    "Waiters are not woken by releases: " + about() + " does not permit PUBLISH");
          }
          return word(reply).equals("gone") ? Release.GONE : Release.RELEASED;
        });
  }

  /** Behind the ask that may still be under way, the first time; a repetition goes the other. */
  private Link wayOfRelease(Claim claim) {
    Asking asking = unanswered.get(claim.id());
    if (asking != null && !asking.isWithdrawn) {
      asking.isWithdrawn = true;
      return asking.link;
    }
    return renewalsAndReleases.link();
  }

  @Override
  public Watch watch(Claim claim, Runnable mayBeFree) {
    return hints.watch(claim.name(), mayBeFree);
  }

  @Override
  public CompletionStage<Inspection> inspect(LockName name) {
    return answer(
        name,
        asks.link().run(Script.INSPECT, () -> true, new String[] {lockAndCounter(name)[0]}),
        reply -> new Inspection(name, holder(reply), OptionalInt.empty()));
  }

  private static Optional<Inspection.Holder> holder(List<Object> reply) {
    return switch (word(reply)) {
      case "held" ->
          Optional.of(
              new Inspection.Holder(
                  (String) reply.get(2),
                  OptionalLong.of(Long.parseLong((String) reply.get(1))),
                  remaining(reply, 3)));
      case "foreign" ->
          Optional.of(
              new Inspection.Holder(
                  "another client (the value is not Holdfast's)",
                  OptionalLong.empty(),
                  remaining(reply, 1)));
      default -> Optional.empty();
    };
  }

  private static Optional<Duration> remaining(List<Object> reply, int index) {
    return number(reply, index) < 0 ? Optional.empty() : Optional.of(millis(reply, index));
  }

  @Override
  public Guarantees guarantees() {
    return GUARANTEES;
  }

  @Override
  public void close() {
    asks.close();
    renewalsAndReleases.close();
    hints.close();
    CompletableFuture<Void> ended =
        client.shutdownAsync(0, END_OF_THREADS.toMillis(), TimeUnit.MILLISECONDS);
    try {
      ended.get(END_OF_THREADS.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      // The threads end all the same, a little later.
    }
  }

  @Override
  public String toString() {
    return "RedisBackend[" + url + "]";
  }

  private <A> CompletableFuture<A> answer(
      LockName name, CompletableFuture<List<Object>> reply, Function<List<Object>, A> answer) {
    return reply.handle(
        (words, failure) -> {
          if (failure != null) {
            throw RedisFailure.of(failure, about() + ", key " + lockAndCounter(name)[0] + ",");
          }
          return answer.apply(words);
        });
  }

  /** Two keys of one slot: the braces make the lock's whole key the counter's hash tag. */
  private String[] lockAndCounter(LockName name) {
    String key = url.prefix() + name.value();
    return new String[] {key, "{" + key + "}:token"};
  }

  private String about() {
    return url.about();
  }

  private static String word(List<Object> reply) {
    return (String) reply.get(0);
  }

  private static long number(List<Object> reply, int index) {
    return (Long) reply.get(index);
  }

  private static Duration millis(List<Object> reply, int index) {
    return Duration.ofMillis(number(reply, index));
  }
}
