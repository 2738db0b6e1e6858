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
    Signals.take(signal -> events.add(new Event.Signalled(signal)));
    CompletableFuture<Lease> wish = locks.acquireAsync(name.value(), options);
    var unused = wish.whenComplete((lease, failure) -> events.add(new Event.Answered()));
    while (true) {
      // Its end is that of the wait, which the options bound.
      if (!(events.take() instanceof Event.Signalled signalled)) {
        return runUnder(leaseOf(wish), session);
      } else if (!ignores(signalled)) {
        // If it comes too late for that, closing the locks releases the lease.
        wish.cancel(true);
        return ExitCodes.SIGNAL + signalled.signal().number();
      }
    }
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
      if (!awaitEnd(child, lease)) {
        return ExitCodes.LOST;
      }
      exitCode = child.exitCode();
    }
    lease.close();
    return exitCode;
  }

  private Child start(Lease lease, Session session, Keeper keeper) {
    Map<String, String> variables =
        Map.of("HOLDFAST_NAME", name.value(), "HOLDFAST_TOKEN", Long.toString(lease.token()));
    try {
      return Child.start(command, variables, session, keeper);
    } catch (IOException e) {
      throw new CommandFailure(ExitCodes.NOT_EXECUTABLE, "cannot start: " + e.getMessage());
    }
  }

  /** Whether the command ended by itself; otherwise it was stopped because the lease ends. */
  private boolean awaitEnd(Child child, Lease lease) throws IOException, InterruptedException {
    long leaseEnd = System.nanoTime();
    while (child.isRunning()) {
      long now = System.nanoTime();
      Duration remaining = lease.remaining();
      if (remaining.isZero() && now - leaseEnd < 0) {
        say("the store has ended the lease: TERM now, KILL in " + Span.spell(grace));
        stop(child, now + grace.toNanos());
        return false;
      } else if (remaining.isZero()) {
        say("the lease ended while this process was paused: KILL now");
        stop(child, now);
        return false;
      } else if (remaining.compareTo(grace) <= 0) {
        say("the lease was not renewed: TERM now, KILL in " + Span.spell(remaining));
        stop(child, now + remaining.toNanos() - KILL_EARLIER_NANOS);
        return false;
      }
      leaseEnd = now + remaining.toNanos();
      Event event = events.poll(remaining.minus(grace).toNanos(), NANOSECONDS);
      if (event instanceof Event.Signalled signalled && !ignores(signalled)) {
        child.signal(signalled.signal().name());
      }
    }
    return true;
  }

  /** Sends TERM, and KILL at a time of nanoTime if anything is left then. */
  private void stop(Child child, long killAt) throws IOException, InterruptedException {
    child.signal("TERM");
    for (long left = killAt - System.nanoTime(); left > 0; left = killAt - System.nanoTime()) {
      // What it has started may need its time after the command itself has ended.
      if (!child.isRunning() && left > LOOK_AGAIN_NANOS) {
        if (!child.hasAnyAlive()) {
          return;
        }
        left = LOOK_AGAIN_NANOS;
      }
      var unused = events.poll(left, NANOSECONDS);
    }
    child.signal("KILL");
  }

  /** Ctrl-Z would stop the renewals, too. */
  private boolean ignores(Event.Signalled event) {
    boolean stops = event.signal().asksToStop();
    if (stops) {
      say("not stopped, because a stopped process cannot renew its lease");
    }
    return stops;
  }

  private void say(String text) {
    err.println("holdfast: " + name + ": " + text);
    err.flush();
  }
}
