package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.ZookeeperFailure.is;

import io.holdfast.LockOptions;
import io.holdfast.StoreRefusedException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * What makes ZooKeeper's transaction numbers tokens: a token is base + the number of the
 * transaction that created the claim's node (czxid). The base is one node for all locks, and only
 * rises: it is written by compare-and-set with a greater value. It is lifted whenever tokens would
 * fall behind the clock: when connecting, and in front of a question once in a second at most.
 *
 * <p>The clock is the leader's, read from the creation times of our own nodes, so a client whose
 * own clock is wrong does not put all tokens out of joint.
 *
 * <p><b>Why tokens grow, whatever the followers lag.</b> Each server's state is a prefix of one
 * order of all transactions; a session's questions are answered from prefixes that never shrink.
 * Let A be granted a lock and B after it, each by its {@link Look}: its node is first in prefix P1,
 * the base is read in P2, and its node is still there in P3, with P1 ≤ P2 ≤ P3. B's node was
 * created after A's, so czxid(A) &lt; czxid(B). B is first in P1(B), so P1(B) has the transaction
 * that deleted A's node, and P3(A) has it not; hence P2(A) ≤ P3(A) &lt; P1(B) ≤ P2(B). The base in
 * P2(A) is therefore not above the one in P2(B), and the sum is smaller. No {@code sync} is needed
 * for that: a server that lags shows a predecessor that is gone, which costs time, but never hides
 * one that is there, because it has our own node, and with it all that were created earlier. A base
 * that was read when queueing, or kept, belongs to no such chain; nor does one that is read after a
 * node was deleted by hand, hence the third look.
 *
 * <p>Thread-safe.
 */
final class Base {

  /** So that not every question lifts it; tokens are ahead of the clock by this at most. */
  private static final long AHEAD_MICROS = Duration.ofSeconds(1).toNanos() / 1_000;

  private static final String NODE = "/%base";
  private static final String PROBE = "/%probe-";

  private final ZookeeperUrl url;
  private volatile @Nullable Value seen;
  private volatile @Nullable Clock clock;

  private record Value(long base, int version) {}

  /** The leader's clock at a transaction, and our own when we asked for it. */
  private record Clock(long zxid, long micros, long askedAt) {
    long micros(long now) {
      return micros + (now - askedAt) / 1_000;
    }
  }

  /** The base, and what the server says of its node. */
  record Reading(long base, Stat stat) {}

  Base(ZookeeperUrl url) {
    this.url = url;
  }

