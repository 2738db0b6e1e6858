package io.holdfast.engine;

import static io.holdfast.engine.Interleavings.caught;
import static io.holdfast.engine.Interleavings.duel;
import static io.holdfast.engine.Interleavings.must;

import io.holdfast.Lease;
import io.holdfast.LeaseLostException;
import io.holdfast.LeaseState;
import io.holdfast.LockEvent;
import io.holdfast.LockName;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Time;
import io.holdfast.testkit.UnreliableBackend.Fate;
import io.holdfast.testkit.UnreliableBackend.Kind;
import io.holdfast.testkit.UnreliableBackend.Message;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The end of a lease against everything that may happen at the same moment: it is told once, no
 * renewal follows a release, and what is over stays over.
 */
class LeaseEndTest {

  private static final int ORDERS = 100;

  @Test
  @Tag("slow")
  void closingMeetsARenewalThatIsDue() {
    duel("close against a due renewal", ORDERS, CloseAgainstRenewal.class);
  }

  @Test
  @Tag("slow")
  void closingMeetsTheEndOfTheLease() {
    duel("close against the end of the lease", ORDERS, CloseAgainstTheEnd.class);
  }

  @Test
  @Tag("slow")
  void closingMeetsARenewalThatHearsOfADeletion() {
    duel("close against a deletion", ORDERS, CloseAgainstDeletion.class);
  }

  @Test
  @Tag("slow")
  void closingMeetsTheClosingOfAllLocks() {
    duel("close against Locks.close", ORDERS / 2, CloseAgainstLocksClose.class);
  }

  @Test
  @Tag("slow")
  void closingMeetsClosing() {
    duel("close against close", ORDERS, CloseAgainstClose.class);
  }

  @Test
  @Tag("slow")
  void closingALostLeaseMeetsClosing() {
    duel("close against close of a lost lease", ORDERS, CloseAgainstCloseWhenLost.class);
  }

  @Test
  @Tag("slow")
  void closingWithoutAThreadMeetsTheEndOfTheLease() {
    duel("closeAsync against the end", ORDERS, CloseAsyncAgainstTheEnd.class);
  }

  @Test
  @Tag("slow")
  void aLateRenewalMeetsTheEndOfTheLease() {
    duel("a late renewal against the end", ORDERS / 2, LateRenewalAgainstTheEnd.class);
  }

  @Test
  void aLateRenewalMeetsTheReleaseInAFewOrders() {
    duel("a late renewal against close", ORDERS / 5, LateRenewalAgainstClose.class);
  }

  @Test
  @Tag("slow")
  void aLateRenewalMeetsTheRelease() {
    duel("a late renewal against close", ORDERS, LateRenewalAgainstClose.class);
  }

  @Test
  @Tag("slow")
  void anActionThatIsAddedMeetsTheEndOfTheLease() {
    duel("onLost against the end", ORDERS, OnLostAgainstTheEnd.class);
  }

  @Test
  @Tag("slow")
  void anActionThatIsAddedMeetsADeletionThatClosingHearsOf() {
    duel("onLost against Gone", ORDERS, OnLostAgainstGone.class);
  }

  @Test
  @Tag("slow")
  void anActionThatIsAddedMeetsTheClosingOfAllLocks() {
    duel("onLost against Locks.close", ORDERS / 2, OnLostAgainstLocksClose.class);
  }

  @Test
  @Tag("slow")
  void aRenewalThatOnlyLooksWhetherItIsClosedIsCaught() {
    caught(
        "no renewal is sent after the release",
        () -> duel("naive: close, renewal", ORDERS, NaiveRenewal.class));
  }

  @Test
  @Tag("slow")
  void aCloseThatOnlyLooksAtTheClockIsCaught() {
    caught("the end is told once", () -> duel("naive: close, end", ORDERS, NaiveEnd.class));
  }

  @Test
  @Tag("slow")
  void aCloseThatOnlyLooksWhetherItIsClosedIsCaught() {
    caught("released once", () -> duel("naive: close, close", ORDERS, NaiveClose.class));
  }

  @Test
  @Tag("slow")
  void aLateRenewalThatBringsALeaseBackIsCaught() {
    caught(
        "what is over stays over",
        () -> duel("naive: late renewal", ORDERS, NaiveLateRenewal.class));
  }

  @Test
  @Tag("slow")
  void anActionThatIsAddedWhileTheOthersRunIsMissed() {
    caught("each action once", () -> duel("naive: onLost, end", ORDERS, NaiveOnLost.class));
  }

  /** A lease, closed by one thread, whose end must be told once and to all the same. */
  public abstract static class Closing extends Duel {
    final Lease lease;
    final AtomicInteger lost = new AtomicInteger();
    final AtomicBoolean well = new AtomicBoolean();

    Closing() {
      prepare();
      lease = acquire();
      lease.onLost(() -> lost.incrementAndGet());
    }

    void prepare() {}

    Lease acquire() {
      return rig.acquired();
    }

    @Override
    void one() {
      well.set(Rig.closes(lease));
    }

