package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.ZookeeperFailure.is;

import io.holdfast.BackendException;
import io.holdfast.Guarantees;
import io.holdfast.Inspection;
import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Inspectable;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Watch;
import io.holdfast.zookeeper.Place.Node;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
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
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.data.Stat;

/**
 * Locks as folders of a ZooKeeper ensemble: {@code <root>/<name>} holds an ephemeral sequential
 * node for each claim, with {@code <session's milliseconds> <label>} in it, and the first has the
 * lock. The folder is a container, which ZooKeeper removes when it has been empty for a while.
 *
 * <p>One session for all locks of this process; it is the lease. A claim belongs to the session
 * that created its node. When that is over the claim is gone, at once and without a question; a
 * node of an ended session that a lagging server still shows counts as somebody else's
 * (CURATOR-604).
 */
final class ZookeeperBackend implements LockBackend, Inspectable {

  private final ZookeeperUrl url;
  private final StoreContext context;
  private final Guarantees guarantees;
  private final Base base;
  private final Hints hints = new Hints();
  private final Map<String, Place> places = new ConcurrentHashMap<>();
  private final ReentrantLock beginning = new ReentrantLock();
  private volatile Opening current;
  private volatile boolean closed;

  /** A session, and when it may be used: it is connected, and the base is lifted. */
  private record Opening(Session session, CompletableFuture<Session> ready) {}

  private ZookeeperBackend(ZookeeperUrl url, StoreContext context) {
    this.url = url;
    this.context = context;
    this.base = new Base(url);
    this.guarantees =
        new Guarantees(
            "ZooKeeper",
            true,
            Guarantees.TokenSource.REVISION,
            false,
            true,
            false,
            url.tickTime(),
            true,
            Optional.of(context.leaseFor()),
            false);
    this.current = open();
  }

  static ZookeeperBackend connect(ZookeeperUrl url, StoreContext context) {
    ZookeeperBackend backend = new ZookeeperBackend(url, context);
    try {
      backend.current.ready().get(context.requestTimeout().toNanos(), TimeUnit.NANOSECONDS);
      return backend;
    } catch (ExecutionException e) {
      backend.close();
      throw ZookeeperFailure.of(e, backend.about());
    } catch (TimeoutException e) {
      backend.close();
      throw new BackendException(
          "No answer from " + backend.about() + " within " + context.requestTimeout());
    } catch (InterruptedException e) {
      backend.close();
      Thread.currentThread().interrupt();
      throw new BackendException("Interrupted while connecting to " + backend.about());
    }
  }

  private Opening open() {
    Session session = Session.begin(url, context);
    CompletableFuture<Session> ready =
        session
            .connected()
            .thenCompose(connected -> base.prepare(connected).thenApply(lifted -> connected));
    return new Opening(session, ready);
  }

  /** The session for a question that begins now: a new one if the last is over. */
  private Opening opening() {
    Opening present = current;
    if (closed || isOfUse(present)) {
      return present;
    }
    beginning.lock();
    try {
      if (!closed && !isOfUse(current)) {
        current.session().abandon();
        current = open();
      }
      return current;
    } finally {
      beginning.unlock();
    }
  }

  private static boolean isOfUse(Opening opening) {
    return !opening.session().isOver() && !opening.ready().isCompletedExceptionally();
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    Claim claim = ask.claim();
    Opening opening = opening();
    Place place =
        places.compute(
            claim.id(),
            (id, known) ->
                known != null && known.session() == opening.session()
                    ? known
                    : new Place(opening.session(), folderOf(claim.name()), Line.prefixOf(claim)));
    return answer(
        () -> place.next(() -> opening.ready().thenCompose(session -> begin(place, ask))));
  }

  private CompletionStage<Attempt> begin(Place place, Ask ask) {
    return place.begin()
        ? attempt(place, ask)
        : CompletableFuture.failedFuture(
            new BackendException("The claim was withdrawn before " + about() + " was asked"));
  }

