package io.holdfast.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.options.LeaseOption;
import io.holdfast.BackendException;
import io.holdfast.Guarantees;
import io.holdfast.Inspection;
import io.holdfast.LockException;
import io.holdfast.LockName;
import io.holdfast.etcd.Tokens.Mint;
import io.holdfast.etcd.Transactions.Tenure;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Heartbeat.Beat;
import io.holdfast.spi.Inspectable;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.StoreContext;
import io.holdfast.spi.Watch;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Locks as lines of keys: a claim's key hangs on this process's etcd lease, and whichever key of a
 * name was created first has the lock. One transaction takes the place, reads the base of tokens,
 * and says who is ahead.
 *
 * <p>No claim is ever refused by what this process remembers. What it remembers of a claim, a
 * {@link Place}, is dropped when the store has answered that the claim is over, and its key is
 * another claim's then, or nobody's, as {@link Slots} has it. A key on the lease that is nobody's
 * belongs to an ask that arrived after its withdrawal, and the next heartbeat removes it.
 */
final class EtcdBackend implements LockBackend, Inspectable {

  private static final int MOST_IN_A_TRANSACTION = 128;

  private final EtcdUrl url;
  private final StoreContext context;
  private final Client client;
  private final Keys keys;
  private final Transactions transactions;
  private final Tokens tokens;
  private final Sessions sessions;
  private final Guarantees guarantees;
  private final Places places;
  private volatile boolean closed;

  EtcdBackend(EtcdUrl url, StoreContext context, Clock clock) {
    this.url = url;
    this.context = context;
    this.client = Clients.open(url, context);
    this.keys = new Keys(url.prefix());
    this.places = new Places(keys);
    this.transactions = new Transactions(client.getKVClient(), keys);
    this.tokens = new Tokens(clock);
    this.sessions = new Sessions(client.getLeaseClient(), context, tokens, this::sweep);
    this.guarantees =
        new Guarantees(
            "etcd",
            true,
            Guarantees.TokenSource.REVISION,
            false,
            true,
            false,
            Session.GRANULARITY,
            true,
            Optional.of(context.leaseFor()),
            false);
  }

  static EtcdBackend connect(EtcdUrl url, StoreContext context) {
    EtcdBackend backend = new EtcdBackend(url, context, Clock.systemUTC());
    try {
      Session unused =
          context.await(
              backend.sessions.open(),
              backend.about(),
              failure -> EtcdFailure.of(failure, backend.about()));
      return backend;
    } catch (LockException e) {
      backend.close();
      throw e;
    }
  }

  private void sweep(Session session, Set<ByteSequence> hanging) {
    places.forget();
    Slots slots = session.slots();
    List<ByteSequence> orphans = slots.orphans(hanging.stream(), MOST_IN_A_TRANSACTION);
    if (!orphans.isEmpty()) { // if these are not all, the next heartbeat finds the rest
      var unused =
          told(() -> transactions.sweep(orphans))
              .whenComplete(
                  (swept, failure) ->
                      orphans.forEach(failure == null ? slots::giveBack : slots::retire));
    }
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    long askedAt = now();
    places.want(ask.claim());
    return told(
        () ->
            sessions
                .open()
                .thenCompose(
                    present ->
                        ask(ask, present, askedAt)
                            .exceptionallyCompose(
                                failure ->
                                    // And so is all that was written; but a holder has to hear.
                                    present.isGone() && !places.wasGranted(ask.claim())
                                        ? sessions
                                            .open()
                                            .thenCompose(next -> ask(ask, next, askedAt))
                                        : CompletableFuture.failedStage(failure))));
  }

