package io.holdfast.zookeeper;

import io.holdfast.Inspection;
import io.holdfast.LockName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.zookeeper.Op;

/** Who has a lock, for people. */
final class Inspections {

  private Inspections() {}

  static CompletionStage<Inspection> of(LockName name, String folder, Session session, Base base) {
    return session
        .children(folder)
        .thenCompose(
            line -> {
              Optional<String> first = line.first();
              if (first.isEmpty()) {
                return CompletableFuture.completedFuture(
                    new Inspection(name, Optional.empty(), OptionalInt.of(0)));
              }
              OptionalInt waiting = OptionalInt.of(line.nodes().size() - 1);
              Op holder = Op.getData(folder + "/" + first.get());
              return session
                  .multi(List.of(holder, Op.getData(base.path())))
                  .thenApply(
                      parts -> {
                        Base.Reading now = base.reading(parts.get(1));
                        return new Inspection(
                            name,
                            Answers.data(parts.get(0)).map(node -> holder(node, now)),
                            waiting);
                      });
            });
  }

  /**
   * The token is told if the base has not risen since the node was created; later it cannot be said
   * from outside with which base the lock was granted. What remains is the most that may remain.
   */
  private static Inspection.Holder holder(Answers.Data node, Base.Reading base) {
    String[] words = node.text().split(" ", 2);
    boolean isOurs = words.length == 2 && words[0].matches("[0-9]{1,9}");
    long czxid = node.stat().getCzxid();
    boolean isExact = base.stat().getMzxid() < czxid;
    return new Inspection.Holder(
        isOurs ? words[1] : "another client (the content is not Holdfast's)",
        isExact ? OptionalLong.of(base.base() + czxid) : OptionalLong.empty(),
        isOurs ? Optional.of(Duration.ofMillis(Long.parseLong(words[0]))) : Optional.empty());
  }
}
