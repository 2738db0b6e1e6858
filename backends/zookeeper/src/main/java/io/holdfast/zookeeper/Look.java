package io.holdfast.zookeeper;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.ToLongFunction;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.data.Stat;

/**
 * A look at a lock's folder that holds while the base is read: the line before it, and whether the
 * own node is there after it. One question of three parts, which a server answers in their order,
 * and need not answer at one moment. Why it takes three is said in {@link Base}.
 *
 * <p>It proves something only for {@link Session#keptFrom}, which counts from a question that the
 * leader has answered: a creation or {@link Session#sync}. A server that is cut off from the leader
 * cannot answer those, and what it could say of our own node later than that may be over: the
 * leader may have ended our session, and granted the lock.
 *
 * @param after what the server said when the base was read: by which transaction the own node was
 *     created, or the folder was changed last; {@link #NONE} if it was not there
 * @param isOfNode which of the two
 * @param askedAt when it was put
 */
record Look(Line before, Base.Reading base, long after, boolean isOfNode, long askedAt) {

  private static final long NONE = -1;

  /**
   * For who learns its node's name only from an answer that is still to come. Its node is there if
   * the folder's last change ({@code pzxid}) was that node's creation: a deletion is a change, too.
   */
  static CompletableFuture<Look> at(String folder, Session session, Base base) {
    return at(folder, session, base, false, folder, Stat::getPzxid);
  }

  /** For who knows its node's name. */
  static CompletableFuture<Look> at(String folder, Session session, Base base, String node) {
    return at(folder, session, base, true, folder + "/" + node, Stat::getCzxid);
  }

  private static CompletableFuture<Look> at(
      String folder,
      Session session,
      Base base,
      boolean isOfNode,
      String last,
      ToLongFunction<Stat> after) {
    long askedAt = session.now();
    return session
        .multi(List.of(Op.getChildren(folder), Op.getData(base.path()), Op.getData(last)))
        .thenApply(
            parts ->
                new Look(
                    new Line(Answers.children(parts.get(0))),
                    base.reading(parts.get(1)),
                    Answers.data(parts.get(2))
                        .map(data -> after.applyAsLong(data.stat()))
                        .orElse(NONE),
                    isOfNode,
                    askedAt));
  }

  /** Whether a node, created by this transaction, was there all the time. */
  boolean has(String node, long czxid) {
    return before.nodes().contains(node) && after == czxid;
  }

  /** Whether it surely was not, or is another's by now; else a look at the node itself tells. */
  boolean lacks(String node, long czxid) {
    return !before.nodes().contains(node) || (isOfNode && after != czxid);
  }
}
