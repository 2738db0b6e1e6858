package io.holdfast.zookeeper;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/** What the parts of {@link Session#multi} are answered: of a node that is not there, nothing. */
final class Answers {

  private Answers() {}

  /** What is in a node. */
  record Data(String text, Stat stat) {}

  /** The names of the nodes in a folder. */
  static List<String> children(OpResult part) {
    return part instanceof OpResult.GetChildrenResult found
        ? found.getChildren()
        : ifNotThere(part, List.of());
  }

  static Optional<Data> data(OpResult part) {
    return part instanceof OpResult.GetDataResult found
        ? Optional.of(new Data(text(found.getData()), found.getStat()))
        : ifNotThere(part, Optional.empty());
  }

  private static <A> A ifNotThere(OpResult part, A nothing) {
    Code why = Code.get(((OpResult.ErrorResult) part).getErr());
    if (why != Code.NONODE) {
      throw new CompletionException(KeeperException.create(why));
    }
    return nothing;
  }

  private static String text(byte @Nullable [] bytes) {
    return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
  }
}