  private CompletionStage<Attempt> attempt(Place place, Ask ask) {
    Node node = place.node;
    if (node != null) {
      Session session = place.session();
      return Look.at(place.folder(), session, base, session.sync())
          .thenCompose(look -> attempt(place, node, look, ask));
    }
    return place.isUnsure
        ? find(place).thenCompose(found -> found ? attempt(place, ask) : enter(place, ask, false))
        : enter(place, ask, false);
  }

  /** Creates the claim's node and looks where it is, all sent at once. */
  private CompletionStage<Attempt> enter(Place place, Ask ask, boolean withFolder) {
    Session session = place.session();
    CompletableFuture<?> folder =
        withFolder
            ? session.create(place.folder(), new byte[0], CreateMode.CONTAINER)
            : CompletableFuture.completedFuture(true);
    long askedAt = session.now();
    String content = context.leaseFor().toMillis() + " " + ask.claim().label();
    place.isUnsure = true;
    CompletableFuture<Session.Created> creation =
        session.create(
            place.pathOf(place.prefix()),
            content.getBytes(StandardCharsets.UTF_8),
            CreateMode.EPHEMERAL_SEQUENTIAL);
    CompletableFuture<Look> look = Look.at(place.folder(), session, base, creation);
    return creation
        .handle(
            (created, failure) -> {
              if (failure != null) {
                place.isUnsure = ZookeeperFailure.leavesOpen(failure);
                return is(Code.NONODE, failure) && !withFolder
                    ? enter(place, ask, true)
                    : CompletableFuture.<Attempt>failedFuture(reason(folder, failure));
              }
              place.isUnsure = false;
              base.see(created.stat(), askedAt);
              Node node = nodeOf(created.path(), created.stat());
              place.node = node;
              return look.thenCompose(seen -> attempt(place, node, seen, ask));
            })
        .thenCompose(attempt -> attempt);
  }

  /** A node without a folder is refused for the reason for which the folder was. */
  private static Throwable reason(CompletableFuture<?> folder, Throwable failure) {
    return folder
        .handle((made, why) -> why == null || is(Code.NODEEXISTS, why) ? failure : why)
        .getNow(failure);
  }

  /**
   * Looks for what a creation without an answer may have left. It has been done or never will be:
   * the sync is behind it, over whichever server, and a request that comes over a connection that
   * the session has left is refused.
   */
  private CompletionStage<Boolean> find(Place place) {
    Session session = place.session();
    return left(place)
        .thenCompose(
            left ->
                left.isEmpty()
                    ? CompletableFuture.completedFuture(Optional.<Stat>empty())
                    : session
                        .exists(place.pathOf(left.get(0)))
                        .thenApply(
                            stat -> {
                              if (stat.getEphemeralOwner() == session.id()) {
                                place.node = nodeOf(left.get(0), stat);
                              }
                              return Optional.of(stat);
                            }))
        .thenApply(
            stat -> {
              place.isUnsure = false;
              return place.node != null;
            });
  }

  /** All nodes of a claim, after everything that was sent for it. */
  private CompletableFuture<List<String>> left(Place place) {
    CompletableFuture<Boolean> synced = place.session().sync();
    return place
        .session()
        .children(place.folder())
        .thenCombine(synced, (line, behind) -> line.of(place.prefix()));
  }

  private static Node nodeOf(String path, Stat stat) {
    return new Node(path.substring(path.lastIndexOf('/') + 1), stat.getCzxid());
  }

  private CompletionStage<Attempt> attempt(Place place, Node node, Look look, Ask ask) {
    if (place.session().isOver()) {
      throw new BackendException("The session at " + about() + " ended while it was asked");
    }
    if (!look.has(node.name())) {
      place.node = null; // deleted by hand
      place.token = 0;
      return enter(place, ask, false);
    }
    deleteStrays(place, node, look);
    Optional<String> predecessor = look.before().predecessorOf(node.name());
    if (predecessor.isEmpty()) {
      if (place.token == 0) {
        place.token = Base.token(look.base(), node.czxid());
        place.grantedAt = place.session().now();
      }
      return CompletableFuture.completedFuture(
          new Attempt.Granted(place.token, 1, place.session().keptFor()));
    }
    OptionalInt position = OptionalInt.of(look.before().positionOf(node.name()));
    Attempt refused = new Attempt.Refused(Duration.ZERO, position);
    if (!ask.mayWait()) {
      return leave(place, ask.claim()).thenApply(left -> refused);
    }
    place.waitsFor = List.of(place.pathOf(predecessor.get()), place.pathOf(node.name()));
    hints.arm(ask.claim(), place.session(), place.waitsFor);
    return CompletableFuture.completedFuture(refused);
  }

