package io.holdfast.zookeeper;

import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Heartbeat;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Time;
import io.holdfast.spi.Watch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.common.ConfigException;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * One session, from its beginning to its end, and its questions as futures. It is never replaced by
 * another one under a question: what is asked of a session that has ended fails. Questions reach
 * the ensemble in the order of the calls, also over a change of the server, and none twice; at a
 * loss of the connection all that have no answer fail. {@link Releases} alone wait here for each
 * other, and may be overtaken.
 *
 * <p>Futures complete in the order of the questions, on the client's one event thread, so what
 * hangs on them must not block. Thread-safe.
 */
final class Session {

  private static final Duration END_OF_THREADS = Duration.ofSeconds(2);

  /** A client that changes its server pauses for as long, at most, in front of it. */
  private static final Duration CHANGE = Duration.ofSeconds(1);

  private final ZookeeperUrl url;
  private final StoreContext context;
  private final ZooKeeper zooKeeper;
  private final CompletableFuture<Boolean> firstConnected = new CompletableFuture<>();
  private final CompletableFuture<Session> connected = new CompletableFuture<>();
  private final Map<String, List<Runnable>> watchers = new ConcurrentHashMap<>();
  private final Watcher nodeWatcher = this::nodeChanged;
  private final Heartbeat<Boolean> heartbeat;
  private final Releases releases = new Releases(this);
  private final Duration keptFor;
  private volatile boolean over;

  /** When the last question was put that the leader has answered. */
  private final AtomicLong confirmedAt;

  /** What {@link #confirmedAt} was when a server was left last. */
  private final AtomicLong leftAfter;

  /** A node that was created: its whole path, and what the server says of it. */
  record Created(String path, Stat stat) {}

  private Session(ZookeeperUrl url, StoreContext context, Servers servers)
      throws IOException, ConfigException {
    this.url = url;
    this.context = context;
    Duration kept = context.leaseFor().multipliedBy(2).dividedBy(3).minus(url.tickTime());
    this.keptFor = kept.isNegative() ? Duration.ZERO : kept;
    this.confirmedAt = new AtomicLong(context.time().nanoTime() - context.leaseFor().toNanos());
    this.leftAfter = new AtomicLong(confirmedAt.get() - 1);
    this.heartbeat = new Heartbeat<>(context.time(), this::sync);
    ZKClientConfig config =
        url.config() == null ? new ZKClientConfig() : new ZKClientConfig(Path.of(url.config()));
    int timeout = Math.toIntExact(context.leaseFor().toMillis());
    this.zooKeeper = new ZooKeeper(url.servers(), timeout, this::changed, false, servers, config);
    String auth = url.auth();
    if (auth != null) {
      int colon = auth.indexOf(':');
      zooKeeper.addAuthInfo(
          auth.substring(0, colon), auth.substring(colon + 1).getBytes(StandardCharsets.UTF_8));
    }
    var unused = firstConnected.thenAccept(first -> checkTimeout()); // may come before all this
  }

  /**
   * Begins one; does not wait for it.
   *
   * @throws IllegalArgumentException if ZooKeeper's client settings cannot be read
   */
  static Session begin(ZookeeperUrl url, StoreContext context) {
    return begin(url, context, Servers.of(url));
  }

  /** As {@link #begin}, for one who waits for it no longer than for an answer. */
  static Session beginSoon(ZookeeperUrl url, StoreContext context) {
    return begin(url, context, Servers.inHaste(url, context));
  }

  private static Session begin(ZookeeperUrl url, StoreContext context, Servers servers) {
    try {
      return new Session(url, context, servers);
    } catch (IOException | ConfigException e) {
      throw new IllegalArgumentException(
          "ZooKeeper's client settings cannot be used; see ?config= in the URL", e);
    }
  }

