package io.holdfast.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.GetOption.SortOrder;
import io.etcd.jetcd.options.GetOption.SortTarget;
import io.etcd.jetcd.options.PutOption;
import io.holdfast.etcd.Tokens.Lift;
import io.holdfast.etcd.Tokens.Mint;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What is asked of etcd, each one transaction: take a place, look at it, give it up, see who is
 * first. jetcd would send none of them twice here, and each may be. Thread-safe.
 */
final class Transactions {

  private static final DeleteOption WITH_FORMER = DeleteOption.builder().withPrevKV(true).build();

  private final KV kv;
  private final ByteSequence base;

  Transactions(KV kv, Keys keys) {
    this.kv = kv;
    this.base = keys.base();
  }

  /** A key, and the revision at which it was created: what is created later is another's. */
  record Tenure(ByteSequence key, long revision) {
    static Tenure of(KeyValue entry) {
      return new Tenure(entry.getKey(), entry.getCreateRevision());
    }
  }

  /**
   * The line as a place sees it.
   *
   * @param revision of the store
   * @param base what tokens count from; empty if there is none
   * @param lifted whether the base was lifted here
   * @param ahead who is next before the place; empty if it is the first
   * @param others how many have a place beside this one
   */
  record Line(
      long revision,
      Optional<ByteSequence> base,
      boolean lifted,
      Optional<Tenure> ahead,
      int others) {}

  /** A place that was taken, or the key that was there already. */
  record Entered(Optional<Line> line, Optional<KeyValue> present) {}

  /** Takes a place at the end of the line, unless the claim has one. */
  CompletableFuture<Entered> enter(
      ByteSequence line, ByteSequence place, long lease, String label, Mint mint) {
    return kv.txn()
        .If(created(place, Cmp.Op.EQUAL, 0))
        .Then(
            mark(place, lease, label, mint),
            Op.get(base, GetOption.DEFAULT),
            Op.get(line, newest(2).build()))
        .Else(Op.get(place, GetOption.DEFAULT))
        .commit()
        .thenApply(
            answer ->
                answer.isSucceeded()
                    ? new Entered(Optional.of(line(answer, lifted(answer), 1)), Optional.empty())
                    : new Entered(Optional.empty(), first(answer.getGetResponses().get(0))));
  }

  /**
   * Looks who is ahead of a place.
   *
   * @param mint what to do if the one who was ahead is gone
   * @return empty if the place is not there with that create revision
   */
  CompletableFuture<Optional<Line>> look(
      ByteSequence line,
      Tenure place,
      long lease,
      String label,
      Optional<Tenure> ahead,
      Optional<Mint> mint) {
    Op readBase = Op.get(base, GetOption.DEFAULT);
    Op before = Op.get(line, newest(1).withMaxCreateRevision(place.revision() - 1).build());
    Cmp[] isGone =
        ahead.map(other -> created(other.key(), Cmp.Op.NOT_EQUAL, other.revision())).stream()
            .toArray(Cmp[]::new);
    Op[] ops =
        mint.map(
                tokens ->
                    new Op[] {
                      Op.txn(isGone, new Op[] {mark(place.key(), lease, label, tokens)}, new Op[0]),
                      readBase,
                      before
                    })
            .orElse(new Op[] {readBase, before});
    return kv.txn()
        .If(isThere(place))
        .Then(ops)
        .commit()
        .thenApply(
            answer ->
                answer.isSucceeded()
                    ? Optional.of(
                        line(
                            answer, mint.isPresent() && lifted(answer.getTxnResponses().get(0)), 0))
                    : Optional.empty());
  }

  /**
   * Changes nothing. The read is not for its answer: a transaction that only compares is answered
   * by any member from what it has, and one that reads behind a quorum.
   */
  CompletableFuture<Boolean> isStillThere(Tenure place) {
    return kv.txn()
        .If(isThere(place))
        .Then(Op.get(place.key(), GetOption.builder().withCountOnly(true).build()))
        .commit()
        .thenApply(TxnResponse::isSucceeded);
  }

  /**
   * Gives a place up, whenever it was taken: no other claim has this key.
   *
   * @return what was there
   */
  CompletableFuture<Optional<Tenure>> leave(ByteSequence place) {
    return kv.delete(place, WITH_FORMER)
        .thenApply(answer -> answer.getPrevKvs().stream().findFirst().map(Tenure::of));
  }

