package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.ZookeeperFailure.is;

import io.holdfast.BackendException;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * One claim in one session: its node, and the grant. Its asks and releases come one after the
 * other, each with what the one before has found out; so a withdrawal never overtakes a question
 * that may still create a node. An ask that comes before the session may be used is kept until
 * then, and of several the last. Thread-safe.
 *
 * <p>It has one node at most: another is created only after the one before was seen to be gone, or
 * was looked for and not found.
 */
final class Place {

  /** A waiter is told when its turn may have come; it asks now and then all the same. */
  private static final Duration WHILE_WATCHED = Duration.ofSeconds(15);

  private final Opening opening;
  private final Session session;
  private final Base base;
  private final Hints hints;
  private final Claim claim;
  private final String folder;
  private final SpentFolders spent;
  private final AtomicInteger questions = new AtomicInteger();
  private final AtomicReference<@Nullable Unsent> unsent = new AtomicReference<>();
  private final AtomicReference<CompletableFuture<Boolean>> last =
      new AtomicReference<>(CompletableFuture.completedFuture(true));

  /** The claim's node, if it is known to have one. */
  private volatile @Nullable Node node;

  /** Whether a node may be there that nothing is known of, because an answer was lost. */
  private volatile boolean isUnsure;

  private volatile @Nullable Grant grant;

  /** The nodes whose end may make the lock free, as last seen. */
  private volatile List<String> waitsFor = List.of();

  private record Unsent(Ask ask, CompletableFuture<Attempt> answer) {}

  /** A node of the claim, created by the place's session. */
  private record Node(String path, long czxid) {
    String name() {
      return path.substring(path.lastIndexOf('/') + 1);
    }
  }

  private record Grant(Base.Tokens tokens, long heardAt) {}

  /** A claim that has nothing yet; all but the claim is shared by others. */
  Place(Opening opening, Base base, Hints hints, Claim claim, String folder, SpentFolders spent) {
    this.opening = opening;
    this.session = opening.session();
    this.base = base;
    this.hints = hints;
    this.claim = claim;
    this.folder = folder;
    this.spent = spent;
  }

  boolean isIn(Opening other) {
    return session == other.session();
  }

  /** Whether there is nothing to give up, nor will be: then nobody has to know it any more. */
  boolean isEmpty() {
    return session.isGone() || (questions.get() == 0 && node == null && !isUnsure);
  }

  /** A question is about to come. */
  void expect() {
    questions.incrementAndGet();
  }

  /** Keeps a question that was expected until {@link #send}. */
  CompletionStage<Attempt> ask(Ask ask) {
    Unsent now = new Unsent(ask, new CompletableFuture<>());
    drop(unsent.getAndSet(now));
    return now.answer();
  }

  private void drop(@Nullable Unsent never) {
    if (never != null) {
      questions.decrementAndGet();
      never.answer().completeExceptionally(new BackendException("Nothing was asked"));
    }
  }

  /** Sends what is unsent if the session may be used, or never will be. */
  void send() {
    Unsent now = opening.isSettled() ? unsent.getAndSet(null) : null;
    if (now != null) {
      next(
          now.answer(),
          () ->
              opening.isOfUse()
                  ? attempt(now.ask())
                  : opening.ready().thenCompose(ready -> attempt(now.ask())));
    }
  }

  /**
   * Gives up what it has, or may have; what is unsent will never be.
   *
   * @param wasHeld whether somebody has heard of the grant, who then asks for no other before the
   *     answer
   */
  CompletionStage<Release> release(boolean wasHeld) {
    return giveUp(() -> leave(wasHeld));
  }

  /** As {@link #release}, but leaves a lock that was granted to whoever may rely on it. */
  void withdraw() {
    var unused =
        giveUp(
            () ->
                grant == null ? leave(false) : CompletableFuture.completedFuture(Release.RELEASED));
  }

  private CompletionStage<Release> giveUp(Supplier<CompletionStage<Release>> how) {
    drop(unsent.getAndSet(null));
    CompletableFuture<Release> answer = new CompletableFuture<>();
    questions.incrementAndGet();
    next(answer, how);
    return answer;
  }

  /** Puts a question when those before it are answered. */
  private <A> void next(CompletableFuture<A> answer, Supplier<CompletionStage<A>> question) {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    CompletableFuture<Boolean> before = Objects.requireNonNull(last.getAndSet(done));
    var unused =
        before
            .thenCompose(ended -> question.get())
            .whenComplete(
                (value, failure) -> {
                  questions.decrementAndGet();
                  done.complete(true);
                  session.settle(answer, value, failure);
                });
  }