  private void changed(WatchedEvent event) {
    switch (event.getState()) {
      case SyncConnected -> {
        firstConnected.complete(true);
        if (connected.isDone() && !over && !granted().equals(asked())) {
          // Another server has made the session shorter than is relied on, or longer.
          retire(KeeperException.Code.SESSIONEXPIRED);
        }
        tellAll(); // the client restores its watches; whoever asks all the same, knows
      }
      case Disconnected -> tellAll(); // whoever asks hears that there is no answer
      case Expired -> end(KeeperException.Code.SESSIONEXPIRED);
      case AuthFailed -> retire(KeeperException.Code.AUTHFAILED); // it may go on without SASL
      default -> {}
    }
  }

  /**
   * Another length than the one asked for is refused: it is how long a lock outlives its silent
   * holder, which is what {@code leaseFor} says. So is one of which no time would be left to hold.
   */
  private void checkTimeout() {
    Duration granted = granted();
    Duration asked = asked();
    if (!granted.equals(asked)) {
      refuse(
          "ZooKeeper at %s grants a session of %s where %s was asked: that as leaseFor, or set %s"
              .formatted(
                  url.servers(),
                  granted,
                  asked,
                  granted.compareTo(asked) < 0 ? "maxSessionTimeout" : "minSessionTimeout"));
    } else if (keptFor().isZero()) {
      refuse(
          "leaseFor of %s is too short for ticks of %s: two thirds of it have to be longer"
              .formatted(asked, url.tickTime()));
    } else {
      connected.complete(this);
    }
  }

  private Duration granted() {
    return Duration.ofMillis(zooKeeper.getSessionTimeout());
  }

  private Duration asked() {
    return Duration.ofMillis(context.leaseFor().toMillis());
  }

  private void refuse(String why) {
    connected.completeExceptionally(new StoreRefusedException(why));
    Thread unused = discard();
  }

  /**
   * Ends it here at once, and at the ensemble when nobody can rely on it any more: no promise of
   * before is longer than {@link #keptFor}. Until then its client keeps it, and its nodes with it.
   * They would all go at once, and the next be granted, while a holder hears of the end only when
   * it renews.
   */
  private void retire(KeeperException.Code why) {
    end(why);
    Time.Timer unused = context.time().schedule(keptFor(), this::discard);
  }

  private void end(KeeperException.Code why) {
    over = true;
    connected.completeExceptionally(KeeperException.create(why));
    tellAll();
  }

  /** Completes when the ensemble has granted the session. */
  CompletableFuture<Session> connected() {
    return connected.copy();
  }

  /** Whether it has ended here: nothing is granted or renewed in it any more. */
  boolean isOver() {
    return over;
  }

  /** Whether nothing can be asked in it any more, nor be deleted. */
  boolean isGone() {
    return !zooKeeper.getState().isAlive();
  }

  long id() {
    return zooKeeper.getSessionId();
  }

  /** How long the ensemble keeps it when it hears nothing of it. */
  Duration length() {
    return context.leaseFor();
  }

  long now() {
    return context.time().nanoTime();
  }

  /**
   * For how long the ensemble keeps a session of which it has answered a question, from that
   * question on: two thirds of its length, less a tick.
   *
   * <p>The leader counts, and a follower answers: it tells the leader whom it has heard with its
   * next ping, within a tick, and a follower that loses the leader before that tells it never. Then
   * what counts is whom it had heard before; and the client lets no session be silent for more than
   * a third of its length.
   */
  Duration keptFor() {
    return keptFor;
  }

  /**
   * For how long the ensemble keeps it from a moment on, by the leader's last word: nothing longer
   * than {@link #keptFor}.
   */
  Duration keptFrom(long moment) {
    Duration left = keptFor().minusNanos(Math.max(0, moment - confirmedAt.get()));
    return left.isNegative() ? Duration.ZERO : left;
  }

  private void confirm(long askedAt) {
    confirmedAt.accumulateAndGet(askedAt, (last, next) -> next - last > 0 ? next : last);
  }

