package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.ZookeeperFailure.is;

import io.holdfast.LockOptions;
import io.holdfast.StoreRefusedException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * What makes ZooKeeper's transaction numbers tokens: a token is base + the number of the
 * transaction that created the claim's node (czxid). The base is one node for all locks, and only
 * rises: it is written by compare-and-set with a greater value. It is lifted when tokens would fall
 * behind the clock, and by a grant of several tokens, for as many as it has more than one.
 *
 * <p>The clock is the leader's, read from the creation times of our own nodes, so a client whose
 * own clock is wrong does not put all tokens out of joint.
 *
 * <p><b>Why tokens grow, whatever the followers lag.</b> Each server's state is a prefix of one
 * order of all transactions; a session's questions are answered in their order, from prefixes that
 * never shrink, and those it has put after a write from one that has the write. The parts of one
 * question are answered one after the other by one server (a read of several parts waits behind the
 * session's writes as any read does: {@code CommitProcessor}, and its parts are done in a loop:
 * {@code FinalRequestProcessor}, case {@code multiRead}, ZooKeeper 3.6 to 3.9), perhaps with
 * transactions in between.
 *
 * <p>Let A be granted a lock and B after it, each by its {@link Look}: its node is first in prefix
 * P1, the base is read in P2, and its node is still there in P3, with P1 ≤ P2 ≤ P3: it is read
 * there, or the folder is, and was changed last by the creation of that node. B's node was created
 * after A's, so czxid(A) &lt; czxid(B). B is first in P1(B), so P1(B) has the transaction that
 * deleted A's node, and P3(A) has it not; hence P2(A) ≤ P3(A) &lt; P1(B) ≤ P2(B). The base in P2(A)
 * is therefore not above the one in P2(B), and the sum is smaller. No {@code sync} is needed for
 * that: a server that lags shows a predecessor that is gone, which costs time, but never hides one
 * that is there, because it has our own node, and with it all that were created earlier. A base
 * that was read when queueing, or kept, belongs to no such chain; nor does one that is read after a
 * node was deleted by hand, hence the third part.
 *
 * <p><b>Tokens above the base.</b> If A wishes for several tokens, or the clock has passed its one,
 * it lifts the base after it was found first: from b, which its look has read, to c &gt; b, by
 * compare-and-set with the version that the look has read, and looks again behind that. Its last
 * token is c + czxid(A), its first not below b + czxid(A). They are A's if the lift was made and
 * A's node is still there in the second look's P3. Downwards nothing changes: whoever was granted
 * before has read a base not above b, or has lifted it itself to what b is not below. Upwards: P3
 * has the lift, and not the end of A's node. So the lift is before that end, P1(B) has both, and B
 * reads a base not below c, or lifts one further. Without the second look A's node might have ended
 * before the lift, and B have read b. If the lift was not made, somebody else's was, of any lock's:
 * then A has the one token of the second look, which is a look as the first.
 *
 * <p>Thread-safe.
 */
final class Base {

  /** So that not every question lifts it; the clock puts tokens ahead of it by this at most. */
  private static final long AHEAD_MICROS = Duration.ofSeconds(2).toNanos() / 1_000;

  private static final String PROBE = "/%probe-";

  /** The base never has it: versions count from 0, and -1 is any. Rights are looked at before. */
  private static final int NO_VERSION = -2;

  private final ZookeeperUrl url;
  private final String path;

  /** What was read last; null while a lift is under way, so that one is enough. */
  private final AtomicReference<@Nullable Reading> seen = new AtomicReference<>();

  private volatile @Nullable Clock clock;

  /** The leader's clock at a transaction, and our own when we asked for it. */
  private record Clock(long zxid, long micros, long askedAt) {
    long micros(long now) {
      return micros + (now - askedAt) / 1_000;
    }
  }

  /** The base, and what the server says of its node. */
  record Reading(long base, Stat stat) {}

  /** Those of one grant. */
  record Tokens(long first, int span) {
    Tokens {
      if (first < 1 || first + span > LockOptions.TOKEN_LIMIT) {
        throw new StoreRefusedException("The base node makes tokens that are not below 2^53");
      }
    }

    long last() {
      return first + span - 1;
    }
  }