  /**
   * As {@link #leave(ByteSequence)}.
   *
   * @return the first of the line before that, if the place was there
   */
  CompletableFuture<Optional<KeyValue>> leave(ByteSequence line, ByteSequence place) {
    return kv.txn()
        .If(created(place, Cmp.Op.GREATER, 0))
        .Then(
            Op.get(line, oldest().withKeysOnly(true).build()),
            Op.delete(place, DeleteOption.DEFAULT))
        .commit()
        .thenApply(
            answer ->
                answer.isSucceeded() ? first(answer.getGetResponses().get(0)) : Optional.empty());
  }

  /** Gives up places that nobody asks for any more; at most 128 at once. */
  CompletableFuture<TxnResponse> sweep(List<ByteSequence> places) {
    return kv.txn()
        .Then(
            places.stream().map(place -> Op.delete(place, DeleteOption.DEFAULT)).toArray(Op[]::new))
        .commit();
  }

  /** Whoever is first in a line, with the number of all. */
  CompletableFuture<GetResponse> first(ByteSequence line) {
    return kv.get(line, oldest().build());
  }

  CompletableFuture<GetResponse> base() {
    return kv.get(base);
  }

  /** What the base was at a revision; empty if there was none, or etcd was compacted since. */
  CompletableFuture<Optional<ByteSequence>> baseAt(long revision) {
    return kv.get(base, GetOption.builder().withRevision(revision).build())
        .thenApply(got -> first(got).map(KeyValue::getValue))
        .exceptionallyCompose(
            failure ->
                EtcdFailure.isCompacted(failure)
                    ? CompletableFuture.completedFuture(Optional.empty())
                    : CompletableFuture.failedFuture(failure));
  }

  /**
   * Marks the place; if the base has to be lifted, that is done here, unless it is higher than what
   * there was to lift it from.
   */
  private Op mark(ByteSequence place, long lease, String label, Mint mint) {
    PutOption hanging = PutOption.builder().withLeaseId(lease).build();
    Op plain = Op.put(place, Tokens.mark(1, label), hanging);
    if (mint.lift().isEmpty()) {
      return plain;
    }
    Lift lift = mint.lift().get();
    return Op.txn(
        new Cmp[] {
          new Cmp(base, Cmp.Op.GREATER, CmpTarget.value(Tokens.written(lift.unlessAbove())))
        },
        new Op[] {plain},
        new Op[] {
          Op.put(base, Tokens.written(lift.to()), PutOption.DEFAULT),
          Op.put(place, Tokens.mark(mint.span(), label), hanging)
        });
  }

  /** Whether the first part of an answer is a transaction that has lifted the base. */
  private static boolean lifted(TxnResponse marked) {
    return marked.isSucceeded()
        && marked.getTxnResponses().stream()
            .findFirst()
            .filter(lift -> !lift.isSucceeded())
            .isPresent();
  }

  private static Line line(TxnResponse answer, boolean lifted, int own) {
    List<GetResponse> got = answer.getGetResponses();
    List<KeyValue> newest = got.get(1).getKvs();
    return new Line(
        answer.getHeader().getRevision(),
        first(got.get(0)).map(KeyValue::getValue),
        lifted,
        newest.size() > own ? Optional.of(Tenure.of(newest.get(own))) : Optional.empty(),
        (int) got.get(1).getCount() - 1);
  }

  private static Optional<KeyValue> first(GetResponse got) {
    return got.getKvs().stream().findFirst();
  }

  private static Cmp created(ByteSequence key, Cmp.Op op, long revision) {
    return new Cmp(key, op, CmpTarget.createRevision(revision));
  }

  private static Cmp isThere(Tenure place) {
    return created(place.key(), Cmp.Op.EQUAL, place.revision());
  }

  private static GetOption.Builder newest(int limit) {
    return byCreation(SortOrder.DESCEND).withKeysOnly(true).withLimit(limit);
  }

  private static GetOption.Builder oldest() {
    return byCreation(SortOrder.ASCEND).withLimit(1);
  }

  private static GetOption.Builder byCreation(SortOrder order) {
    return GetOption.builder().isPrefix(true).withSortField(SortTarget.CREATE).withSortOrder(order);
  }
}