  /**
   * Completes when what is read behind it may be relied on for {@link #keptFrom}: at once if the
   * leader has answered so lately that this costs a lock a twentieth of its time at most, else when
   * it answers.
   */
  CompletableFuture<Boolean> confirmed() {
    return now() - confirmedAt.get() < keptFor().toNanos() / 20
        ? CompletableFuture.completedFuture(true)
        : sync();
  }

  /**
   * Whether the leader still has the session: asked once for all locks, a few times per lease.
   *
   * @param notBefore what is answered was asked no earlier than this
   */
  CompletionStage<Heartbeat.Beat<Boolean>> beat(long notBefore) {
    long recently = now() - context.leaseFor().toNanos() / 6;
    return heartbeat.beat(notBefore - recently > 0 ? notBefore : recently);
  }

  /** Goes through the leader; what is read behind it is not older than this question. */
  CompletableFuture<Boolean> sync() {
    CompletableFuture<Boolean> answer = new CompletableFuture<>();
    long askedAt = now();
    Time.Timer silence = leaveUnlessAnswered();
    zooKeeper.sync(
        url.root(),
        (rc, path, ctx) -> {
          silence.cancel();
          settle(answer, rc, () -> true, askedAt);
        },
        null);
    return answer;
  }

  /**
   * So that there is time to ask again at another server, this one has a third of what the leader's
   * last word is good for yet.
   */
  private Time.Timer leaveUnlessAnswered() {
    Duration third = keptFrom(now()).dividedBy(3);
    Duration patience = Collections.max(List.of(third, keptFor().dividedBy(8), CHANGE));
    return context.time().schedule(patience, this::leaveServer);
  }

  /**
   * Goes on at another server: what this one was asked fails, and may be asked again. Once for each
   * word of the leader, however many questions wait: if it is the leader that is slow, the next
   * server knows no more, and every change costs it work.
   */
  private void leaveServer() {
    long word = confirmedAt.get();
    if (zooKeeper.getState().isConnected() && leftAfter.getAndSet(word) != word) {
      Thread unused = aside("holdfast-zookeeper-leave", this::closeConnection);
    }
  }

