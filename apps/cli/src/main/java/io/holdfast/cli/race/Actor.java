package io.holdfast.cli.race;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A worker in the director's hands; its methods read as what it does. What it reports goes into the
 * tally on the way. For one thread.
 */
final class Actor {

  /** Starts a worker: at first, and in the place of one that died. */
  interface Understudy {
    WorkerProcess start() throws RaceException, InterruptedException;
  }

  /** How long to wait for a lock that will come free by itself. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Understudy understudy;
  private final Duration littlePatience;
  private WorkerProcess worker;
  private Method method = Method.NO_LOCK;
  private Tally tally = new Tally();
  private int merges;
  private boolean merging;
  private boolean standing;
  private boolean stopped;
  private boolean acknowledged;
  private boolean freedAnothersLock;

  Actor(Understudy understudy, Duration littlePatience) throws RaceException, InterruptedException {
    this.understudy = understudy;
    this.littlePatience = littlePatience;
    this.worker = understudy.start();
  }

  int number() {
    return worker.number();
  }

  void isThere() throws RaceException, InterruptedException {
    hear(Report.Kind.HELLO);
  }

  /** From now on it merges by this method. */
  void follows(Method next, Tally counted) throws RaceException, InterruptedException {
    method = next;
    tally = counted;
    worker.order("method", method.name());
  }

  /** Begins to merge with all of its threads, each so often, or for as long as given. */
  void runsFreely(int times, Duration atMost) throws RaceException, InterruptedException {
    String count = Integer.toString(times);
    String prefix = nextReport() + "-";
    worker.order("free", prefix, count, millis(atMost), millis(PATIENCE));
  }

  void hasRunFreely() throws RaceException, InterruptedException {
    hear(Report.Kind.DONE);
  }

  /** Begins a merge in which it will stand at each of these gates. */
  void begins(Report.Kind... gates) throws RaceException, InterruptedException {
    begins(PATIENCE, gates);
  }

  /** Begins a merge and gives up soon if the lock is taken. */
  void beginsWithLittlePatience() throws RaceException, InterruptedException {
    begins(littlePatience);
  }

  private void begins(Duration patience, Report.Kind... gates)
      throws RaceException, InterruptedException {
    List<String> order = new ArrayList<>(List.of("merge", nextReport(), millis(patience)));
    for (Report.Kind gate : gates) {
      order.add(gate.name());
    }
    merging = true;
    acknowledged = false;
    freedAnothersLock = false;
    worker.order(order.toArray(String[]::new));
  }

  private String nextReport() {
    merges++;
    return worker.number() + "-" + merges;
  }

  private static String millis(Duration span) {
    return Long.toString(span.toMillis());
  }

  /** Waits until it stands at the gate; false if its merge ends before. */
  boolean reaches(Report.Kind gate) throws RaceException, InterruptedException {
    while (merging) {
      if (hear() == gate) {
        return true;
      }
    }
    return false;
  }

  /** Leaves the gate at which it stands. */
  void goesOn() throws RaceException, InterruptedException {
    standing = false;
    worker.order("go");
  }

  /** Waits for the end of its merge, past any gate. True if the report was acknowledged. */
  boolean ends() throws RaceException, InterruptedException {
    while (merging) {
      if (standing) {
        goesOn();
      }
      hear();
    }
    return acknowledged;
  }

  /** False if it does not come that far. */
  boolean isPausedBeforeItsWrite() throws RaceException, InterruptedException {
    begins(Report.Kind.READY);
    if (!reaches(Report.Kind.READY)) {
      return false;
    }
    stopped = true;
    worker.stop();
    return true;
  }

  /** Still stands at its gate. What it was told before the pause is what it knows. */
  void wakes() throws RaceException, InterruptedException {
    worker.goOn();
    stopped = false;
  }

  boolean freedAnothersLock() {
    return freedAnothersLock;
  }

  void dies() throws RaceException, InterruptedException {
    worker.kill();
    merging = false;
    standing = false;
    worker = understudy.start();
  }

  void isReplaced() throws RaceException, InterruptedException {
    isThere();
    follows(method, tally);
  }

  /** Nothing holds it up any more, wherever the scene left it. */
  void isLetGo() throws RaceException, InterruptedException {
    if (stopped) {
      wakes();
    }
    if (standing) {
      goesOn();
    }
  }

  private void hear(Report.Kind awaited) throws RaceException, InterruptedException {
    while (hear() != awaited) {
      // What comes before is in the tally.
    }
  }

  private Report.Kind hear() throws RaceException, InterruptedException {
    Report report = worker.next();
    tally.take(report);
    switch (report.kind()) {
      case CHECKED, READY -> standing = true;
      case ACKNOWLEDGED -> acknowledged = true;
      case RELEASED_ANOTHERS -> freedAnothersLock = true;
      case END -> merging = false;
      default -> {}
    }
    return report.kind();
  }
}
