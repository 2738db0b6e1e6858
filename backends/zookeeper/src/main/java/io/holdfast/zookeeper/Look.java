package io.holdfast.zookeeper;

import java.util.concurrent.CompletableFuture;

/**
 * A look at a lock's folder that holds while the base is read: the line before it and the line
 * after it, in three questions that are sent together. Why it takes three is said in {@link Base}.
 */
record Look(Line before, long base, Line after) {

  /**
   * Looks behind a question that the leader has answered, a creation or {@link Session#sync}. A
   * server that is cut off from the leader cannot answer those, and what it could say of our own
   * node without them may be over: the leader may have ended our session, and granted the lock.
   */
  static CompletableFuture<Look> at(
      String folder, Session session, Base base, CompletableFuture<?> leader) {
    var unused = base.lift(session);
    CompletableFuture<Line> before = session.children(folder);
    CompletableFuture<Long> read = base.read(session);
    CompletableFuture<Line> after = session.children(folder);
    return before
        .thenCombine(read, (line, value) -> new Look(line, value, line))
        .thenCombine(after, (look, line) -> new Look(look.before, look.base, line))
        .thenCombine(leader, (look, answered) -> look);
  }

  /** Whether a node was there all the time. */
  boolean has(String node) {
    return before.has(node) && after.has(node);
  }
}
