package io.holdfast.engine;

import static io.holdfast.engine.Interleavings.caught;
import static io.holdfast.engine.Interleavings.duel;
import static io.holdfast.engine.Interleavings.generated;
import static io.holdfast.engine.Interleavings.must;
import static io.holdfast.engine.Interleavings.onAnEngine;

import io.holdfast.Lease;
import io.holdfast.LockOptions;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Callers that come, go away, run out of time and give back at the same moment: one at a time has
 * the lock, in the order in which they came, and nobody is left waiting for a lock that is free.
 */
class HandOverTest {

  private static final int ORDERS = 80;
  private static final LockOptions SOON = LockOptions.DEFAULTS.waitAtMost(Duration.ofSeconds(5));

  @Test
  @Tag("slow")
  void whateverCallersDoOneHasTheLockAndNobodyIsForgotten() {
    onAnEngine(generated("LocalQueue, anything by two threads", 5, 20)).check(Anything.class);
  }

  @Test
  @Tag("slow")
  void whateverThreeThreadsDoOneHasTheLockAndNobodyIsForgotten() {
    onAnEngine(generated("LocalQueue, anything by three threads", 2, 30))
        .threads(3)
        .actorsPerThread(2)
        .check(Anything.class);
  }

  @Test
  @Tag("slow")
  void whoComesWhileTheLockIsGivenBackGetsIt() {
    duel("LocalQueue, release against enter", 3 * ORDERS, ReleaseAgainstEnter.class);
  }

  @Test
  @Tag("slow")
  void whoIsCancelledWhileTheLockIsHandedOverLeavesNothingBehind() {
    duel("LocalQueue, release against cancel", ORDERS, ReleaseAgainstCancel.class);
  }

  @Test
  @Tag("slow")
  void whoRunsOutOfTimeWhileTheLockIsHandedOverHasItOrNot() {
    duel("LocalQueue, release against deadline", ORDERS, ReleaseAgainstDeadline.class);
  }

  @Test
  @Tag("slow")
  void thoseWhoWaitAreServedInTheirOrder() {
    duel("LocalQueue, order of service", ORDERS / 2, OrderOfService.class);
  }

  @Test
  void whoComesWhileTheLocksAreClosedIsTold() {
    duel("LocalQueue, Locks.close against enter", ORDERS / 2, LocksCloseAgainstEnter.class);
  }

  @Test
  @Tag("slow")
  void aQueueThatLosesAWakeUpIsCaught() {
    caught(
        "nobody waits for a lock that is free",
        () -> duel("a queue that loses a wake-up", ORDERS, Sleepy.class));
  }

  /** Four callers; each comes once. */
  @Param(name = "caller", gen = IntGen.class, conf = "0:3")
  public static final class Anything {
    private final Rig rig = new Rig();
    private final AtomicReferenceArray<@Nullable CompletableFuture<Lease>> futures =
        new AtomicReferenceArray<>(4);
    private final AtomicReferenceArray<@Nullable Lease> held = new AtomicReferenceArray<>(4);
    private final AtomicReference<@Nullable Lease> last = new AtomicReference<>();
    private final AtomicBoolean twoAtOnce = new AtomicBoolean();

    /** Comes, to wait for a while. */
    @Operation(params = "caller")
    public void enter(int caller) {
      CompletableFuture<Lease> future = new CompletableFuture<>();
      if (futures.compareAndSet(caller, null, future)) {
        CompletableFuture<Lease> asked = rig.locks.acquireAsync(Rig.NAME, SOON);
        futures.set(caller, asked);
        var unused = asked.thenAccept(lease -> granted(caller, lease));
      }
    }

    private void granted(int caller, Lease lease) {
      Lease before = last.getAndSet(lease);
      if (before != null && (before.isHeld() || before.token() >= lease.token())) {
        twoAtOnce.set(true);
      }
      held.set(caller, lease);
    }

    /** Goes away, perhaps with the lock. */
    @Operation(params = "caller")
    public void cancel(int caller) {
      CompletableFuture<Lease> future = futures.get(caller);
      if (future != null) {
        future.cancel(false);
      }
    }

    /** Gives the lock back. */
    @Operation(params = "caller")
    public void release(int caller) {
      Lease lease = held.getAndSet(caller, null);
      if (lease != null) {
        lease.close();
      }
    }

    /** Most of the wait of those who are there; no renewal comes due. */
    @Operation(nonParallelGroup = "time")
    public void timePasses() {
      rig.time.pass(Duration.ofSeconds(3));
    }

    /** Now, and when all have given back what they got. */
    @Validate
    public void nobodyIsForgotten() {
      must(!twoAtOnce.get(), "one at a time");
      for (int turn = 0; turn < 5; turn++) {
        must(isHeld() || !someoneWaits(), "nobody waits for a lock that is free");
        for (int caller = 0; caller < 4; caller++) {
          release(caller);
        }
      }
      must(!someoneWaits(), "nobody is left");
      must(!twoAtOnce.get(), "one at a time");
      rig.comesToRest();
    }

    private boolean isHeld() {
      boolean found = false;
      for (int caller = 0; caller < 4; caller++) {
        found |= held.get(caller) != null;
      }
      return found;
    }

