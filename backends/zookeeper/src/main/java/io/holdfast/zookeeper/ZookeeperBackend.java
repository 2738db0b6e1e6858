package io.holdfast.zookeeper;

import io.holdfast.Guarantees;
import io.holdfast.Inspection;
import io.holdfast.LockException;
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
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Locks as folders of a ZooKeeper ensemble: {@code <root>/<name>} holds an ephemeral sequential
 * node for each claim, with {@code <session's milliseconds> <label>} in it, and the first has the
 * lock (but see {@link Line} for the end of the folder's counter). The folder is a container, which
 * ZooKeeper removes when it has been empty for a while.
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
  private final Hints hints;
  private final Map<String, Place> places = new ConcurrentHashMap<>();

  private final SpentFolders spent = new SpentFolders();
  private final ReentrantLock beginning = new ReentrantLock();

  /** Sessions before the current one. Those that are retired have locks for a while. */
  private final Set<Session> former = ConcurrentHashMap.newKeySet();

  private volatile Opening current;
  private volatile boolean closed;

  private ZookeeperBackend(ZookeeperUrl url, StoreContext context) {
    this.url = url;
    this.context = context;
    this.base = new Base(url);
    this.hints = new Hints(context.time());
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
    this.current = open(Session.beginSoon(url, context));
  }

  static ZookeeperBackend connect(ZookeeperUrl url, StoreContext context) {
    ZookeeperBackend backend = new ZookeeperBackend(url, context);
    try {
      context.await(
          backend.current.ready(),
          url.about(),
          failure -> ZookeeperFailure.of(failure, url.about()));
      return backend;
    } catch (LockException e) {
      backend.close();
      throw e;
    }
  }

  private Opening open(Session session) {
    Opening opening = Opening.of(session, base);
    var unused =
        opening.ready().whenComplete((ready, failure) -> places.values().forEach(Place::send));
    return opening;
  }

  /** The session for a question that begins now: a new one if the last is over. */
  private Opening opening() {
    Opening present = current;
    if (closed || present.isOfUse()) {
      return present;
    }
    @Nullable Session useless = null;
    beginning.lock();
    try {
      if (!closed && !current.isOfUse()) {
        useless = current.wasNeverOfUse() ? current.session() : null;
        former.removeIf(Session::isGone);
        former.add(current.session());
        current = open(Session.begin(url, context));
      }
      return current;
    } finally {
      beginning.unlock();
      if (useless != null) {
        Thread unused = useless.discard(); // tells those who wait, who ask at once
      }
    }
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    Claim claim = ask.claim();
    Opening opening = opening();
    Place before = places.get(claim.id());
    Place place =
        Objects.requireNonNull(
            places.compute(
                claim.id(),
                (id, known) -> {
                  Place now =
                      known != null && known.isIn(opening) ? known : placeIn(opening, claim);
                  now.expect(); // in here, so that it is not forgotten meanwhile
                  return now;
                }));
    CompletionStage<Attempt> answer = place.ask(ask);
    place.send();
    if (before != null && before != place) {
      before.withdraw(); // its session is over, and may live for a while
    }
    return forgetIfEmpty(claim, place, answer);
  }

  private Place placeIn(Opening opening, Claim claim) {
    return new Place(opening, base, hints, claim, folderOf(claim.name()), spent);
  }

  /** Most places are empty only after the answer. */
  private <A> CompletionStage<A> forgetIfEmpty(
      Claim claim, Place place, CompletionStage<A> answer) {
    return answer.whenComplete(
        (value, failure) ->
            places.computeIfPresent(
                claim.id(), (id, known) -> known == place && place.isEmpty() ? null : known));
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    Place place = places.get(claim.id());
    return place == null
        ? CompletableFuture.completedFuture(new Renewal.Gone())
        : forgetIfEmpty(claim, place, place.renew());
  }

  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    Place place = places.get(claim.id());
    return place == null
        ? CompletableFuture.completedFuture(Release.GONE)
        : forgetIfEmpty(claim, place, place.release(lastTokenUsed > 0));
  }

  @Override
  public Watch watch(Claim claim, Runnable mayBeFree) {
    Watch watch = hints.add(claim, mayBeFree);
    Place place = places.get(claim.id());
    if (place == null || !place.listen()) {
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
    CompletableFuture<Inspection> answer = new CompletableFuture<>();
    Opening opening = opening();
    var unused =
        opening
            .ready()
            .thenCompose(session -> Inspections.of(name, folderOf(name), session, base))
            .whenComplete(
                (inspection, failure) -> opening.session().settle(answer, inspection, failure));
    return answer;
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
    former.add(current.session());
    Session.close(former);
  }

  /** Of how many claims anything is known. */
  int claims() {
    return places.size();
  }

  private String folderOf(LockName name) {
    return url.root() + "/" + Line.folderOf(name);
  }

  @Override
  public String toString() {
    return "ZookeeperBackend[" + url + "]";
  }
}