  private CompletionStage<Attempt> attempt(Ask ask) {
    checkSession();
    base.liftAhead(session);
    Node known = node;
    if (known != null) {
      CompletableFuture<Boolean> confirmed = session.confirmed();
      return Look.at(folder, session, base, known.name())
          .thenCombine(confirmed, (look, answered) -> look)
          .thenCompose(look -> attempt(known, look, ask, ask.span()));
    }
    return isUnsure ? find().thenCompose(found -> found ? attempt(ask) : enter(ask)) : enter(ask);
  }

  /** Creates a node, but in no folder that is spent. */
  private CompletionStage<Attempt> enter(Ask ask) {
    return spent
        .isOpen(folder, session)
        .thenCompose(isOpen -> isOpen ? enter(ask, false) : later());
  }

  /** Nothing is granted in a session that is over, also if it lives on for those who hold locks. */
  private void checkSession() {
    if (session.isOver()) {
      throw new BackendException("The session ended while it was asked");
    }
  }

  /** Creates the claim's node and looks where it is, all sent at once. */
  private CompletionStage<Attempt> enter(Ask ask, boolean withFolder) {
    CompletableFuture<?> container =
        withFolder
            ? session.create(folder, new byte[0], CreateMode.CONTAINER)
            : CompletableFuture.completedFuture(true);
    long askedAt = session.now();
    grant = null; // it was of a node that is gone
    isUnsure = true;
    CompletableFuture<Session.Created> creation =
        session.create(
            folder + "/" + prefix(),
            (session.length().toMillis() + " " + claim.label()).getBytes(StandardCharsets.UTF_8),
            CreateMode.EPHEMERAL_SEQUENTIAL);
    return Look.at(folder, session, base)
        .handle(
            (look, failure) -> {
              Throwable refusal = Session.failureOf(creation); // it was answered before the look
              if (refusal != null) {
                isUnsure = ZookeeperFailure.leavesOpen(refusal);
                boolean isFolderMissing = is(Code.NONODE, refusal);
                if (isFolderMissing && !withFolder) {
                  return enter(ask, true);
                }
                Throwable reason = reason(container, refusal);
                return isFolderMissing && reason == refusal
                    ? later() // it was empty, and somebody has deleted it again
                    : CompletableFuture.<Attempt>failedFuture(reason);
              }
              Session.Created created = creation.join();
              base.see(created.stat(), askedAt);
              Node own = has(created.path(), created.stat());
              return failure == null
                  ? attempt(own, look, ask, ask.span())
                  : CompletableFuture.<Attempt>failedFuture(failure);
            })
        .thenCompose(attempt -> attempt);
  }

  private String prefix() {
    return Line.prefixOf(claim, session.id());
  }

  /** A node without a folder is refused for the reason for which the folder was. */
  private static Throwable reason(CompletableFuture<?> folder, Throwable failure) {
    Throwable why = Session.failureOf(folder);
    return why == null || is(Code.NODEEXISTS, why) ? failure : why;
  }

  private Node has(String path, Stat stat) {
    Node own = new Node(path, stat.getCzxid());
    node = own;
    isUnsure = false;
    return own;
  }

  /**
   * Looks for what a question without an answer may have left: a creation, or a deletion. It has
   * been done or never will be: the sync is behind it, over whichever server, and a request that
   * comes over a connection that the session has left is refused.
   */
  private CompletionStage<Boolean> find() {
    CompletableFuture<Boolean> leader = session.sync();
    return session
        .children(folder)
        .thenCombine(leader, (line, answered) -> line.of(prefix()))
        .thenCompose(
            name ->
                name.isEmpty()
                    ? CompletableFuture.completedFuture(false)
                    : session
                        .exists(folder + "/" + name.get())
                        .thenApply(stat -> has(folder + "/" + name.get(), stat).czxid() > 0))
        .thenApply(
            found -> {
              isUnsure = false;
              return found;
            });
  }

  /**
   * What a look says of the own node.
   *
   * @param span how many tokens are wished for, if that takes a lift of the base
   */
  private CompletionStage<Attempt> attempt(Node own, Look look, Ask ask, int span) {
    checkSession();
    if (look.lacks(own.name(), own.czxid())) {
      forget(); // deleted by hand
      return enter(ask);
    }
    if (Line.isSpent(own.name())) {
      return leaveSpent(own, ask);
    }
    Optional<String> ahead = look.before().predecessorOf(own.name());
    if (ahead.isPresent()) {
      return refused(own, ahead.get(), look, ask);
    }
    if (!look.has(own.name(), own.czxid())) { // others came or went since it was created
      return Look.at(folder, session, base, own.name())
          .thenCompose(again -> attempt(own, again, ask, span));
    }
    Grant before = grant;
    if (before != null) {
      return CompletableFuture.completedFuture(granted(before, look));
    }
    Base.Tokens tokens = base.tokens(look.base(), own.czxid(), span, session.now());
    return tokens.last() == look.base().base() + own.czxid()
        ? CompletableFuture.completedFuture(granted(tokens, look))
        : liftFor(tokens, own, look, ask);
  }