  /**
   * Creates the root and the base where they are not yet, and lifts the base to the clock. A probe
   * on the way shows the clock and that we may create and delete.
   */
  CompletionStage<Long> prepare(Session session) {
    long askedAt = session.now();
    return session
        .create(url.root() + PROBE, new byte[0], CreateMode.EPHEMERAL_SEQUENTIAL)
        .thenCompose(
            probe -> {
              see(probe.stat(), askedAt);
              return session.delete(probe.path());
            })
        .thenCompose(deleted -> readOrCreate(session))
        .thenCompose(base -> lift(session))
        .thenCompose(lifted -> read(session))
        .handle(
            (base, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedFuture(base);
              }
              return is(Code.NONODE, failure)
                  ? createRoot(session).thenCompose(created -> prepare(session))
                  : CompletableFuture.<Long>failedFuture(failure);
            })
        .thenCompose(base -> base);
  }

  private CompletionStage<Boolean> createRoot(Session session) {
    CompletionStage<Boolean> created = CompletableFuture.completedFuture(true);
    for (int end = url.root().indexOf('/', 1); ; end = url.root().indexOf('/', end + 1)) {
      String path = end < 0 ? url.root() : url.root().substring(0, end);
      created = created.thenCompose(parent -> create(session, path, new byte[0]));
      if (end < 0) {
        return created;
      }
    }
  }

  /** Creates a node that stays, if it is not there; nobody needs the right where it is. */
  private static CompletionStage<Boolean> create(Session session, String path, byte[] data) {
    return session
        .exists(path)
        .thenApply(there -> true)
        .exceptionallyCompose(
            failure ->
                is(Code.NONODE, failure)
                    ? session
                        .create(path, data, CreateMode.PERSISTENT)
                        .thenApply(created -> true)
                        .exceptionallyCompose(refusal -> fineIf(Code.NODEEXISTS, refusal))
                    : CompletableFuture.failedFuture(failure));
  }

  private CompletionStage<Long> readOrCreate(Session session) {
    return readWithStat(session)
        .thenApply(Reading::base)
        .exceptionallyCompose(
            failure ->
                is(Code.NONODE, failure)
                    ? create(session, url.root() + NODE, bytes(wanted(session.now())))
                        .thenCompose(created -> read(session))
                    : CompletableFuture.failedFuture(failure));
  }

  private static CompletionStage<Boolean> fineIf(Code expected, Throwable failure) {
    return is(expected, failure)
        ? CompletableFuture.completedFuture(false)
        : CompletableFuture.failedFuture(failure);
  }

  /** The base at this moment of the session. */
  CompletableFuture<Long> read(Session session) {
    return readWithStat(session)
        .thenApply(Reading::base)
        .exceptionallyCompose(
            failure ->
                CompletableFuture.failedFuture(
                    is(Code.NONODE, failure)
                        ? new StoreRefusedException(
                            "The node %s%s at %s is gone: connecting again creates it"
                                .formatted(url.root(), NODE, url.servers()))
                        : failure));
  }

  CompletableFuture<Reading> readWithStat(Session session) {
    return session
        .read(url.root() + NODE)
        .thenApply(
            data -> {
              try {
                long base = Long.parseLong(data.text());
                seen = new Value(base, data.stat().getVersion());
                return new Reading(base, data.stat());
              } catch (NumberFormatException e) {
                throw new StoreRefusedException(
                    "The node %s%s at %s is no number: something else wrote it"
                        .formatted(url.root(), NODE, url.servers()));
              }
            });
  }

  /**
   * Sends a lift if tokens would be behind the clock, as far as is known here: what is known may be
   * old, and then the compare-and-set fails because someone else has lifted it.
   */
  CompletionStage<Boolean> lift(Session session) {
    Value known = seen;
    long wanted = wanted(session.now());
    if (known == null || known.base() >= wanted - AHEAD_MICROS) {
      return CompletableFuture.completedFuture(false);
    }
    return session
        .write(url.root() + NODE, bytes(wanted), known.version())
        .thenApply(written -> true)
        .exceptionallyCompose(failure -> fineIf(Code.BADVERSION, failure));
  }

  /** The base with which the next tokens are a little ahead of the clock. */
  private long wanted(long now) {
    Clock then = clock;
    return then == null ? Long.MIN_VALUE / 2 : then.micros(now) + AHEAD_MICROS - then.zxid();
  }

  /** Learns the leader's clock from a node that we have created. */
  void see(Stat created, long askedAt) {
    long roundedUp = created.getCtime() * 1_000 + 999;
    clock = new Clock(created.getCzxid(), roundedUp, askedAt);
  }

  /** How far the next token is ahead of the leader's clock, as last seen. */
  Duration ahead(long now, long readBase) {
    Clock then = clock;
    long micros = then == null ? 0 : readBase + then.zxid() - then.micros(now);
    return Duration.of(micros, ChronoUnit.MICROS);
  }

  /** The leader's clock in microseconds since 1970, as last seen. */
  OptionalLong leadersClock(long now) {
    Clock then = clock;
    return then == null ? OptionalLong.empty() : OptionalLong.of(then.micros(now));
  }

  /** The token of a node. */
  static long token(long base, long czxid) {
    long token = base + czxid;
    if (token < 1 || token >= LockOptions.TOKEN_LIMIT) {
      throw new StoreRefusedException("The base node makes tokens that are not below 2^53");
    }
    return token;
  }

  private static byte[] bytes(long base) {
    return Long.toString(base).getBytes(StandardCharsets.US_ASCII);
  }
}