  private CompletionStage<Attempt> ask(Ask ask, Session session, long askedAt) {
    Optional<Places.Asked> taken = places.forQuestion(ask.claim(), session);
    if (taken.isEmpty()) {
      return CompletableFuture.failedStage(
          new BackendException(
              session.isGone()
                  ? "The etcd lease ended at " + about()
                  : "Not asked: the claim was withdrawn, or its place is being left"));
    }
    Places.Asked asked = taken.get();
    Place place = asked.place();
    CompletionStage<?> kept = session.keep(askedAt);
    return put(() -> place.revision() == 0 ? enter(ask, place) : look(ask, place))
        .handle((seen, failure) -> in(session, seen, failure))
        .thenCombine(kept, (seen, unused) -> in(session, seen, null))
        .thenCompose(
            seen -> {
              place.answered();
              return answer(ask, asked, seen, askedAt);
            });
  }

  /** What the transaction said, unless the etcd lease is gone. */
  private <A> A in(Session session, A answer, @Nullable Throwable failure) {
    if (failure != null && EtcdFailure.isLeaseGone(failure)) {
      session.end();
    }
    if (session.isGone()) {
      throw new BackendException("The etcd lease ended at " + about());
    }
    if (failure != null) {
      throw new CompletionException(failure);
    }
    return answer;
  }

  /**
   * An answer: the line, and what the transaction was asked for.
   *
   * @param own the claim's key, in the one life that the question was about
   * @param mint empty if it only read
   */
  private record Seen(Transactions.Line line, Tenure own, Optional<Mint> mint) {}

  private CompletableFuture<Seen> enter(Ask ask, Place place) {
    Mint mint = tokens.mint(ask.span());
    return transactions
        .enter(
            keys.line(ask.claim().name()),
            place.key(),
            place.session().id(),
            ask.claim().label(),
            mint)
        .thenCompose(
            entered -> {
              if (entered.line().isPresent()) {
                Transactions.Line line = entered.line().get();
                place.entered(line.revision(), line.others());
                Tenure own = new Tenure(place.key(), line.revision());
                return CompletableFuture.completedFuture(new Seen(line, own, Optional.of(mint)));
              }
              // Taken by an earlier question of this claim, whose answer was lost.
              Tenure own = Tenure.of(entered.present().orElseThrow());
              place.entered(own.revision(), Integer.MAX_VALUE);
              return lookAsFirst(ask, place, own);
            });
  }

  /**
   * As one that finds the claim first if that is likely; else only reading, and again if it does.
   */
  private CompletableFuture<Seen> look(Ask ask, Place place) {
    Tenure own = place.tenure(); // once: an event may end it at any moment
    if (place.maybeFirst()) {
      return lookAsFirst(ask, place, own);
    }
    return look(ask, place, own, Optional.empty())
        .thenCompose(
            seen ->
                seen.line().ahead().isEmpty()
                    ? lookAsFirst(ask, place, own)
                    : CompletableFuture.completedFuture(seen));
  }

  private CompletableFuture<Seen> lookAsFirst(Ask ask, Place place, Tenure own) {
    return look(ask, place, own, Optional.of(tokens.mint(own.revision(), ask.span())));
  }

  private CompletableFuture<Seen> look(Ask ask, Place place, Tenure own, Optional<Mint> mint) {
    if (own.revision() == 0) { // which etcd would take for a key that is not there
      throw takenAway();
    }
    return transactions
        .look(
            keys.line(ask.claim().name()),
            own,
            place.session().id(),
            ask.claim().label(),
            place.ahead(),
            mint)
        .thenApply(
            line -> {
              if (line.isEmpty()) {
                place.forget();
                throw takenAway();
              }
              return new Seen(line.get(), own, mint);
            });
  }

  private static BackendException takenAway() {
    return new BackendException("The claim's place was taken away");
  }