  private CompletionStage<Attempt> leaveSpent(Node own, Ask ask) {
    spent.add(folder, own.czxid());
    return leave(false).thenCompose(left -> enter(ask));
  }

  /** Without a place: whoever waits asks again after a pause, or once when the holder has left. */
  private static CompletionStage<Attempt> later() {
    return CompletableFuture.completedFuture(
        new Attempt.Refused(Duration.ZERO, OptionalInt.empty()));
  }

  /** Lifts the base for tokens above it, and looks again. Who lost against another takes one. */
  private CompletionStage<Attempt> liftFor(Base.Tokens tokens, Node own, Look look, Ask ask) {
    CompletableFuture<Boolean> lift =
        base.lift(session, look.base(), tokens.last() - own.czxid()).toCompletableFuture();
    return Look.at(folder, session, base, own.name())
        .thenCombine(
            lift,
            (again, isLifted) ->
                isLifted && again.has(own.name(), own.czxid()) && !session.isOver()
                    ? CompletableFuture.completedFuture(granted(tokens, again))
                    : attempt(own, again, ask, 1))
        .thenCompose(attempt -> attempt);
  }

  private Attempt granted(Base.Tokens tokens, Look look) {
    return granted(new Grant(tokens, session.now()), look);
  }

  private Attempt granted(Grant given, Look look) {
    grant = given;
    return new Attempt.Granted(
        given.tokens().first(), given.tokens().span(), session.keptFrom(look.askedAt()));
  }

  private CompletionStage<Attempt> refused(Node own, String ahead, Look look, Ask ask) {
    OptionalInt position = OptionalInt.of(look.before().positionOf(own.name()));
    if (!ask.mayWait()) {
      return leave(false).thenApply(left -> new Attempt.Refused(Duration.ZERO, position));
    }
    waitsFor = List.of(folder + "/" + ahead, own.path());
    listen();
    return CompletableFuture.completedFuture(new Attempt.Refused(WHILE_WATCHED, position));
  }

  /** Watches what it waits for. False if nothing is known of that. */
  boolean listen() {
    List<String> nodes = waitsFor;
    if (!nodes.isEmpty()) {
      hints.arm(claim, session, nodes);
    }
    return !nodes.isEmpty();
  }

  CompletionStage<Renewal> renew() {
    Node own = node;
    Grant held = grant;
    CompletableFuture<Renewal> answer = new CompletableFuture<>();
    if (session.isOver()) {
      forget(); // whoever hears this gives nothing back, and the node ends with the session
    }
    if (session.isOver() || own == null || held == null) {
      answer.complete(new Renewal.Gone());
      return answer;
    }
    long askedAt = session.now();
    var unused =
        session
            .beat(held.heardAt())
            .thenCompose(
                beat ->
                    session
                        .exists(own.path())
                        .thenApply(stat -> renewed(own, stat, askedAt - beat.askedAt())))
            .exceptionallyCompose(
                failure ->
                    is(Code.NONODE, failure) || session.isOver()
                        ? CompletableFuture.completedFuture(new Renewal.Gone())
                        : CompletableFuture.failedFuture(failure))
            .whenComplete(
                (renewal, failure) -> {
                  if (renewal instanceof Renewal.Gone) {
                    forget();
                  }
                  session.settle(answer, renewal, failure);
                });
    return answer;
  }

  private Renewal renewed(Node own, Stat stat, long age) {
    boolean isOurs = stat.getEphemeralOwner() == session.id() && stat.getCzxid() == own.czxid();
    Duration left = session.keptFor().minusNanos(Math.max(0, age));
    return isOurs && !session.isOver()
        ? new Renewal.Renewed(left.isNegative() ? Duration.ZERO : left)
        : new Renewal.Gone();
  }

  /** Deletes what the claim has, also if that has to be found first. */
  private CompletionStage<Release> leave(boolean wasHeld) {
    Node own = node;
    if (session.isGone() || (own == null && !isUnsure)) {
      return CompletableFuture.completedFuture(Release.GONE);
    }
    if (own == null) {
      return find().thenCompose(found -> leave(wasHeld));
    }
    Release left = grant == null ? Release.GONE : Release.RELEASED;
    return (wasHeld ? session.release(own.path()) : session.delete(own.path()))
        .handle(
            (deleted, failure) -> {
              if (failure != null && !isGone(failure)) {
                if (ZookeeperFailure.leavesOpen(failure)) {
                  isUnsure = true;
                  node = null; // whoever asks next has to find it, as it may be deleted yet
                }
                throw new CompletionException(failure);
              }
              forget();
              return failure == null ? left : Release.GONE;
            });
  }

  private boolean isGone(Throwable failure) {
    return is(Code.NONODE, failure) || is(Code.SESSIONEXPIRED, failure) || session.isGone();
  }

  private void forget() {
    node = null;
    grant = null;
  }
}