    @Override
    void afterwards() {
      must(!lease.isHeld(), "what is over stays over");
      rig.noRenewalIsSentAfterTheRelease();
      rig.theEndIsToldOnce(well.get(), lost);
      rig.comesToRest();
      rig.noRenewalIsSentAfterTheRelease();
      rig.theEndIsToldOnce(well.get(), lost);
      must(!lease.isHeld(), "what is over stays over");
    }
  }

  /** Time comes to the first renewal. */
  public static class CloseAgainstRenewal extends Closing {
    @Override
    void other() {
      rig.time.pass(Rig.THIRD);
    }

    @Override
    void afterwards() {
      must(well.get(), "it was held until it was closed");
      super.afterwards();
    }
  }

  /** Time comes to the end of a lease that could not be renewed. */
  public static class CloseAgainstTheEnd extends Closing {
    @Override
    void prepare() {
      rig.messages.always(Kind.RENEW, Fate.LOST);
    }

    @Override
    void other() {
      rig.time.pass(Rig.LEASE);
    }
  }

  /** The store forgets the lock, and the renewal hears of it. */
  public static final class CloseAgainstDeletion extends Closing {
    @Override
    void other() {
      rig.store.delete(Rig.LOCK);
      rig.time.pass(Rig.THIRD);
    }
  }

  /** The locks are closed under their holder. */
  public static final class CloseAgainstLocksClose extends Closing {
    @Override
    void other() {
      rig.locks.close();
    }
  }

  /** Two threads close one lease; the second call does nothing. */
  public static class CloseAgainstClose extends Closing {
    @Override
    void other() {
      must(Rig.closes(lease), "a second call does nothing");
    }

    @Override
    void afterwards() {
      must(well.get(), "it was held until it was closed");
      must(rig.sent(Kind.RELEASE) == 1, "released once");
      super.afterwards();
    }
  }

  /** Two threads close a lease that is lost; the first call says so, the second does nothing. */
  public static final class CloseAgainstCloseWhenLost extends Duel {
    private final Lease lease = lost(rig);
    private final AtomicInteger told = new AtomicInteger();

    private static Lease lost(Rig rig) {
      Lease lease = rig.acquiredForAShortTime();
      rig.time.pass(Rig.SHORT);
      return lease;
    }

    private void close() {
      if (!Rig.closes(lease)) {
        told.incrementAndGet();
      }
    }

    @Override
    void one() {
      close();
    }

    @Override
    void other() {
      close();
    }

    @Override
    void afterwards() {
      must(told.get() == 1, "its holder is told of the loss once");
      rig.comesToRest();
    }
  }

  /** The outcome comes to a future instead of a thread. */
  public static final class CloseAsyncAgainstTheEnd extends Closing {
    private final AtomicInteger told = new AtomicInteger();

    @Override
    Lease acquire() {
      return rig.acquiredForAShortTime();
    }

    @Override
    void other() {
      rig.time.pass(Rig.SHORT);
    }

    @Override
    void one() {
      var unused =
          lease
              .closeAsync()
              .whenComplete(
                  (done, failure) -> {
                    told.incrementAndGet();
                    well.set(failure == null);
                  });
    }

    @Override
    void afterwards() {
      must(told.get() == 1, "its closer is told once");
      super.afterwards();
    }
  }

  /** The renewal that is due after a third is on its way; those after it get lost. */
  private static Message heldRenewal(Rig rig) {
    rig.messages.next(Kind.RENEW, Fate.HELD);
    rig.messages.always(Kind.RENEW, Fate.LOST);
    rig.time.pass(Rig.THIRD);
    return rig.messages.sent(Kind.RENEW).get(0);
  }

  /** The renewal arrives and is answered while the lease is closed. */
  public static final class LateRenewalAgainstClose extends Closing {
    private final Message renewal = heldRenewal(rig);

    @Override
    void other() {
      renewal.arrive();
      renewal.answer();
    }

    @Override
    void afterwards() {
      must(well.get(), "it was held until it was closed");
      super.afterwards();
    }
  }

  /** The renewal arrives and is answered while the lease ends, and somebody looks at the lease. */
  public static class LateRenewalAgainstTheEnd extends Duel {
    private final Lease lease = acquire();
    private final Message renewal = heldRenewal(rig);

    Lease acquire() {
      return rig.acquired();
    }

    @Override
    void one() {
      renewal.arrive();
      renewal.answer();
    }

    @Override
    void other() {
      rig.time.pass(Rig.LEASE.minus(Rig.THIRD));
      boolean over = !lease.isHeld();
      must(!over || !lease.isHeld(), "what is over stays over");
    }

    @Override
    void afterwards() {
      boolean over = !lease.isHeld();
      must(over == (rig.events(LockEvent.Lost.class) == 1), "the end is told once: Lost");
      must(Rig.closes(lease) != over, "its holder is told of the loss");
      rig.comesToRest();
    }
  }

  /** One action is known before; two are added by a thread while the lease ends in another. */
  public abstract static class OnLost extends Duel {
    final Lease lease;
    private final AtomicInteger[] ran = {
      new AtomicInteger(), new AtomicInteger(), new AtomicInteger()
    };

