package io.holdfast.cmdb.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How far a run is: a bar on a terminal, that is drawn over itself; a line now and then where
 * stderr is no terminal. One thread tells what was read.
 */
final class Progress implements AutoCloseable {

  private static final int BAR = 24;
  private static final long ON_TERMINAL_MILLIS = 200;
  private static final long ELSEWHERE_MILLIS = 10_000;

  private final PrintWriter err;
  private final boolean onTerminal;
  private final AtomicLong acknowledged;
  private final AtomicLong read = new AtomicLong();
  private final long begun = System.nanoTime();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "cmdb-progress");
            thread.setDaemon(true);
            return thread;
          });

  private Progress(PrintWriter err, boolean onTerminal, AtomicLong acknowledged) {
    this.err = err;
    this.onTerminal = onTerminal;
    this.acknowledged = acknowledged;
  }

  static Progress on(PrintWriter err, AtomicLong acknowledged) {
    boolean onTerminal = stderrIsTerminal();
    Progress progress = new Progress(err, onTerminal, acknowledged);
    long every = onTerminal ? ON_TERMINAL_MILLIS : ELSEWHERE_MILLIS;
    var unused =
        progress.timer.scheduleAtFixedRate(progress::show, every, every, TimeUnit.MILLISECONDS);
    return progress;
  }

  /** {@code System.console()} would answer for stdin and stdout. */
  private static boolean stderrIsTerminal() {
    try {
      Process test = new ProcessBuilder("sh", "-c", "[ -t 2 ]").inheritIO().start();
      return test.onExit().join().exitValue() == 0;
    } catch (IOException noShell) {
      return false;
    }
  }

  void read(long inputs) {
    read.set(inputs);
  }

  private void show() {
    long all = Math.max(1, read.get());
    long done = acknowledged.get();
    double seconds = Math.max(0.001, (System.nanoTime() - begun) / 1e9);
    String text =
        String.format(
            Locale.ROOT, "%,d read, %,d acknowledged, %,.0f/s", read.get(), done, done / seconds);
    if (onTerminal) {
      int filled = (int) Math.min(BAR, BAR * done / all);
      err.print("\r[" + "#".repeat(filled) + ".".repeat(BAR - filled) + "] " + text + " ");
    } else {
      err.println(text);
    }
    err.flush();
  }

  @Override
  public void close() {
    timer.shutdownNow();
    try {
      timer.awaitTermination(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (onTerminal) {
      err.print("\r\u001b[K");
      err.flush();
    }
  }
}