  /**
   * Nodes of this claim beside its own: of a session that has ended, or of a creation that was not
   * found. Nobody would ever withdraw them. If one stays, the next look finds it again.
   */
  private static void deleteStrays(Place place, Node node, Look look) {
    List<String> strays =
        look.before().of(place.prefix()).stream()
            .filter(name -> !name.equals(node.name()))
            .toList();
    var unused = deleteAll(place, strays);
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    Place place = places.get(claim.id());
    Node node = place == null ? null : place.node;
    if (place == null || node == null || place.token == 0) {
      return CompletableFuture.completedFuture(new Renewal.Gone());
    }
    if (place.session().isOver()) {
      places.remove(claim.id(), place);
      return CompletableFuture.completedFuture(new Renewal.Gone());
    }
    Session session = place.session();
    long askedAt = session.now();
    return answer(
        () ->
            session
                .beat(place.grantedAt)
                .thenCompose(
                    beat ->
                        session
                            .exists(place.pathOf(node.name()))
                            .thenApply(
                                stat -> renewed(session, node, stat, askedAt - beat.askedAt())))
                .exceptionallyCompose(
                    failure ->
                        is(Code.NONODE, failure) || session.isOver()
                            ? CompletableFuture.completedFuture(new Renewal.Gone())
                            : CompletableFuture.failedFuture(failure))
                .thenApply(
                    renewal -> {
                      if (renewal instanceof Renewal.Gone) {
                        places.remove(claim.id(), place); // nobody takes leave of it
                      }
                      return renewal;
                    }));
  }

