package io.holdfast.zookeeper;

import io.holdfast.spi.Claim;
import io.holdfast.spi.Time;
import io.holdfast.spi.Watch;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Wakes a waiter when the node before its own is gone, or its own. So a release wakes one waiter,
 * whatever their number. Thread-safe.
 *
 * <p>The node before is watched at once. The own one ends before its turn only when it is deleted
 * by hand, and is watched within {@link #LATER}: a turn that comes sooner is spared that question
 * and its event. One timer serves all waiters, and is set only when one has begun to wait.
 */
final class Hints {

  private static final Duration LATER = Duration.ofSeconds(1);

  private final Time time;
  private final Map<String, Waiting> byClaim = new ConcurrentHashMap<>();
  private final AtomicBoolean isTimerSet = new AtomicBoolean();

  Hints(Time time) {
    this.time = time;
  }

  private static final class Waiting {
    private final Runnable mayBeFree;
    private final AtomicReference<@Nullable Armed> armed = new AtomicReference<>();

    private Waiting(Runnable mayBeFree) {
      this.mayBeFree = mayBeFree;
    }

    /** Nodes that are watched already are not watched again: then it is false. */
    private boolean arm(Session session, List<String> nodes) {
      Armed before = armed.get();
      if (before != null && !before.isOver && before.nodes.equals(nodes)) {
        return false;
      }
      Armed now = new Armed(session, nodes, mayBeFree);
      replaceBy(now);
      now.watch(nodes.subList(0, 1));
      return true;
    }

    private void watchRest() {
      Armed now = armed.get();
      if (now != null) {
        now.watchRest();
      }
    }

    private void replaceBy(@Nullable Armed next) {
      Armed before = armed.getAndSet(next);
      if (before != null) {
        before.close();
      }
    }
  }

  /** Nodes that one waiter watches, until the first of them tells. */
  private static final class Armed {
    private final Session session;
    private final List<String> nodes;
    private final Runnable mayBeFree;
    private final Queue<Watch> watches = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean isRestWatched = new AtomicBoolean();
    private volatile boolean isOver;

    private Armed(Session session, List<String> nodes, Runnable mayBeFree) {
      this.session = session;
      this.nodes = nodes;
      this.mayBeFree = mayBeFree;
    }

    private void watchRest() {
      if (!isOver && isRestWatched.compareAndSet(false, true)) {
        watch(nodes.subList(1, nodes.size()));
      }
    }

    private void watch(List<String> some) {
      some.forEach(node -> watches.add(session.watch(node, this::tell)));
      if (isOver) {
        close(); // meanwhile
      }
    }

    private void tell() {
      isOver = true;
      mayBeFree.run();
    }

    private void close() {
      isOver = true;
      watches.forEach(Watch::close);
    }
  }

  /** A waiter, which {@link #arm} tells what to watch. */
  Watch add(Claim claim, Runnable mayBeFree) {
    Waiting waiting = new Waiting(mayBeFree);
    byClaim.put(claim.id(), waiting);
    return () -> {
      byClaim.remove(claim.id(), waiting);
      waiting.replaceBy(null);
    };
  }

  /**
   * Watches nodes for a claim, in place of those before, if someone waits for it.
   *
   * @param nodes one at least; the first at once and the others later
   */
  void arm(Claim claim, Session session, List<String> nodes) {
    @Nullable Waiting waiting = byClaim.get(claim.id());
    if (waiting != null && waiting.arm(session, nodes) && nodes.size() > 1) {
      setTimer();
    }
  }

  private void setTimer() {
    if (isTimerSet.compareAndSet(false, true)) {
      Time.Timer unused = time.schedule(LATER, this::watchRest);
    }
  }

  private void watchRest() {
    isTimerSet.set(false); // whoever is armed from now on sets another
    byClaim.values().forEach(Waiting::watchRest);
  }
}
