package io.holdfast.cli.race;

import io.holdfast.LockException;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.embedded.EmbeddedRedis;
import io.holdfast.embedded.EmbeddedServerException;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Where the locks and the records are. The one place that knows of embedded servers.
 *
 * @param redis for the locks made by hand, by a redis:// URL
 * @param store for Holdfast's own; the same Redis, unless the race is about another store
 * @param database PostgreSQL, by a JDBC URL
 */
record Servers(Server redis, Server store, Server database) {

  /**
   * A server.
   *
   * @param url where it is; may hold a password
   * @param embedded whether it lives no longer than the race
   */
  record Server(String url, boolean embedded) {}

  /** Starts what is not given, both at once. */
  static Servers start(Optional<String> store, Optional<String> database, Cleanup cleanup)
      throws RaceException {
    Optional<Server> ownStore = store.map(url -> new Server(url, false));
    CompletableFuture<Server> redis =
        CompletableFuture.supplyAsync(
            () ->
                ownStore.filter(own -> isRedis(own.url())).orElseGet(() -> embeddedRedis(cleanup)));
    CompletableFuture<Server> postgres =
        CompletableFuture.supplyAsync(
            () ->
                database
                    .map(url -> new Server(url, false))
                    .orElseGet(() -> embeddedPostgreSql(cleanup)));
    Server startedRedis = started(redis, "Redis", "--store redis://HOST:PORT");
    return new Servers(
        startedRedis,
        ownStore.orElse(startedRedis),
        started(postgres, "PostgreSQL", "--db jdbc:postgresql://HOST/DATABASE?user=NAME"));
  }

  /** Whether the locks made by hand can be there, too. */
  static boolean isRedis(String url) {
    String lower = url.toLowerCase(Locale.ROOT);
    return lower.startsWith("redis:") || lower.startsWith("rediss:");
  }

  private static Server embeddedRedis(Cleanup cleanup) {
    EmbeddedRedis server = EmbeddedRedis.start();
    cleanup.later(server::close);
    return new Server(server.url(), true);
  }

  private static Server embeddedPostgreSql(Cleanup cleanup) {
    EmbeddedPostgreSql server = EmbeddedPostgreSql.start();
    cleanup.later(server::close);
    return new Server(server.jdbcUrl(), true);
  }

  private static Server started(CompletableFuture<Server> server, String what, String option)
      throws RaceException {
    try {
      return server.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof EmbeddedServerException cannot) {
        throw RaceException.unavailable(
            "no embedded %s here: %s; %s uses your own"
                .formatted(what, cannot.getMessage(), option));
      }
      throw e;
    }
  }

  RaceException redisFails(IOException e) {
    return RaceException.unavailable("Redis (--store): " + withoutUrls(e));
  }

  RaceException storeFails(LockException e) {
    return RaceException.unavailable("the store (--store): " + withoutUrls(e));
  }

  RaceException databaseFails(SQLException e) {
    return RaceException.unavailable("PostgreSQL (--db): " + withoutUrls(e));
  }

  /** Drivers like to repeat a URL that they do not understand. */
  private String withoutUrls(Exception e) {
    return String.valueOf(e.getMessage())
        .replace(database.url(), "the URL")
        .replace(store.url(), "the URL")
        .replace(redis.url(), "the URL");
  }
}
