package io.holdfast.redis;

import io.holdfast.spi.StoreContext;
import io.lettuce.core.RedisClient;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A way to the server that heals: the link in use, or a new one where that has ended or fallen
 * silent. The question that finds the old link useless opens the new one. Thread-safe.
 *
 * <p>Silent is a link over which nothing came for two request timeouts although something was
 * asked, or for a quarter of the lease that is to be renewed. The engine renews after a third of a
 * lease and goes on after each sixth without an answer, so that of the renewals at 2/6, 3/6, 4/6
 * and 5/6 the last two go over another connection than the first.
 */
final class Wire {

  /** What TCP takes at least to send a lost packet again is 200 ms, on a connection in order. */
  private static final Duration ONE_LOST_PACKET = Duration.ofMillis(250);

  private final RedisClient client;
  private final RedisUrl url;
  private final StoreContext context;
  private final Duration longestSilence;
  private final AtomicReference<Link> current;
  private volatile boolean closed;

  Wire(RedisClient client, RedisUrl url, StoreContext context) {
    this.client = client;
    this.url = url;
    this.context = context;
    this.longestSilence = context.requestTimeout().multipliedBy(2);
    this.current = new AtomicReference<>(new Link(context.time()));
    current().open(client, url, context);
  }

  /** The link for a question that is to be sent now. */
  Link link() {
    return link(longestSilence);
  }

  /** The link for a question that is of no use unless it is answered within a lease. */
  Link linkWithin(Duration leaseFor) {
    Duration quarter = leaseFor.dividedBy(4);
    return link(quarter.compareTo(ONE_LOST_PACKET) > 0 ? quarter : ONE_LOST_PACKET);
  }

  private Link link(Duration silence) {
    Link seen = current();
    if (closed || (seen.isAlive() && !isSilent(seen, silence))) {
      return seen;
    }
    Link fresh = new Link(context.time());
    if (!current.compareAndSet(seen, fresh)) {
      return current();
    }
    fresh.open(client, url, context);
    seen.close();
    return fresh;
  }

  /**
   * A link that is still opening has the longest time: a server that is slow to greet would be slow
   * on the next one, too, and would be asked for one after the other.
   */
  private boolean isSilent(Link link, Duration silence) {
    boolean isShorter = silence.compareTo(longestSilence) < 0 && link.isOpen();
    return link.isSilentFor(isShorter ? silence : longestSilence);
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
