package io.holdfast.zookeeper;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;

/**
 * A look at a lock's folder that holds while the base is read: the line before it, and which nodes
 * are there after it. One question of three parts, which a server answers in their order, and need
 * not answer at one moment. Why it takes three is said in {@link Base}.
 *
 * <p>It proves something only for {@link Session#keptFrom}, which counts from a question that the
 * leader has answered: a creation or {@link Session#sync}. A server that is cut off from the leader
 * cannot answer those, and what it could say of our own node later than that may be over: the
 * leader may have ended our session, and granted the lock.
 *
 * @param after nodes that are there after the base was read: all, or the one that was asked for
 * @param askedAt when it was put
 */
record Look(Line before, Base.Reading base, List<String> after, long askedAt) {

  /** For who learns its node's name only from an answer that is still to come. */
  static CompletableFuture<Look> at(String folder, Session session, Base base) {
    return at(folder, session, base, Op.getChildren(folder), Answers::children);
  }

  /** For who knows its node's name, and is spared the whole line a second time. */
  static CompletableFuture<Look> at(String folder, Session session, Base base, String node) {
    return at(
        folder,
        session,
        base,
        Op.getData(folder + "/" + node),
        part -> Answers.data(part).stream().map(there -> node).toList());
  }

  private static CompletableFuture<Look> at(
      String folder, Session session, Base base, Op last, Function<OpResult, List<String>> after) {
    long askedAt = session.now();
    return session
        .multi(List.of(Op.getChildren(folder), Op.getData(base.path()), last))
        .thenApply(
            parts ->
                new Look(
                    new Line(Answers.children(parts.get(0))),
                    base.reading(parts.get(1)),
                    after.apply(parts.get(2)),
                    askedAt));
  }

  /** Whether a node was there all the time. */
  boolean has(String node) {
    return before.nodes().contains(node) && after.contains(node);
  }
}
