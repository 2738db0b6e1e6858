package io.holdfast.cli;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.holdfast.Lease;
import io.holdfast.LockName;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * One command under one lock. All is done by the thread that calls, which has to be the JVM's main
 * thread: the kernel kills the command when the thread that started it ends. Everyone else only
 * adds to its queue.
 */
final class LockedRun {
  /** How much earlier than the lease's end the last signal is sent, to arrive before it. */
  private static final long KILL_EARLIER_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private static final long LOOK_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final LockName name;
  private final List<String> command;
  private final Duration grace;
  private final PrintWriter err;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

  /** What wakes the thread. */
  private sealed interface Event {
    /** The store's answer is there, or there will be none. */
    record Answered() implements Event {}

    record Signalled(Signals.Signal signal) implements Event {}

    record CommandEnded() implements Event {}

    record LeaseLost() implements Event {}
  }

  LockedRun(LockName name, List<String> command, Duration grace, PrintWriter err) {
    this.name = name;
    this.command = command;
    this.grace = grace;
    this.err = err;
  }

  /** Waits for the lock, runs the command under it, and gives what to exit with. */
  int run(Locks locks, LockOptions options, Session session)
      throws IOException, InterruptedException {
    takeSignals();
    CompletableFuture<Lease> wish = locks.acquireAsync(name.value(), options);
    var unused = wish.whenComplete((lease, failure) -> events.add(new Event.Answered()));
    // The end of this wait is in the options.
    if (events.take() instanceof Event.Signalled signalled) {
      // If it comes too late for that, closing the locks releases the lease.
      wish.cancel(true);
      return ExitCodes.SIGNAL + signalled.signal().number();
    }
    return runUnder(leaseOf(wish), session);
  }

  private void takeSignals() {
    Signals.take(List.of("INT", "TERM", "HUP"), signal -> events.add(new Event.Signalled(signal)));
    // Ctrl-Z would stop the renewals, too.
    Signals.take(
        List.of("TSTP"),
        signal -> {
          err.println("holdfast: not stopped, because a stopped process renews no lease");
          err.flush();
        });
  }

  private static Lease leaseOf(CompletableFuture<Lease> wish) throws InterruptedException {
    try {
      return wish.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException known
          ? known
          : new IllegalStateException(e.getCause());
    }
  }

  private int runUnder(Lease lease, Session session) throws IOException, InterruptedException {
    lease.onLost(() -> events.add(new Event.LeaseLost()));
    int exitCode;
    try (Keeper keeper = Keeper.start(session);
        Child child = start(lease, session, keeper)) {
      child.onEnd(() -> events.add(new Event.CommandEnded()));
      awaitEnd(child, lease);
      exitCode = child.exitCode();
    }
    lease.close();
    return exitCode;
  }

  private Child start(Lease lease, Session session, Keeper keeper) {
    Map<String, String> variables =
        Map.of("HOLDFAST_NAME", name.value(), "HOLDFAST_TOKEN", Long.toString(lease.token()));
    lease.ensureHeld();
    try {
      return Child.start(command, variables, session, keeper);
    } catch (IOException e) {
      throw new CommandFailure(ExitCodes.NOT_EXECUTABLE, "cannot start: " + e.getMessage());
    }
  }

  /**
   * Waits until the command has ended by itself, and stops it if its lease ends before. Here
   * nothing is printed: whoever should read it may have stopped reading, and the lease does not
   * wait.
   */
  private void awaitEnd(Child child, Lease lease) throws InterruptedException {
    long leaseEnd = System.nanoTime();
    while (child.isRunning()) {
      long now = System.nanoTime();
      Duration remaining = lease.remaining();
      if (remaining.isZero() && now - leaseEnd < 0) {
        throw stopped(child, now + grace.toNanos(), "the store has ended the lease");
      } else if (remaining.isZero()) {
        throw stopped(child, now, "the lease ended while this process was paused");
      } else if (remaining.compareTo(grace) <= 0) {
        long killAt = now + remaining.toNanos() - KILL_EARLIER_NANOS;
        throw stopped(child, killAt, "the lease could not be renewed");
      }
      leaseEnd = now + remaining.toNanos();
      Event event = events.poll(remaining.minus(grace).toNanos(), NANOSECONDS);
      if (event instanceof Event.Signalled signalled) {
        child.signal(signalled.signal().name());
      }
    }
  }

  /** Sends TERM, and KILL at a time of nanoTime if anything is left then. */
  private CommandFailure stopped(Child child, long killAt, String why) throws InterruptedException {
    child.signal("TERM");
    boolean ended = endsBefore(killAt, child);
    if (!ended) {
      child.signal("KILL");
    }
    String how = ended ? "stopped" : "killed";
    return new CommandFailure(ExitCodes.LOST, name + ": " + why + ", so the command was " + how);
  }

  private boolean endsBefore(long end, Child child) throws InterruptedException {
    for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
      // What it has started may need its time after the command itself has ended.
      if (!child.isRunning() && left > LOOK_AGAIN_NANOS) {
        if (!child.mayHaveSurvivors()) {
          return true;
        }
        left = LOOK_AGAIN_NANOS;
      }
      var unused = events.poll(left, NANOSECONDS);
    }
    return false;
  }
}