  Base(ZookeeperUrl url) {
    this.url = url;
    this.path = url.root() + "/%base";
  }

  String path() {
    return path;
  }

  /**
   * Creates the root and the base where they are not yet. A probe on the way shows the clock and
   * that we may create and delete. That we may write the base is tried without lifting it: after
   * that nobody could be told the tokens of those who hold locks.
   */
  CompletionStage<Session> prepare(Session session) {
    long askedAt = session.now();
    return session
        .create(url.root() + PROBE, new byte[0], CreateMode.EPHEMERAL_SEQUENTIAL)
        .thenCompose(
            probe -> {
              see(probe.stat(), askedAt);
              return session.delete(probe.path());
            })
        .thenCompose(deleted -> create(session, path, bytes(wanted(session.now()))))
        .thenCompose(there -> read(session))
        .thenCompose(reading -> lift(session, NO_VERSION, reading.base()))
        .handle(
            (tried, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedFuture(session);
              }
              return is(Code.NONODE, failure)
                  ? createRoot(session).thenCompose(created -> prepare(session))
                  : CompletableFuture.<Session>failedFuture(failure);
            })
        .thenCompose(ready -> ready);
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

  private static CompletionStage<Boolean> fineIf(Code expected, Throwable failure) {
    return is(expected, failure)
        ? CompletableFuture.completedFuture(false)
        : CompletableFuture.failedFuture(failure);
  }

  private CompletionStage<Reading> read(Session session) {
    return session.multi(List.of(Op.getData(path))).thenApply(parts -> reading(parts.get(0)));
  }

  /** What a question for {@link #path} was answered. */
  Reading reading(OpResult part) {
    Answers.Data data =
        Answers.data(part)
            .orElseThrow(
                () ->
                    new StoreRefusedException(
                        "The node %s at %s is gone: connecting again creates it"
                            .formatted(path, url.servers())));
    try {
      Reading reading = new Reading(Long.parseLong(data.text()), data.stat());
      seen.set(reading);
      return reading;
    } catch (NumberFormatException e) {
      throw new StoreRefusedException(
          "The node %s at %s is no number: something else wrote it".formatted(path, url.servers()));
    }
  }

  /**
   * Sends a lift if tokens would soon be behind the clock, as far as is known here: what is known
   * may be old, and then somebody else has lifted it. Once in a second at most.
   */
  CompletionStage<Boolean> liftAhead(Session session) {
    Reading known = seen.get();
    long wanted = wanted(session.now());
    return known != null
            && known.base() < wanted - AHEAD_MICROS / 2
            && seen.compareAndSet(known, null)
        ? lift(session, known, wanted)
        : CompletableFuture.completedFuture(false);
  }

  /** Sends a lift from what was read. Its answer is false if it was written since. */
  CompletableFuture<Boolean> lift(Session session, Reading from, long to) {
    return lift(session, from.stat().getVersion(), to);
  }

  private CompletableFuture<Boolean> lift(Session session, int version, long to) {
    return session
        .write(path, bytes(to), version)
        .thenApply(written -> true)
        .exceptionallyCompose(failure -> fineIf(Code.BADVERSION, failure));
  }

  /**
   * The tokens of a node that is first: from the base, or from above the clock if that has passed
   * it. They are the node's when the base is not below their last, less the node's number.
   */
  Tokens tokens(Reading reading, long czxid, int span, long now) {
    long first = reading.base() + czxid;
    Clock then = clock;
    long leaders = then == null ? Long.MIN_VALUE : then.micros(now);
    return new Tokens(first < leaders ? leaders + AHEAD_MICROS : first, span);
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

  /** How far the next token is ahead of the leader's clock, as both were last seen. */
  Duration ahead(long now) {
    Clock then = clock;
    Reading last = seen.get();
    long micros = then == null || last == null ? 0 : last.base() + then.zxid() - then.micros(now);
    return Duration.of(micros, ChronoUnit.MICROS);
  }

  /** The leader's clock in microseconds since 1970, as last seen. */
  OptionalLong leadersClock(long now) {
    Clock then = clock;
    return then == null ? OptionalLong.empty() : OptionalLong.of(then.micros(now));
  }

  private static byte[] bytes(long base) {
    return Long.toString(base).getBytes(StandardCharsets.US_ASCII);
  }
}
