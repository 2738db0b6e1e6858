package io.holdfast.zookeeper;

import io.holdfast.spi.Claim;
import io.holdfast.spi.Watch;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Wakes a waiter when the node before its own is gone, or its own. So a release wakes one waiter,
 * whatever their number. Thread-safe.
 */
final class Hints {

  private final Map<String, Waiting> byClaim = new ConcurrentHashMap<>();

  private static final class Waiting {
    private final Runnable mayBeFree;
    private volatile List<String> armedFor = List.of();
    private volatile List<Watch> armed = List.of();

    private Waiting(Runnable mayBeFree) {
      this.mayBeFree = mayBeFree;
    }

    /** Nodes that are watched already are not watched again. */
    private void arm(Session session, List<String> nodes) {
      if (!nodes.equals(armedFor)) {
        disarm();
        armedFor = nodes;
        armed = nodes.stream().map(node -> session.watch(node, this::hint)).toList();
      }
    }

    private void hint() {
      armedFor = List.of(); // a watch tells once
      mayBeFree.run();
    }

    private void disarm() {
      armed.forEach(Watch::close);
      armed = List.of();
    }
  }

  /** A waiter, which {@link #arm} tells what to watch. */
  Watch add(Claim claim, Runnable mayBeFree) {
    Waiting waiting = new Waiting(mayBeFree);
    byClaim.put(claim.id(), waiting);
    return () -> {
      byClaim.remove(claim.id(), waiting);
      waiting.disarm();
    };
  }

  /** Watches nodes for a claim, in place of those before, if someone waits for it. */
  void arm(Claim claim, Session session, List<String> nodes) {
    @Nullable Waiting waiting = byClaim.get(claim.id());
    if (waiting != null) {
      waiting.arm(session, nodes);
    }
  }
}