  private CompletionStage<Attempt> answer(Ask ask, Places.Asked asked, Seen seen, long askedAt) {
    Place place = asked.place();
    Transactions.Line line = seen.line();
    tokens.heard(line.revision());
    if (line.ahead().isEmpty()) {
      Optional<Attempt> grant = grant(place, seen, askedAt);
      return grant.isPresent()
          ? CompletableFuture.completedStage(grant.get())
          : lookAsFirst(ask, place, seen.own()) // the base is lower than was thought
              .thenApply(
                  lifted ->
                      grant(place, lifted, askedAt)
                          .orElseThrow(
                              () -> new BackendException("The base of tokens was taken away")));
    }
    if (ask.mayWait()) {
      return CompletableFuture.completedStage(
          place.refused(line.ahead().get(), line.others(), line.revision()));
    }
    Attempt refused = new Attempt.Refused(Duration.ZERO, OptionalInt.empty());
    return places.giveUp(ask.claim(), asked)
        ? leave(ask.claim(), place).thenApply(left -> refused)
        : CompletableFuture.completedStage(refused); // a later ask of the claim has the place
  }

  /** Empty if that would make tokens below the clock. */
  private Optional<Attempt> grant(Place place, Seen seen, long askedAt) {
    Duration validFor = place.session().keptFrom(askedAt);
    Transactions.Line line = seen.line();
    return seen.mint()
        .flatMap(
            mint -> tokens.grant(line.base(), seen.own().revision(), mint, line.lifted(), validFor))
        .map(grant -> place.granted(grant, seen.own().revision(), now()));
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    long askedAt = now();
    Place place = places.of(claim);
    if (place == null) {
      return CompletableFuture.completedStage(gone(claim, null));
    }
    Tenure grant = place.tenure();
    Optional<Long> grantedAt = place.grantedAt(grant.revision());
    if (grantedAt.isEmpty() || place.session().isGone()) {
      return CompletableFuture.completedStage(gone(claim, place));
    }
    long young = askedAt - context.leaseFor().toNanos() / 6;
    long notBefore = young - grantedAt.get() > 0 ? young : grantedAt.get();
    return told(
        () ->
            place
                .session()
                .beat(notBefore)
                .thenCompose(
                    beat ->
                        has(place, grant, beat.answer())
                            .thenApply(has -> has ? renewed(beat, askedAt) : gone(claim, place))));
  }

  /**
   * Whether the key is still the grant's. That it hangs on the lease says so, unless it may have
   * been deleted by hand and put again by an unanswered ask, or came with the store from a backup.
   * That it does not hang there says little: what hangs is what the leader has applied, which may
   * be less than the member that granted (etcd before 3.4.20 and 3.5.3), and a key that was
   * overwritten by hand is still in the way of all others.
   */
  private CompletableFuture<Boolean> has(Place place, Tenure grant, Session.Pulse pulse) {
    if (place.session().isGone()) {
      return CompletableFuture.completedFuture(false);
    }
    boolean isSure =
        pulse.keys().contains(grant.key())
            && pulse.revision() >= grant.revision()
            && !place.isInDoubt();
    return isSure ? CompletableFuture.completedFuture(true) : transactions.isStillThere(grant);
  }

  private static Renewal renewed(Beat<Session.Pulse> beat, long askedAt) {
    Duration validFor =
        beat.answer()
            .length()
            .minus(Session.GRANULARITY)
            .minusNanos(Math.max(0, askedAt - beat.askedAt()));
    return new Renewal.Renewed(validFor.isNegative() ? Duration.ZERO : validFor);
  }

