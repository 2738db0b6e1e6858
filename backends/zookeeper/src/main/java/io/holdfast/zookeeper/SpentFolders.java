package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.ZookeeperFailure.is;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.zookeeper.KeeperException.Code;

/**
 * Folders whose counters are near their ends, where they order nothing any more ({@link Line}).
 * Whoever came before is served; then such a folder is empty, and deleted, and the next one begins
 * at 0. Nobody who knows it puts a node into it: with many who wait it would never be empty.
 * Thread-safe.
 */
final class SpentFolders {

  /**
   * Each with the last transaction that was seen to create a node in it: a folder that was created
   * later is another one.
   */
  private final Map<String, Long> spent = new ConcurrentHashMap<>();

  void add(String folder, long czxid) {
    spent.merge(folder, czxid, Math::max);
  }

  /** Completes with whether nodes may be put into it; deletes it if it is spent and empty. */
  CompletionStage<Boolean> isOpen(String folder, Session session) {
    Long known = spent.get(folder);
    if (known == null) {
      return CompletableFuture.completedFuture(true);
    }
    return session
        .exists(folder)
        .thenCompose(
            stat ->
                stat.getCzxid() < known
                    ? session.delete(folder)
                    : CompletableFuture.completedFuture(true))
        .exceptionallyCompose(
            failure ->
                is(Code.NOTEMPTY, failure) || is(Code.NONODE, failure)
                    ? CompletableFuture.completedFuture(is(Code.NONODE, failure))
                    : CompletableFuture.failedFuture(failure))
        .thenApply(
            isOpen -> {
              if (isOpen) {
                spent.remove(folder, known);
              }
              return isOpen;
            });
  }
}
