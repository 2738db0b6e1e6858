package io.holdfast.cli.race;

import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * One of the processes that race: does what its stdin says and reports on its stdout. Orders, words
 * apart by tabs:
 *
 * <pre>
 * connect REDIS STORE DATABASE      first of all; not arguments, which anyone on the host can read
 * method NAME                       how to merge from now on
 * merge REPORT PATIENCE [GATE...]   one merge; stand at each of these gates until told to go
 * go                                leave the gate
 * free PREFIX TIMES MILLIS PATIENCE merge with all threads
 * </pre>
 */
final class Worker {

  /** More than one, so that a lock of threads has something to do. */
  static final int THREADS = 2;

  private final Orders orders;
  private final Consumer<Report> reports;
  private final List<Merger> mergers;
  private Method method = Method.NO_LOCK;

  private Worker(Orders orders, Consumer<Report> reports, List<Merger> mergers) {
    this.orders = orders;
    this.reports = reports;
    this.mergers = mergers;
  }

  /**
   * Runs until stdin ends.
   *
   * @param args the race's name, the file that stands for the host, the lease in milliseconds
   */
  public static void main(String[] args) {
    PrintStream out = System.out;
    System.setOut(System.err); // stdout is for reports alone
    Consumer<Report> reports = report -> out.println(report.line());
    try {
      Orders orders = Orders.from(System.in);
      Duration lease = Duration.ofMillis(Long.parseLong(args[2]));
      List<Merger> mergers = connect(orders, args[0], Path.of(args[1]), lease, reports);
      reports.accept(new Report(Report.Kind.HELLO, args[0]));
      new Worker(orders, reports, mergers).work();
    } catch (Exception e) {
      fail(reports, e);
    }
  }

  private static List<Merger> connect(
      Orders orders, String run, Path hostLock, Duration lease, Consumer<Report> reports)
      throws InterruptedException, IOException, SQLException {
    List<String> servers = orders.next("connect");
    Locks locks =
        Locks.connect(
            servers.get(2), LocksConfig.DEFAULTS.options(LockOptions.DEFAULTS.leaseFor(lease)));
    ReentrantLock threadLock = new ReentrantLock();
    List<Merger> mergers = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      Connection database = DriverManager.getConnection(servers.get(3));
      database.setSchema(run);
      RedisWire redis = RedisWire.connect(URI.create(servers.get(1)), WorkerProcess.SILENCE);
      FileChannel host =
          FileChannel.open(hostLock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      mergers.add(new Merger(database, redis, locks, threadLock, host, lease, run, reports));
    }
    return mergers;
  }

  private static void fail(Consumer<Report> reports, Exception e) {
    e.printStackTrace();
    reports.accept(new Report(Report.Kind.FAILED, String.valueOf(e.getMessage())));
    Runtime.getRuntime().halt(1);
  }

  private void work() throws InterruptedException, SQLException, IOException {
    while (true) {
      List<String> order = orders.next();
      switch (order.get(0)) {
        case "method" -> method = Method.valueOf(order.get(1));
        case "merge" -> {
          mergers.get(0).merge(method, order.get(1), millis(order.get(2)), gates(order));
          reports.accept(new Report(Report.Kind.END, order.get(1)));
        }
        case "free" -> {
          runFreely(order);
          reports.accept(new Report(Report.Kind.DONE, order.get(1)));
        }
        default -> throw new IllegalStateException("no such order: " + order.get(0));
      }
    }
  }

  /** Each holds once: a merge that has to begin anew passes without a stop. */
  private Merger.Gates gates(List<String> order) {
    Set<Report.Kind> closed = EnumSet.noneOf(Report.Kind.class);
    order.stream().skip(3).map(Report.Kind::valueOf).forEach(closed::add);
    return (gate, report) -> {
      if (closed.remove(gate)) {
        reports.accept(new Report(gate, report));
        orders.next("go");
      }
    };
  }

  private void runFreely(List<String> order) throws InterruptedException {
    String prefix = order.get(1);
    int times = Integer.parseInt(order.get(2));
    long end = System.nanoTime() + millis(order.get(3)).toNanos();
    Duration patience = millis(order.get(4));
    List<Thread> threads = new ArrayList<>();
    for (Merger merger : mergers) {
      String own = prefix + threads.size() + "-";
      Thread thread = new Thread(() -> runFreely(merger, own, times, end, patience));
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) {
      thread.join();
    }
  }

  private void runFreely(Merger merger, String prefix, int times, long end, Duration patience) {
    try {
      for (int i = 0; i < times && System.nanoTime() - end < 0; i++) {
        merger.merge(method, prefix + i, patience, Merger.OPEN);
        Merger.think();
      }
    } catch (Exception e) {
      fail(reports, e);
    }
  }

  private static Duration millis(String text) {
    return Duration.ofMillis(Long.parseLong(text));
  }
}
