package io.holdfast.zookeeper;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.Op;

/**
 * A look at a lock's folder that holds while the base is read: the line before it and the line
 * after it. One question of three parts, which a server answers in their order, and need not answer
 * at one moment. Why it takes three is said in {@link Base}.
 *
 * <p>It proves something only for {@link Session#keptFrom}, which counts from a question that the
 * leader has answered: a creation or {@link Session#sync}. A server that is cut off from the leader
 * cannot answer those, and what it could say of our own node later than that may be over: the
 * leader may have ended our session, and granted the lock.
 *
 * @param askedAt when it was put
 */
record Look(Line before, Base.Reading base, List<String> after, long askedAt) {

  static CompletableFuture<Look> at(String folder, Session session, Base base) {
    Op line = Op.getChildren(folder);
    long askedAt = session.now();
    return session
        .read(List.of(line, Op.getData(base.path()), line))
        .thenApply(
            parts ->
                new Look(
                    new Line(Answers.children(parts.get(0))),
                    base.reading(parts.get(1)),
                    Answers.children(parts.get(2)),
                    askedAt));
  }

  /** Whether a node was there all the time. */
  boolean has(String node) {
    return before.nodes().contains(node) && after.contains(node);
  }
}
