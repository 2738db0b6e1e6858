package io.holdfast.redis;

import io.holdfast.LockName;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Watch;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The hints of releases: one connection with one subscription per process, opened by the first
 * watch and kept, whatever the number of locks and waiters; each message is the name of a lock and
 * goes to its watchers here. After a loss it is opened again for as long as someone watches; what
 * was missed meanwhile may be anything, so all are told. Thread-safe.
 */
final class Hints {

  private static final Duration PAUSE_AFTER_LOSS = Duration.ofSeconds(1);

  private final RedisClient client;
  private final RedisUrl url;
  private final StoreContext context;
  private final Map<String, List<Watcher>> watchers = new ConcurrentHashMap<>();
  private final AtomicBoolean inUse = new AtomicBoolean();
  private volatile boolean listening;
  private volatile boolean closed;

  /** One watch; no record, as two watches may have one and the same task. */
  private static final class Watcher {
    private final Runnable mayBeFree;

    private Watcher(Runnable mayBeFree) {
      this.mayBeFree = mayBeFree;
    }
  }

  Hints(RedisClient client, RedisUrl url, StoreContext context) {
    this.client = client;
    this.url = url;
    this.context = context;
  }

  Watch watch(LockName name, Runnable mayBeFree) {
    Watcher watcher = new Watcher(mayBeFree);
    watchers.merge(
        name.value(),
        List.of(watcher),
        (all, one) -> Stream.concat(all.stream(), one.stream()).toList());
    if (listening) {
      mayBeFree.run(); // released, perhaps, before we listened for it
    } else {
      open();
    }
    return () -> watchers.computeIfPresent(name.value(), (n, all) -> without(watcher, all));
  }

  private static @Nullable List<Watcher> without(Watcher watcher, List<Watcher> all) {
    List<Watcher> rest = all.stream().filter(other -> other != watcher).toList();
    return rest.isEmpty() ? null : rest;
  }

  /** Opens no more connections; the last one ends with the client. */
  void close() {
    closed = true;
  }

  private void open() {
    if (closed || !inUse.compareAndSet(false, true)) {
      return;
    }
    try {
      var unused =
          client
              .connectPubSubAsync(StringCodec.UTF8, url.forLettuce(context.requestTimeout()))
              .whenComplete(this::opened);
    } catch (RuntimeException e) {
      inUse.set(false); // closed meanwhile
    }
  }

  private void opened(
      @Nullable StatefulRedisPubSubConnection<String, String> connection,
      @Nullable Throwable failure) {
    if (connection == null) {
      lost();
      return;
    }
    AtomicBoolean lost = new AtomicBoolean();
    connection.addListener(
        new RedisConnectionStateListener() {
          @Override
          public void onRedisDisconnected(RedisChannelHandler<?, ?> ended) {
            if (lost.compareAndSet(false, true)) {
              lost();
            }
          }
        });
    connection.addListener(
        new RedisPubSubAdapter<>() {
          @Override
          public void subscribed(String subscribed, long count) {
            listening = true;
            watchers.values().forEach(Hints::tell);
          }

          @Override
          public void message(String from, String name) {
            tell(watchers.getOrDefault(name, List.of()));
          }
        });
    new Greeting(url)
        .over(connection.async())
        .thenCompose(
            server -> {
              server.checkReopened(url.about());
              return connection.async().subscribe(url.channel());
            })
        .whenComplete(
            (done, refusal) -> {
              if (refusal != null
                  && RedisFailure.of(refusal, url.about())
                      instanceof StoreRefusedException refused) {
                // The connection stays, so that not every watch asks for the same again.
                context
                    .warnings()
                    .accept("Waiters are not woken by releases: " + refused.getMessage());
              } else if (refusal != null && !closed) {
                var unused = connection.closeAsync();
              }
            });
    if (!connection.isOpen() && lost.compareAndSet(false, true)) {
      lost(); // before the listener was there
    }
  }

  private void lost() {
    listening = false;
    inUse.set(false);
    if (!closed && !watchers.isEmpty()) {
      context.time().schedule(PAUSE_AFTER_LOSS, this::open);
    }
  }

  private static void tell(List<Watcher> all) {
    all.forEach(watcher -> watcher.mayBeFree.run());
  }
}