  private static Renewal renewed(Session session, Node node, Stat stat, long age) {
    boolean isOurs = stat.getEphemeralOwner() == session.id() && stat.getCzxid() == node.czxid();
    Duration left = session.keptFor().minusNanos(Math.max(0, age));
    return isOurs
        ? new Renewal.Renewed(left.isNegative() ? Duration.ZERO : left)
        : new Renewal.Gone();
  }

  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    Place place = places.get(claim.id());
    if (place != null && place.isWithdrawnUnsent()) {
      places.remove(claim.id(), place);
      return CompletableFuture.completedFuture(Release.GONE);
    }
    return place == null
        ? CompletableFuture.completedFuture(Release.GONE)
        : answer(() -> place.next(() -> leave(place, claim)));
  }

  /** Deletes what the claim has; if that is not known for sure, whatever begins as its nodes do. */
  private CompletionStage<Release> leave(Place place, Claim claim) {
    Session session = place.session();
    Node node = place.node;
    CompletionStage<Release> left;
    if (session.isOver() || (node == null && !place.isUnsure)) {
      left = CompletableFuture.completedFuture(Release.GONE);
    } else if (node == null) {
      left =
          left(place).thenCompose(nodes -> deleteAll(place, nodes)).thenApply(all -> Release.GONE);
    } else {
      boolean held = place.token != 0;
      left =
          session
              .delete(place.pathOf(node.name()))
              .thenApply(deleted -> held ? Release.RELEASED : Release.GONE)
              .exceptionallyCompose(
                  failure ->
                      is(Code.NONODE, failure) || session.isOver()
                          ? CompletableFuture.completedFuture(Release.GONE)
                          : CompletableFuture.failedFuture(failure));
    }
    return left.thenApply(
        release -> {
          place.node = null;
          place.token = 0;
          place.isUnsure = false;
          places.remove(claim.id(), place);
          return release;
        });
  }

  private static CompletableFuture<Void> deleteAll(Place place, List<String> nodes) {
    List<CompletableFuture<Boolean>> deleted = new ArrayList<>();
    for (String node : nodes) {
      deleted.add(
          place
              .session()
              .delete(place.pathOf(node))
              .exceptionallyCompose(
                  failure ->
                      is(Code.NONODE, failure)
                          ? CompletableFuture.completedFuture(true)
                          : CompletableFuture.failedFuture(failure)));
    }
    return CompletableFuture.allOf(deleted.toArray(CompletableFuture<?>[]::new));
  }

  @Override
  public Watch watch(Claim claim, Runnable mayBeFree) {
    Watch watch = hints.add(claim, mayBeFree);
    Place place = places.get(claim.id());
    if (place != null && !place.waitsFor.isEmpty()) {
      hints.arm(claim, place.session(), place.waitsFor);
    } else {
      watchHolder(claim);
      mayBeFree.run(); // nothing is known of what was before
    }
    return watch;
  }

  /** For a claim without a place. */
  private void watchHolder(Claim claim) {
    Session session = opening().session();
    String folder = folderOf(claim.name());
    var unused =
        session
            .children(folder)
            .thenAccept(
                line ->
                    line.first()
                        .ifPresent(
                            node -> hints.arm(claim, session, List.of(folder + "/" + node))));
  }

  @Override
  public CompletionStage<Inspection> inspect(LockName name) {
    return answer(() -> opening().ready().thenCompose(session -> inspect(name, session)));
  }

  private CompletionStage<Inspection> inspect(LockName name, Session session) {
    String folder = folderOf(name);
    return session
        .children(folder)
        .thenCompose(
            line -> {
              Optional<String> first = line.first();
              if (first.isEmpty()) {
                return CompletableFuture.completedFuture(
                    new Inspection(name, Optional.empty(), OptionalInt.of(0)));
              }
              OptionalInt waiting = OptionalInt.of(line.nodes().size() - 1);
              CompletableFuture<Optional<Session.Data>> holder =
                  session
                      .read(folder + "/" + first.get())
                      .thenApply(Optional::of)
                      .exceptionallyCompose(
                          failure ->
                              is(Code.NONODE, failure) // it was the last of its moments
                                  ? CompletableFuture.completedFuture(Optional.empty())
                                  : CompletableFuture.failedFuture(failure));
              CompletionStage<Base.Reading> then = base.readWithStat(session);
              return holder.thenCombine(
                  then,
                  (held, now) ->
                      new Inspection(name, held.map(node -> holder(node, now)), waiting));
            });
  }

  /**
   * The token is told if the base has not risen since the node was created; later it cannot be said
   * from outside with which base the lock was granted. What remains is the most that may remain.
   */
  private static Inspection.Holder holder(Session.Data node, Base.Reading base) {
    String[] words = node.text().split(" ", 2);
    boolean isOurs = words.length == 2 && words[0].matches("[0-9]{1,9}");
    boolean isExact = base.stat().getMzxid() < node.stat().getCzxid();
    return new Inspection.Holder(
        isOurs ? words[1] : "another client (the content is not Holdfast's)",
        isExact
            ? OptionalLong.of(Base.token(base.base(), node.stat().getCzxid()))
            : OptionalLong.empty(),
        isOurs ? Optional.of(Duration.ofMillis(Long.parseLong(words[0]))) : Optional.empty());
  }

  @Override
  public Guarantees guarantees() {
    return guarantees;
  }

  @Override
  public void close() {
    beginning.lock();
    try {
      closed = true;
    } finally {
      beginning.unlock();
    }
    current.session().close();
  }

  @Override
  public String toString() {
    return "ZookeeperBackend[" + url + "]";
  }

  private <A> CompletableFuture<A> answer(Supplier<CompletionStage<A>> question) {
    CompletableFuture<A> answer = new CompletableFuture<>();
    try {
      question
          .get()
          .whenComplete(
              (value, failure) -> {
                if (failure == null) {
                  answer.complete(value);
                } else {
                  answer.completeExceptionally(ZookeeperFailure.of(failure, about()));
                }
              });
    } catch (RuntimeException e) {
      answer.completeExceptionally(ZookeeperFailure.of(e, about()));
    }
    return answer;
  }

  private String folderOf(LockName name) {
    return url.root() + "/" + Line.folderOf(name);
  }

  private String about() {
    return "ZooKeeper at " + url.servers();
  }
}
