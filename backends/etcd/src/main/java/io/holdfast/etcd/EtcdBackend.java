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
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Locks as lines of keys: a claim's key hangs on this process's etcd lease, and whichever key of a
 * name was created first has the lock. One transaction takes the place, lifts the base of tokens,
 * and says who is ahead.
 *
 * <p>No claim is ever refused by what this process remembers. What it remembers of a claim, a
 * {@link Place}, is dropped when the store has answered that the claim is over; a key on its lease
 * for which there is none belongs to an ask that arrived after its withdrawal, and the next
 * heartbeat removes it.
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
  private final Map<String, Place> places = new ConcurrentHashMap<>();

  /** Claims that were asked for and not given up since; changed within the compute of places. */
  private final Set<String> wanted = ConcurrentHashMap.newKeySet();

  private volatile boolean closed;

  EtcdBackend(EtcdUrl url, StoreContext context, Clock clock) {
    this.url = url;
    this.context = context;
    this.client = Clients.open(url, context.requestTimeout());
    this.keys = new Keys(url.prefix());
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
          Clients.await(backend.sessions.open(), context.requestTimeout(), backend.about());
      return backend;
    } catch (LockException e) {
      backend.close();
      throw e;
    }
  }

  private void sweep(Set<ByteSequence> hanging) {
    Set<ByteSequence> known = ConcurrentHashMap.newKeySet();
    places.values().forEach(place -> known.add(place.key()));
    List<ByteSequence> orphans =
        hanging.stream().filter(key -> !known.contains(key)).limit(MOST_IN_A_TRANSACTION).toList();
    if (!orphans.isEmpty()) {
      var unused = told(() -> transactions.sweep(orphans)); // the next heartbeat finds the rest
    }
  }

  @Override
  public CompletionStage<Attempt> ask(Ask ask) {
    long askedAt = now();
    wanted.add(ask.claim().id());
    return told(
        () ->
            sessions
                .open()
                .thenCompose(
                    present ->
                        ask(ask, present, askedAt)
                            .exceptionallyCompose(
                                failure ->
                                    present.isGone() // and so is all that was written
                                        ? sessions
                                            .open()
                                            .thenCompose(next -> ask(ask, next, askedAt))
                                        : CompletableFuture.failedStage(failure))));
  }

  private CompletionStage<Attempt> ask(Ask ask, Session session, long askedAt) {
    Optional<Place> taken = place(ask.claim(), session);
    if (taken.isEmpty()) {
      return CompletableFuture.failedStage(
          new BackendException("The claim was withdrawn before etcd was asked"));
    }
    Place place = taken.get();
    CompletionStage<?> kept = session.keep(askedAt);
    return put(() -> place.revision() == 0 ? enter(ask, place) : look(ask, place))
        .handle((line, failure) -> in(session, line, failure))
        .thenCombine(kept, (line, unused) -> in(session, line, null))
        .thenCompose(line -> answer(ask, place, line, askedAt));
  }

  /**
   * The claim's place on this lease; empty if the claim was given up meanwhile: a place that it
   * took now would be nobody's.
   */
  private Optional<Place> place(Claim claim, Session session) {
    AtomicReference<@Nullable Place> former = new AtomicReference<>();
    Place place =
        places.compute(
            claim.id(),
            (id, known) -> {
              if (!wanted.contains(id) || (known != null && known.session() == session)) {
                return known;
              }
              former.set(known);
              return new Place(session, keys.place(claim), known);
            });
    Place left = former.get();
    if (left != null) {
      left.ignore(); // not within the compute: it takes the client's monitor
    }
    return Optional.ofNullable(place).filter(found -> found.session() == session);
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

  private CompletableFuture<Transactions.Line> enter(Ask ask, Place place) {
    Transactions.Mint mint = mint(ask);
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
                return CompletableFuture.completedFuture(line);
              }
              KeyValue present = entered.present().orElseThrow();
              if (present.getLease() != place.session().id()) {
                return transactions
                    .sweep(List.of(place.key()))
                    .thenApply(
                        removed -> {
                          throw new BackendException("The claim had a place on a former lease");
                        });
              }
              place.entered(present.getCreateRevision(), Integer.MAX_VALUE);
              return look(ask, place, Optional.of(mint));
            });
  }

  /**
   * As one that finds the claim first if that is likely; else only reading, and again if it does.
   */
  private CompletableFuture<Transactions.Line> look(Ask ask, Place place) {
    if (place.maybeFirst()) {
      return look(ask, place, Optional.of(mint(ask)));
    }
    return look(ask, place, Optional.empty())
        .thenCompose(
            line ->
                line.ahead().isEmpty()
                    ? look(ask, place, Optional.of(mint(ask)))
                    : CompletableFuture.completedFuture(line));
  }

  private CompletableFuture<Transactions.Line> look(
      Ask ask, Place place, Optional<Transactions.Mint> mint) {
    return transactions
        .look(
            keys.line(ask.claim().name()),
            place.key(),
            place.revision(),
            place.session().id(),
            ask.claim().label(),
            place.ahead(),
            mint)
        .thenApply(
            seen ->
                seen.orElseThrow(
                    () -> {
                      place.forget();
                      return new BackendException("The claim's place was taken away");
                    }));
  }

  private Transactions.Mint mint(Ask ask) {
    return new Transactions.Mint(tokens.floor(), ask.span());
  }

  private CompletionStage<Attempt> answer(
      Ask ask, Place place, Transactions.Line line, long askedAt) {
    tokens.heard(line.revision());
    if (line.ahead().isEmpty()) {
      ByteSequence base =
          line.base().orElseThrow(() -> new BackendException("The base of tokens was taken away"));
      int span = line.madeRoom() ? ask.span() : 1;
      Duration validFor = place.session().keptFrom(askedAt);
      return CompletableFuture.completedStage(
          place.granted(tokens.grant(base, place.revision(), span, validFor), now()));
    }
    if (ask.mayWait()) {
      return CompletableFuture.completedStage(
          place.refused(line.ahead().get(), line.others(), line.revision(), Duration.ZERO));
    }
    return release(ask.claim(), 0, Duration.ZERO)
        .thenApply(left -> new Attempt.Refused(Duration.ZERO, OptionalInt.empty()));
  }

  @Override
  public CompletionStage<Renewal> renew(Claim claim, Duration leaseFor) {
    long askedAt = now();
    Place place = places.get(claim.id());
    Optional<Long> grantedAt = Optional.ofNullable(place).flatMap(Place::grantedAt);
    if (place == null || grantedAt.isEmpty() || place.session().isGone()) {
      return CompletableFuture.completedStage(gone(claim));
    }
    long young = askedAt - context.leaseFor().toNanos() / 6;
    long notBefore = young - grantedAt.get() > 0 ? young : grantedAt.get();
    return told(() -> place.session().beat(notBefore))
        .thenApply(beat -> renewal(claim, place, beat, askedAt));
  }

  private Renewal renewal(Claim claim, Place place, Beat<Session.Pulse> beat, long askedAt) {
    if (!beat.answer().keys().contains(place.key())) {
      return gone(claim);
    }
    Duration validFor =
        beat.answer()
            .length()
            .minus(Session.GRANULARITY)
            .minusNanos(Math.max(0, askedAt - beat.askedAt()));
    return new Renewal.Renewed(validFor.isNegative() ? Duration.ZERO : validFor);
  }

  private Renewal gone(Claim claim) {
    drop(claim);
    return new Renewal.Gone();
  }

  private void drop(Claim claim) {
    wanted.remove(claim.id());
    Place last = places.remove(claim.id());
    if (last != null) {
      last.ignore();
    }
  }

  @Override
  public CompletionStage<Release> release(Claim claim, long lastTokenUsed, Duration keepFor) {
    Place place =
        places.compute(
            claim.id(),
            (id, known) -> {
              wanted.remove(id);
              return known;
            });
    if (closed) {
      return CompletableFuture.failedStage(
          new BackendException("The connection to " + about() + " is closed"));
    }
    if (place == null) {
      return CompletableFuture.completedStage(Release.GONE); // nothing was sent, or will be
    }
    if (place.session().isGone()) {
      drop(claim);
      return CompletableFuture.completedStage(Release.GONE);
    }
    long revision = place.revision();
    ByteSequence key = keys.place(claim);
    return told(() -> transactions.leave(keys.line(claim.name()), key))
        .thenApply(
            first -> {
              drop(claim);
              boolean had =
                  first
                      .filter(holder -> holder.getKey().equals(key))
                      .filter(holder -> revision == 0 || holder.getCreateRevision() == revision)
                      .isPresent();
              return had ? Release.RELEASED : Release.GONE;
            });
  }

  @Override
  public Watch watch(Claim claim, Runnable mayBeFree) {
    Place place = places.get(claim.id());
    if (place != null && place.ahead().isPresent()) {
      place.hear(client.getWatchClient(), mayBeFree);
      return () -> {
        Place last = places.get(claim.id());
        if (last != null) {
          last.ignore(); // a later place of the claim hears for the same
        }
      };
    }
    ByteSequence line = keys.line(claim.name());
    Listening all =
        new Listening(client.getWatchClient(), line, deleted -> mayBeFree.run(), mayBeFree);
    all.to(line, 0, true, mayBeFree);
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
        .thenApply(
            lease -> {
              Optional<Duration> remaining =
                  Optional.of(lease.getTTL()).filter(left -> left > 0).map(Duration::ofSeconds);
              return Optional.of(new Holder(Tokens.holder(first, remaining), waiting));
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
