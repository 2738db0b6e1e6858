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
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of etcd, each one transaction: take a place, look at it, give it up, see who is
 * first. jetcd would send none of them twice here, and each may be. Thread-safe.
 */
final class Transactions {

  private final KV kv;
  private final Keys keys;

  Transactions(KV kv, Keys keys) {
    this.kv = kv;
    this.keys = keys;
  }

  /**
   * What would make tokens of a grant.
   *
   * @param floor the base if it is not higher already
   * @param span how many tokens
   */
  record Mint(long floor, int span) {}

  /**
   * The line as a place sees it.
   *
   * @param revision of the store
   * @param base what tokens count from; empty if there is none
   * @param madeRoom whether the base was lifted for the whole span
   * @param ahead who is next before the place; empty if it is the first
   * @param others how many have a place beside this one
   */
  record Line(
      long revision,
      Optional<ByteSequence> base,
      boolean madeRoom,
      Optional<ByteSequence> ahead,
      int others) {}

  /** A place that was taken, or the key that was there already. */
  record Entered(Optional<Line> line, Optional<KeyValue> present) {}

  /** Takes a place at the end of the line, unless the claim has one. */
  CompletableFuture<Entered> enter(
      ByteSequence line, ByteSequence place, long lease, String label, Mint mint) {
    return kv.txn()
        .If(created(place, Cmp.Op.EQUAL, 0))
        .Then(
            lift(place, lease, label, mint),
            Op.get(keys.base(), GetOption.DEFAULT),
            Op.get(line, newest(2).build()))
        .Else(Op.get(place, GetOption.DEFAULT))
        .commit()
        .thenApply(
            answer ->
                answer.isSucceeded()
                    ? new Entered(
                        Optional.of(line(answer, answer.getTxnResponses().get(0), 1)),
                        Optional.empty())
                    : new Entered(
                        Optional.empty(),
                        first(answer.getGetResponses().get(0)).stream().findAny()));
  }

  /**
   * Looks who is ahead of a place.
   *
   * @param mint what to do if the one who was ahead is gone
   * @return empty if the place is not there with that create revision
   */
  CompletableFuture<Optional<Line>> look(
      ByteSequence line,
      ByteSequence place,
      long revision,
      long lease,
      String label,
      Optional<ByteSequence> ahead,
      Optional<Mint> mint) {
    Op base = Op.get(keys.base(), GetOption.DEFAULT);
    Op before = Op.get(line, newest(1).withMaxCreateRevision(revision - 1).build());
    Cmp[] isGone = ahead.map(key -> created(key, Cmp.Op.EQUAL, 0)).stream().toArray(Cmp[]::new);
    Op[] ops =
        mint.map(
                tokens ->
                    new Op[] {
                      Op.txn(isGone, new Op[] {lift(place, lease, label, tokens)}, new Op[0]),
                      base,
                      before
                    })
            .orElse(new Op[] {base, before});
    return kv.txn()
        .If(created(place, Cmp.Op.EQUAL, revision))
        .Then(ops)
        .commit()
        .thenApply(
            answer ->
                answer.isSucceeded()
                    ? Optional.of(
                        line(
                            answer,
                            mint.isEmpty() ? null : lifted(answer.getTxnResponses().get(0)),
                            0))
                    : Optional.empty());
  }

  /**
   * Gives a place up, whenever it was taken: no other claim has this key.
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
    return kv.get(keys.base());
  }

  /**
   * Marks the place, and lifts the base unless it is higher than what there was to lift it from.
   * One of both is in the answer: which.
   */
  private Op lift(ByteSequence place, long lease, String label, Mint mint) {
    PutOption hanging = PutOption.builder().withLeaseId(lease).build();
    Cmp isHigher =
        new Cmp(keys.base(), Cmp.Op.GREATER, CmpTarget.value(Tokens.written(mint.floor())));
    long lifted = mint.floor() + mint.span() - 1;
    return Op.txn(
        new Cmp[] {isHigher},
        new Op[] {Op.put(place, Tokens.mark(OptionalLong.empty(), label), hanging)},
        new Op[] {
          Op.put(keys.base(), Tokens.written(lifted), PutOption.DEFAULT),
          Op.put(place, Tokens.mark(OptionalLong.of(mint.floor()), label), hanging)
        });
  }

  /** The nested transaction that lifts, if it was reached. */
  private static @Nullable TxnResponse lifted(TxnResponse ifAheadIsGone) {
    return ifAheadIsGone.isSucceeded() ? ifAheadIsGone.getTxnResponses().get(0) : null;
  }

  private static Line line(TxnResponse answer, @Nullable TxnResponse lift, int own) {
    List<GetResponse> got = answer.getGetResponses();
    List<KeyValue> newest = got.get(1).getKvs();
    return new Line(
        answer.getHeader().getRevision(),
        first(got.get(0)).map(KeyValue::getValue),
        lift != null && !lift.isSucceeded(),
        newest.stream().skip(own).findFirst().map(KeyValue::getKey),
        (int) got.get(1).getCount() - 1);
  }

  private static Optional<KeyValue> first(GetResponse got) {
    return got.getKvs().stream().findFirst();
  }

  private static Cmp created(ByteSequence key, Cmp.Op op, long revision) {
    return new Cmp(key, op, CmpTarget.createRevision(revision));
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