    OnLost() {
      lease = acquire();
      lease.onLost(() -> ran[0].incrementAndGet());
    }

    Lease acquire() {
      return rig.acquiredForAShortTime();
    }

    @Override
    void one() {
      lease.onLost(() -> ran[1].incrementAndGet());
      lease.onLost(() -> ran[2].incrementAndGet());
    }

    @Override
    void afterwards() {
      for (AtomicInteger one : ran) {
        must(one.get() == 1, "each action once");
      }
      must(rig.events(LockEvent.Lost.class) == 1, "the end is told once: Lost");
    }
  }

  /** The lease comes to its end. */
  public static class OnLostAgainstTheEnd extends OnLost {
    @Override
    void other() {
      rig.time.pass(Rig.SHORT);
    }
  }

  /** The release is answered with Gone. */
  public static final class OnLostAgainstGone extends OnLost {
    @Override
    void other() {
      rig.store.delete(Rig.LOCK);
      must(!Rig.closes(lease), "Gone is a loss");
    }
  }

  /** The locks are closed. */
  public static final class OnLostAgainstLocksClose extends OnLost {
    @Override
    void other() {
      rig.locks.close();
    }
  }

  /** A broken twin. */
  public static final class NaiveRenewal extends CloseAgainstRenewal {
    @Override
    Lease acquire() {
      return new NaiveLease(rig, true);
    }
  }

  /** A broken twin. */
  public static final class NaiveEnd extends CloseAgainstTheEnd {
    @Override
    Lease acquire() {
      return new NaiveLease(rig, false);
    }
  }

  /** A broken twin. */
  public static final class NaiveClose extends CloseAgainstClose {
    @Override
    Lease acquire() {
      return new NaiveLease(rig, true);
    }
  }

  /** A broken twin. */
  public static final class NaiveLateRenewal extends LateRenewalAgainstTheEnd {
    @Override
    Lease acquire() {
      return new NaiveLease(rig, true);
    }
  }

  /** A broken twin. */
  public static final class NaiveOnLost extends OnLostAgainstTheEnd {
    @Override
    void other() {
      rig.messages.always(Kind.RENEW, Fate.LOST);
      rig.time.pass(Rig.LEASE);
    }

    @Override
    Lease acquire() {
      return new NaiveLease(rig, true);
    }
  }

  /** A lease of the usual kind: flags that are looked at before each step, and a timer. */
  private static final class NaiveLease implements Lease {
    private final Rig rig;
    private final boolean renews;
    private final Claim claim = Claim.on(Rig.LOCK, "naive");
    private final Queue<Runnable> actions = new ConcurrentLinkedQueue<>();
    private volatile long validUntil;
    private volatile boolean closed;
    private volatile boolean lost;
    private volatile Time.@Nullable Timer timer;

    private NaiveLease(Rig rig, boolean renews) {
      this.rig = rig;
      this.renews = renews;
      validUntil = rig.time.nanoTime() + Rig.LEASE.toNanos();
      var unused = rig.messages.ask(new Ask(claim, Rig.LEASE, false, 1, 0));
      schedule();
    }

    private void schedule() {
      timer = rig.time.schedule(Rig.LEASE.dividedBy(3), () -> due());
    }

    private void due() {
      if (closed) {
        return;
      }
      long now = rig.time.nanoTime();
      if (now - validUntil >= 0) {
        lost = true;
        rig.events.add(new LockEvent.Lost(name(), 1, Duration.ZERO, LockEvent.LossCause.EXPIRED));
        for (Runnable action : actions) {
          action.run();
        }
        return;
      }
      schedule();
      if (!renews) {
        return;
      }
      var unused =
          rig.messages
              .renew(claim, Rig.LEASE)
              .thenAccept(
                  answer -> {
                    if (answer instanceof Renewal.Renewed) {
                      validUntil = now + Rig.LEASE.toNanos();
                    }
                  });
    }

    @Override
    public void close() {
      if (closed) {
        return;
      }
      closed = true;
      if (lost || rig.time.nanoTime() - validUntil >= 0) {
        throw new LeaseLostException(name(), 1);
      }
      Time.Timer next = timer;
      if (next != null) {
        next.cancel();
      }
      var unused = rig.messages.release(claim, 1, Duration.ZERO);
      rig.events.add(new LockEvent.Released(name(), 1, Duration.ZERO));
    }

    @Override
    public void onLost(Runnable action) {
      if (lost) {
        action.run();
      } else {
        actions.add(action);
      }
    }

    @Override
    public LeaseState state() {
      if (closed) {
        return LeaseState.RELEASED;
      }
      return rig.time.nanoTime() - validUntil >= 0 ? LeaseState.LOST : LeaseState.HELD;
    }

    @Override
    public LockName name() {
      return Rig.LOCK;
    }

    @Override
    public long token() {
      return 1;
    }

    @Override
    public Duration remaining() {
      return Duration.ofNanos(validUntil - rig.time.nanoTime());
    }

    @Override
    public CompletableFuture<Void> closeAsync() {
      throw new UnsupportedOperationException();
    }
  }
}