    private boolean someoneWaits() {
      boolean found = false;
      for (int caller = 0; caller < 4; caller++) {
        CompletableFuture<Lease> future = futures.get(caller);
        found |= future != null && !future.isDone();
      }
      return found;
    }
  }

  /** A holder gives back while another caller comes. */
  public static class ReleaseAgainstEnter extends Duel {
    private final Runnable release = enter().join();
    private volatile @Nullable CompletableFuture<Runnable> entered;

    /** What gives the lock back, once the caller has it. */
    CompletableFuture<Runnable> enter() {
      return rig.locks.acquireAsync(Rig.NAME).thenApply(lease -> () -> lease.close());
    }

    @Override
    void one() {
      release.run();
    }

    @Override
    void other() {
      entered = enter();
    }

    @Override
    void afterwards() {
      CompletableFuture<Runnable> future = entered;
      must(future != null && future.isDone(), "nobody waits for a lock that is free");
      hasAnEntry();
      if (future != null) {
        future.join().run();
      }
      rig.comesToRest();
    }

    void hasAnEntry() {
      must(rig.locks.names() == 1, "who holds the lock has an entry");
    }
  }

  /** A holder gives back while the only one who waits is cancelled. */
  public static final class ReleaseAgainstCancel extends Duel {
    private final Lease lease = rig.acquired();
    private final CompletableFuture<Lease> waiting = rig.locks.acquireAsync(Rig.NAME);
    private volatile boolean cancelled;

    @Override
    void one() {
      lease.close();
    }

    @Override
    void other() {
      cancelled = waiting.cancel(false);
    }

    @Override
    void afterwards() {
      if (!cancelled) {
        waiting.join().close();
      }
      must(rig.store.contents(Rig.LOCK).size() == 1, "who was cancelled keeps nothing");
      rig.comesToRest();
    }
  }

  /** A holder gives back while the wait of another ends. */
  public static final class ReleaseAgainstDeadline extends Duel {
    private final Lease lease = rig.acquired();
    private final CompletableFuture<Lease> waiting = rig.locks.acquireAsync(Rig.NAME, SOON);

    @Override
    void one() {
      lease.close();
    }

    @Override
    void other() {
      rig.time.pass(SOON.waitAtMost());
    }

    @Override
    void afterwards() {
      must(waiting.isDone(), "who runs out of time is told");
      if (!waiting.isCompletedExceptionally()) {
        must(waiting.join().isHeld(), "what is granted is held");
        waiting.join().close();
      }
      rig.comesToRest();
    }
  }

  /** Three wait; a fourth comes while the first is served. */
  public static final class OrderOfService extends Duel {
    private final Lease lease = rig.acquired();
    private final Queue<Integer> served = new ConcurrentLinkedQueue<>();
    private final CompletableFuture<Void> first = enter(1);
    private final CompletableFuture<Void> second = enter(2);
    private final CompletableFuture<Void> third = enter(3);
    private volatile @Nullable CompletableFuture<Void> fourth;

    private CompletableFuture<Void> enter(int number) {
      CompletableFuture<Lease> future = rig.locks.acquireAsync(Rig.NAME);
      return future.thenCompose(
          granted -> {
            served.add(number);
            return granted.closeAsync();
          });
    }

    @Override
    void one() {
      lease.close();
    }

    @Override
    void other() {
      fourth = enter(4);
    }

    @Override
    void afterwards() {
      CompletableFuture<Void> last = fourth;
      must(
          first.isDone() && second.isDone() && third.isDone() && last != null && last.isDone(),
          "nobody waits for a lock that is free");
      int before = 0;
      for (int number : served) {
        must(number == before + 1, "first come, first served");
        before = number;
      }
      rig.comesToRest();
    }
  }

  /** The locks are closed while a caller comes. */
  public static final class LocksCloseAgainstEnter extends Duel {
    private final Lease lease = rig.acquired();
    private volatile @Nullable CompletableFuture<Lease> entered;

    @Override
    void one() {
      rig.locks.close();
    }

    @Override
    void other() {
      entered = rig.locks.acquireAsync(Rig.NAME);
    }

    @Override
    void afterwards() {
      CompletableFuture<Lease> future = entered;
      must(future != null && future.isCompletedExceptionally(), "closed locks refuse");
      must(!lease.isHeld(), "closed locks hold nothing");
      rig.comesToRest();
    }
  }

  /** A broken twin: who finds the lock taken waits, and does not look again. */
  public static final class Sleepy extends ReleaseAgainstEnter {
    private static final class State {
      private final AtomicBoolean taken = new AtomicBoolean();
      private final Queue<CompletableFuture<Runnable>> waiting = new ConcurrentLinkedQueue<>();
    }

    private @Nullable State state;

    @Override
    void hasAnEntry() {}

    private State state() {
      State known = state == null ? new State() : state;
      state = known;
      return known;
    }

    @Override
    CompletableFuture<Runnable> enter() {
      State queue = state();
      CompletableFuture<Runnable> future = new CompletableFuture<>();
      if (queue.taken.compareAndSet(false, true)) {
        future.complete(() -> release(queue));
      } else {
        queue.waiting.add(future);
      }
      return future;
    }

    private static void release(State queue) {
      CompletableFuture<Runnable> next = queue.waiting.poll();
      if (next != null) {
        next.complete(() -> release(queue));
      } else {
        queue.taken.set(false);
      }
    }
  }
}
