package io.holdfast.redis;

import io.holdfast.Finding;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.StoreContext;
import io.lettuce.core.RedisClient;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * What a Redis server says of itself, over a connection of its own. What connecting warns of (the
 * eviction policy) and what a lock needs (rights) is not asked here: connecting and locking tell.
 * Used by one thread, which waits.
 */
final class RedisExamination implements AutoCloseable {

  private static final Duration CLOCKS_APART = Duration.ofSeconds(1);

  private final RedisUrl url;
  private final StoreContext context;
  private final RedisClient client = RedisClient.create();
  private final Link link;

  private RedisExamination(RedisUrl url, StoreContext context) {
    this.url = url;
    this.context = context;
    client.setOptions(RedisBackend.options(context.requestTimeout()));
    this.link = new Link(context.time());
  }

  static List<Finding> findings(RedisUrl url, StoreContext context) {
    try (RedisExamination examination = new RedisExamination(url, context)) {
      return examination.findings();
    }
  }

  private List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    try {
      link.open(client, url, context);
      findings.addAll(answer(link.whenGreeted()).findings(about()));
      if (findings.stream().allMatch(one -> one.level() == Finding.Level.OK)) {
        findings.addAll(endurance());
        findings.add(clock());
      }
    } catch (LockException e) {
      findings.add(
          Finding.refused(
              "connection", String.valueOf(e.getMessage()), "see that it runs and can be reached"));
    }
    return findings;
  }

  private List<Finding> endurance() {
    try {
      return ServerInfo.endurance(answer(link.send(redis -> redis.info())));
    } catch (StoreRefusedException e) {
      return List.of(
          Finding.warning(
              "settings",
              "INFO is not permitted, so restart, failover and eviction stay unknown",
              "grant +info"));
    }
  }

  private Finding clock() {
    Instant before = Instant.now();
    List<String> time = answer(link.send(redis -> redis.time()));
    Instant after = Instant.now();
    Instant server =
        Instant.ofEpochSecond(Long.parseLong(time.get(0)))
            .plus(Long.parseLong(time.get(1)), ChronoUnit.MICROS);
    Duration trip = Duration.between(before, after);
    Duration ahead = Duration.between(before.plus(trip.dividedBy(2)), server);
    String found =
        "%d ms %s this host's"
            .formatted(ahead.abs().toMillis(), ahead.isNegative() ? "behind" : "ahead of");
    return ahead.abs().minus(trip).compareTo(CLOCKS_APART) <= 0
        ? Finding.ok("clock", found)
        : Finding.warning(
            "clock", found, "set both by NTP: tokens are not below the server's clock");
  }

  private <A> A answer(CompletableFuture<A> question) {
    return context.await(question, about(), failure -> RedisFailure.of(failure, about()));
  }

  private String about() {
    return url.about();
  }

  @Override
  public void close() {
    link.leaveToClient();
    client.shutdown(0, context.requestTimeout().toMillis(), TimeUnit.MILLISECONDS);
  }
}
