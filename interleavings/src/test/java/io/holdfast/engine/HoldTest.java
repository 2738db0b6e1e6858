package io.holdfast.engine;

import io.holdfast.LeaseState;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A holder's standing changes in atomic steps, and what has ended does not come back. */
class HoldTest {

  /** The clock's number overflows while the lease lives. */
  private static final long BEGIN = Long.MAX_VALUE - 1;

  /** A time, counted from the begin; the hold ends at 3. */
  private static long time(int sinceBegin) {
    return BEGIN + sinceBegin;
  }

  @Test
  void everyChangeIsOneAtomicStep() {
    Interleavings.generated("Hold against its specification", 20, 500)
        .sequentialSpecification(Specification.class)
        .check(RealHold.class);
  }

  @Test
  @Tag("slow")
  void changesOfThreeThreadsAreAtomicSteps() {
    Interleavings.generated("Hold with three threads", 8, 400)
        .threads(3)
        .actorsPerThread(2)
        .sequentialSpecification(Specification.class)
        .check(RealHold.class);
  }

  /** Lincheck takes an update of an AtomicReference for one step; here it is what it is. */
  @Test
  @Tag("slow")
  void changesThatReallyRunAtOnceAreAtomicSteps() {
    Interleavings.stressed("Hold, real threads", 4, 500)
        .sequentialSpecification(Specification.class)
        .check(RealHold.class);
  }

  @Test
  @Tag("slow")
  void aHoldThatLooksBeforeItActsIsCaught() {
    Interleavings.caught(
        "Invalid execution results",
        () ->
            Interleavings.generated("a hold that looks before it acts", 20, 500)
                .sequentialSpecification(Specification.class)
                .check(LooksThenActs.class));
  }

  /** What can be done to a hold; times are counted from {@link #BEGIN}. */
  @Param(name = "time", gen = IntGen.class, conf = "0:3")
  @Param(name = "end", gen = IntGen.class, conf = "2:5")
  public abstract static class Operations {
    abstract Hold.Standing change(Change change, long until, long now);

    private String told(Change change, int until, int now) {
      Hold.Standing then = change(change, time(until), time(now));
      return then.state() + " until " + (then.validUntil() - BEGIN);
    }

    /** The standing at a time. */
    @Operation(params = "time")
    public String at(int now) {
      return told(Change.NONE, 0, now);
    }

    /** Its holder gives it back. */
    @Operation(params = "time")
    public String release(int now) {
      return told(Change.RELEASE, 0, now);
    }

    /** A renewal is answered. */
    @Operation(params = {"end", "time"})
    public String renewed(int until, int now) {
      return told(Change.RENEWED, until, now);
    }

    /** A renewal fails. */
    @Operation(params = "time")
    public String atRisk(int now) {
      return told(Change.AT_RISK, 0, now);
    }

    /** The store or the locks end it, whatever it was. */
    @Operation
    public void lose() {
      var unused = change(Change.LOSE, 0, 0);
    }
  }

  /** What may happen to a hold. */
  enum Change {
    NONE,
    RELEASE,
    RENEWED,
    AT_RISK,
    LOSE
  }

  /** The engine's. */
  public static final class RealHold extends Operations {
    private final Hold hold = new Hold(1, time(0), time(3));

    @Override
    Hold.Standing change(Change change, long until, long now) {
      return switch (change) {
        case NONE -> hold.at(now);
        case RELEASE -> hold.release(now);
        case RENEWED -> hold.renewed(until, now);
        case AT_RISK -> hold.atRisk(now);
        case LOSE -> {
          hold.lose();
          yield hold.at(now);
        }
      };
    }
  }

  /** The rules, for one thread. */
  public static class Specification extends Operations {
    private volatile Hold.Standing standing = new Hold.Standing(LeaseState.HELD, time(3));

    @Override
    Hold.Standing change(Change change, long until, long now) {
      LeaseState state = standing.state();
      long end = standing.validUntil();
      if (change == Change.LOSE) {
        standing = new Hold.Standing(LeaseState.LOST, end);
      } else if (state == LeaseState.HELD || state == LeaseState.AT_RISK) {
        standing = now - end >= 0 ? new Hold.Standing(LeaseState.LOST, end) : live(change, until);
      }
      return standing;
    }

    private Hold.Standing live(Change change, long until) {
      long end = standing.validUntil();
      return switch (change) {
        case RELEASE -> new Hold.Standing(LeaseState.RELEASED, end);
        case AT_RISK -> new Hold.Standing(LeaseState.AT_RISK, end);
        case RENEWED -> until - end >= 0 ? new Hold.Standing(LeaseState.HELD, until) : standing;
        case NONE, LOSE -> standing;
      };
    }
  }

  /** The rules without the atomic step: right in one thread, wrong in two. */
  public static final class LooksThenActs extends Specification {}
}
