package io.holdfast.simulation;

import io.holdfast.spi.Time;
import io.holdfast.testkit.history.Event;
import io.holdfast.testkit.history.History;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * A process with a clock of its own, that can be stopped and killed. What becomes due while it is
 * stopped, timers and messages alike, happens when it goes on, in any order: threads of a real
 * process race then. What is due when it is dead never happens. Used by one thread.
 */
final class SimulatedProcess implements Time, Executor {

  private static final Duration LONGEST_HANDOFF = Duration.ofNanos(50_000);

  private final String name;
  private final Agenda agenda;
  private final History history;
  private final Dice dice;
  private final double rate;
  private final long offset;
  private final WallClock wall;
  private final List<Runnable> backlog = new ArrayList<>();
  private boolean stopped;
  private boolean dead;
  private long stoppedAt;
  private int scheduled;
  private boolean interruptWhenLookedAt;

  /**
   * A process.
   *
   * @param rate how many nanoseconds its clock counts in one of true time
   */
  SimulatedProcess(String name, Agenda agenda, History history, Dice dice, double rate) {
    this.name = name;
    this.agenda = agenda;
    this.history = history;
    this.dice = dice;
    this.rate = rate;
    this.wall = new WallClock(agenda, rate);
    // Near enough to the end of the numbers that some worlds see the clock overflow.
    this.offset = Long.MAX_VALUE - dice.nextLong(0, Duration.ofSeconds(60).toNanos());
  }

  String name() {
    return name;
  }

  boolean isAlive() {
    return !dead;
  }

  boolean isRunning() {
    return !dead && !stopped;
  }

  /** Timers that wait and were not cancelled: what an engine at rest has none of. */
  int timers() {
    return scheduled;
  }

  @Override
  public long nanoTime() {
    if (interruptWhenLookedAt) {
      interruptWhenLookedAt = false;
      Thread.currentThread().interrupt();
    }
    return offset + (long) (agenda.now() * rate);
  }

  /** Microseconds since 1970, as its host's clock of the day tells them. */
  long micros() {
    return wall.micros();
  }

  /** Sets the host's clock of the day, of which {@link #nanoTime()} knows nothing. */
  void setClock(Duration error) {
    wall.set(error);
  }

  /** True time for a span of this process's clock, rounded up. */
  private Duration trueSpan(Duration own) {
    return Duration.ofNanos((long) StrictMath.ceil(Math.max(0, own.toNanos()) / rate));
  }

  /** The moment of true time at which this process's clock will have counted a span more. */
  long trueMomentAfter(Duration own) {
    return agenda.now() + (long) (own.toNanos() / rate);
  }

  @Override
  public Timer schedule(Duration delay, Runnable task) {
    scheduled++;
    boolean[] over = {false};
    Agenda.Entry entry =
        agenda.after(
            trueSpan(delay),
            () ->
                runs(
                    () -> {
                      if (!over[0]) {
                        over[0] = true;
                        scheduled--;
                        task.run();
                      }
                    }));
    return () -> {
      if (!over[0]) {
        over[0] = true;
        scheduled--;
        entry.cancel();
      }
    };
  }

  /** Runs a task in another thread of the process, which takes a moment. */
  @Override
  public void execute(Runnable task) {
    after(dice.between(Duration.ZERO, LONGEST_HANDOFF), task);
  }

  /** Runs a task later, as the process's own doing. */
  void after(Duration delay, Runnable task) {
    agenda.after(delay, () -> runs(task));
  }

  /** Runs a task now, or as soon as the process runs. */
  void runs(Runnable task) {
    if (stopped) {
      backlog.add(task);
    } else if (!dead) {
      task.run();
    }
  }

  /** The calling thread is interrupted when the process next looks at its clock. */
  void interruptCaller() {
    interruptWhenLookedAt = true;
  }

  void stop() {
    if (isRunning()) {
      stopped = true;
      stoppedAt = agenda.now();
    }
  }

  void goOn() {
    if (!stopped || dead) {
      return;
    }
    stopped = false;
    history.add(new Event.Paused(name, stoppedAt, agenda.now()));
    List<Runnable> tasks = new ArrayList<>(backlog);
    backlog.clear();
    while (!tasks.isEmpty()) {
      execute(tasks.remove(dice.nextInt(tasks.size())));
    }
  }

  void kill() {
    if (!dead) {
      if (stopped) {
        history.add(new Event.Paused(name, stoppedAt, agenda.now()));
      }
      dead = true;
      stopped = false;
      backlog.clear();
      history.add(new Event.Crashed(name, agenda.now()));
    }
  }
}