  private void closeConnection() {
    try {
      zooKeeper.updateServerList(url.servers()); // see Servers, which say yes
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    zooKeeper.sync(url.root(), (rc, path, ctx) -> {}, null); // wakes the client, which sees it
  }

  CompletableFuture<Created> create(String path, byte[] data, CreateMode mode) {
    CompletableFuture<Created> answer = new CompletableFuture<>();
    long askedAt = now();
    zooKeeper.create(
        path,
        data,
        url.acl(),
        mode,
        (rc, asked, ctx, name, stat) -> settle(answer, rc, () -> new Created(name, stat), askedAt),
        null);
    return answer;
  }

  CompletableFuture<Boolean> delete(String path) {
    CompletableFuture<Boolean> answer = new CompletableFuture<>();
    zooKeeper.delete(path, -1, (rc, asked, ctx) -> settle(answer, rc, () -> true), null);
    return answer;
  }

  /** As {@link #delete}, for the node of a lock that was held. */
  CompletableFuture<Boolean> release(String path) {
    return releases.release(path);
  }

  /**
   * The answers to several questions to one server, which are sent together and answered in their
   * order, each with what it says or an error. Of several deletions all are done, or none.
   */
  CompletableFuture<List<OpResult>> multi(List<Op> parts) {
    CompletableFuture<List<OpResult>> answer = new CompletableFuture<>();
    zooKeeper.multi(
        parts,
        (rc, path, ctx, results) -> settle(answer, results == null ? rc : 0, () -> results),
        null);
    return answer;
  }

  /** The names of the nodes in a folder; none if it is not there. */
  CompletableFuture<Line> children(String folder) {
    return multi(List.of(Op.getChildren(folder)))
        .thenApply(parts -> new Line(Answers.children(parts.get(0))));
  }

  /** Writes if the node has not been written since it had this version. */
  CompletableFuture<Stat> write(String path, byte[] data, int version) {
    CompletableFuture<Stat> answer = new CompletableFuture<>();
    zooKeeper.setData(
        path, data, version, (rc, asked, ctx, stat) -> settle(answer, rc, () -> stat), null);
    return answer;
  }

  CompletableFuture<Stat> exists(String path) {
    CompletableFuture<Stat> answer = new CompletableFuture<>();
    Time.Timer silence = leaveUnlessAnswered(); // as well, because beats are shared
    zooKeeper.exists(
        path,
        false,
        (rc, asked, ctx, stat) -> {
          silence.cancel();
          settle(answer, rc, () -> stat);
        },
        null);
    return answer;
  }

  /** Why a question that is answered by now failed; null if it did not. */
  static @Nullable Throwable failureOf(CompletableFuture<?> answered) {
    return answered.handle((value, failure) -> failure).getNow(null);
  }

  /** Tells the caller of what a question led to. */
  <A> void settle(CompletableFuture<A> answer, @Nullable A value, @Nullable Throwable failure) {
    if (failure == null) {
      answer.complete(value);
    } else {
      answer.completeExceptionally(ZookeeperFailure.of(failure, url.about()));
    }
  }

  /** Of a question that the leader has answered, if it has not failed. */
  private <A> void settle(CompletableFuture<A> answer, int rc, Supplier<A> value, long askedAt) {
    if (rc == 0) {
      confirm(askedAt);
    }
    settle(answer, rc, value);
  }

  private <A> void settle(CompletableFuture<A> answer, int rc, Supplier<A> value) {
    KeeperException.Code code = KeeperException.Code.get(rc);
    if (code == KeeperException.Code.SESSIONEXPIRED) {
      end(code); // an answer may say so before the event does
    }
    if (code == KeeperException.Code.OK) {
      answer.complete(value.get());
    } else {
      answer.completeExceptionally(KeeperException.create(code));
    }
  }

  /**
   * Runs a task once when a node is gone, or may be; also when the connection breaks, and when
   * there is one again. The client holds one watch for each path, however many tasks, and restores
   * it after a change of the server. It is not taken away when nobody waits any more: there is one
   * at most for each node that exists, and it ends with the node.
   */
  Watch watch(String path, Runnable mayBeGone) {
    Runnable own = () -> mayBeGone.run(); // one of its own, to be removed by identity
    watchers.merge(
        path, List.of(own), (all, one) -> Stream.concat(all.stream(), one.stream()).toList());
    if (over) {
      tell(path);
    } else {
      zooKeeper.getData(
          path,
          nodeWatcher,
          (rc, asked, ctx, bytes, stat) -> {
            if (rc != 0) {
              tell(path); // gone already, or there is no telling
            }
          },
          null);
    }
    return () -> watchers.computeIfPresent(path, (same, all) -> without(own, all));
  }

  private static @Nullable List<Runnable> without(Runnable own, List<Runnable> all) {
    List<Runnable> rest = all.stream().filter(other -> other != own).toList();
    return rest.isEmpty() ? null : rest;
  }

  private void nodeChanged(WatchedEvent event) {
    if (event.getPath() != null) {
      tell(event.getPath());
    }
  }

  private void tellAll() {
    watchers.keySet().forEach(this::tell);
  }

  private void tell(String path) {
    Objects.requireNonNullElse(watchers.remove(path), List.<Runnable>of()).forEach(Runnable::run);
  }

  /** Ends them and their threads; the ensemble deletes their nodes. Waits, but not for long. */
  static void close(Collection<Session> sessions) {
    List<Thread> closing = sessions.stream().map(Session::discard).toList();
    try {
      for (Thread each : closing) {
        each.join(END_OF_THREADS.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends it, in the background; the ensemble deletes its nodes: nobody may rely on them. */
  Thread discard() {
    end(KeeperException.Code.SESSIONEXPIRED);
    return aside("holdfast-zookeeper-close", this::closeClient);
  }

  private void closeClient() {
    try {
      zooKeeper.close((int) END_OF_THREADS.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** On a thread of its own, because the client waits for a server, which may be silent. */
  private static Thread aside(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
