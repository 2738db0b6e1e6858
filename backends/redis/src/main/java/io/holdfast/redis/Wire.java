package io.holdfast.redis;

import io.holdfast.spi.Time;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A way to the server that heals: the link in use, or a new one where that has ended or fallen
 * silent. The question that finds the old link useless opens the new one. Thread-safe.
 */
final class Wire {

  private final RedisClient client;
  private final RedisURI uri;
  private final Greeting greeting;
  private final Time time;
  private final Duration silentAfter;
  private final AtomicReference<Link> current;
  private volatile boolean closed;

  Wire(RedisClient client, RedisURI uri, Greeting greeting, Time time, Duration silentAfter) {
    this.client = client;
    this.uri = uri;
    this.greeting = greeting;
    this.time = time;
    this.silentAfter = silentAfter;
    this.current = new AtomicReference<>(new Link(time, silentAfter));
    current().open(client, uri, greeting);
  }

  /** The link for a question that is to be sent now. */
  Link link() {
    Link seen = current();
    if (closed || (seen.isAlive() && !seen.isSilent())) {
      return seen;
    }
    Link fresh = new Link(time, silentAfter);
    if (!current.compareAndSet(seen, fresh)) {
      return current();
    }
    fresh.open(client, uri, greeting);
    seen.close();
    return fresh;
  }

  /** Opens no more links; the last one ends with the client. */
  void close() {
    closed = true;
    current().leaveToClient();
  }

  private Link current() {
    return Objects.requireNonNull(current.get());
  }
}
