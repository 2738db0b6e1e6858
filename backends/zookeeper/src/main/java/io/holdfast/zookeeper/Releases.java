package io.holdfast.zookeeper;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;

/**
 * The releases of a session's locks, which are deletions of their nodes. One that comes while
 * another is under way goes with the next question, together with all that have come by then, as
 * one transaction. One that comes alone waits for nothing.
 *
 * <p>A transaction is done as a whole or not at all. One that is refused, because a node of it was
 * deleted by hand or may not be deleted, is put again node by node, so that nobody is answered for
 * another. One whose answer is lost leaves open what became of each of its nodes.
 *
 * <p>What is asked after the call, and does not wait for the answer, may overtake it. So this is
 * not for a claim that gives up its place: the next one would find itself behind it. One that waits
 * here while the connection breaks goes over the next. Thread-safe.
 */
final class Releases {

  /** Of one transaction: far below the megabyte that servers take, however long the names are. */
  private static final int MOST = 100;

  private final Session session;
  private final Queue<Unsent> unsent = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean isUnderWay = new AtomicBoolean();

  private record Unsent(String node, CompletableFuture<Boolean> answer) {}

  Releases(Session session) {
    this.session = session;
  }

  /** Deletes a node. */
  CompletableFuture<Boolean> release(String node) {
    Unsent release = new Unsent(node, new CompletableFuture<>());
    unsent.add(release);
    sendNext();
    return release.answer();
  }

  private void sendNext() {
    while (!unsent.isEmpty() && isUnderWay.compareAndSet(false, true)) {
      List<Unsent> next = take();
      if (!next.isEmpty()) {
        send(next);
        return;
      }
      isUnderWay.set(false); // another thread has sent them, and more may have come
    }
  }

  private List<Unsent> take() {
    List<Unsent> next = new ArrayList<>();
    for (Unsent each = unsent.poll(); each != null; each = unsent.poll()) {
      next.add(each);
      if (next.size() == MOST) {
        break;
      }
    }
    return next;
  }

  private void send(List<Unsent> together) {
    CompletableFuture<Boolean> done = put(together);
    var unused =
        done.whenComplete(
            (isDone, failure) -> {
              isUnderWay.set(false);
              sendNext();
              boolean isRefused = failure == null && !isDone;
              together.forEach(each -> tell(each, isRefused ? put(List.of(each)) : done));
            });
  }

  /** False if a transaction is refused. */
  private CompletableFuture<Boolean> put(List<Unsent> together) {
    try {
      return together.size() == 1 ? session.delete(together.get(0).node()) : atOnce(together);
    } catch (RuntimeException | Error e) {
      return CompletableFuture.failedFuture(e); // or nothing would ever be released again
    }
  }

  private CompletableFuture<Boolean> atOnce(List<Unsent> together) {
    return session
        .multi(together.stream().map(each -> Op.delete(each.node(), -1)).toList())
        .thenApply(
            parts ->
                parts.size() == together.size()
                    && parts.stream().allMatch(OpResult.DeleteResult.class::isInstance));
  }

  private static void tell(Unsent release, CompletableFuture<Boolean> done) {
    var unused =
        done.whenComplete(
            (isDone, failure) -> {
              if (failure == null) {
                release.answer().complete(isDone);
              } else {
                release.answer().completeExceptionally(failure);
              }
            });
  }
}