  private Renewal gone(Claim claim, @Nullable Place last) {
    if (last != null) {
      last.session().slots().retire(last.key()); // whatever hangs there, or comes yet, is nobody's
      places.drop(claim, last);
    }
    return new Renewal.Gone();
  }

  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    Place place = places.giveUp(claim);
    if (closed) {
      return CompletableFuture.failedStage(
          new BackendException("The connection to " + about() + " is closed"));
    }
    if (place == null) {
      return CompletableFuture.completedStage(Release.GONE); // nothing was sent, or will be
    }
    return leave(claim, place);
  }

  /** Deletes the key of a place that was given up. */
  private CompletionStage<Release> leave(Claim claim, Place place) {
    if (place.session().isGone()) {
      places.drop(claim, place);
      return CompletableFuture.completedStage(Release.GONE);
    }
    Tenure own = place.tenure();
    boolean isGranted = place.grantedAt(own.revision()).isPresent();
    return told(() -> isGranted ? giveBack(place, own) : withdraw(claim, place))
        .whenComplete(
            (left, failure) -> {
              if (failure == null) {
                places.drop(claim, place);
              } else {
                place.enter(Place.Stage.UNHEARD);
                place.session().slots().retire(place.key()); // the next heartbeat may delete it
              }
            });
  }

  private CompletableFuture<Release> giveBack(Place place, Tenure grant) {
    return transactions
        .leave(place.key())
        .thenApply(
            left -> {
              place.answered();
              return left.filter(grant::equals).isPresent() ? Release.RELEASED : Release.GONE;
            });
  }

  /** Of a claim that may have no place, or be the first without having heard of it. */
  private CompletableFuture<Release> withdraw(Claim claim, Place place) {
    return transactions
        .leave(keys.line(claim.name()), place.key())
        .thenApply(
            first -> {
              place.answered();
              boolean had = first.map(KeyValue::getKey).filter(place.key()::equals).isPresent();
              return had ? Release.RELEASED : Release.GONE;
            });
  }

  @Override
  public Watch watch(Claim claim, Runnable mayBeFree) {
    Place place = places.of(claim);
    if (place != null && place.ahead().isPresent()) {
      place.hear(
          client.getWatchClient(), ahead -> put(() -> transactions.isStillThere(ahead)), mayBeFree);
      return () -> {
        Place last = places.of(claim);
        if (last != null) {
          last.ignore(); // a later place of the claim hears for the same
        }
      };
    }
    ByteSequence line = keys.line(claim.name());
    Listening all =
        new Listening(client.getWatchClient(), line, deleted -> mayBeFree.run(), mayBeFree);
    all.to(line, 0, true, begunAt -> mayBeFree.run());
    return all::stop;
  }

  @Override
  public CompletionStage<Inspection> inspect(LockName name) {
    return told(() ->
            transactions
                .first(keys.line(name))
                .thenCompose(
                    line ->
                        line.getKvs().isEmpty()
                            ? CompletableFuture.completedFuture(Optional.<Holder>empty())
                            : holder(line.getKvs().get(0), (int) line.getCount() - 1)))
        .thenApply(
            holder ->
                new Inspection(
                    name,
                    holder.map(Holder::holder),
                    OptionalInt.of(holder.map(Holder::waiting).orElse(0))));
  }

  private record Holder(Inspection.Holder holder, int waiting) {}

  private CompletableFuture<Optional<Holder>> holder(KeyValue first, int waiting) {
    return client
        .getLeaseClient()
        .timeToLive(first.getLease(), LeaseOption.DEFAULT)
        .thenCombine(
            transactions.baseAt(first.getModRevision()),
            (lease, base) -> {
              Optional<Duration> remaining =
                  Optional.of(lease.getTTL()).filter(left -> left > 0).map(Duration::ofSeconds);
              return Optional.of(new Holder(Tokens.holder(first, base, remaining), waiting));
            });
  }

  @Override
  public Guarantees guarantees() {
    return guarantees;
  }

  /** The etcd lease is revoked, which frees what is left. */
  @Override
  public void close() {
    closed = true;
    sessions.close();
    client.close();
  }

  @Override
  public String toString() {
    return "EtcdBackend[" + url + "]";
  }

  private long now() {
    return context.time().nanoTime();
  }

  private String about() {
    return "etcd at " + url.address();
  }

  /** A question's answer, or what its failure means. */
  private <A> CompletableFuture<A> told(Supplier<? extends CompletionStage<A>> question) {
    return put(question)
        .handle(
            (answer, failure) -> {
              if (failure != null) {
                throw EtcdFailure.of(failure, about());
              }
              return answer;
            });
  }

  /** jetcd throws some failures and completes others. */
  private static <A> CompletableFuture<A> put(Supplier<? extends CompletionStage<A>> question) {
    try {
      return question.get().toCompletableFuture();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }
}
