package io.holdfast.benchmarks;

import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.store.Again;
import io.holdfast.cmdb.store.Group;
import io.holdfast.cmdb.store.MachineStore;
import io.holdfast.cmdb.store.Resolution;
import io.holdfast.guard.GuardException;
import io.holdfast.guard.SqlFailure;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The same pipeline without the lock: each worker takes some reports, resolves and merges them, and
 * begins again where the database tells it that it was overtaken. What keeps two workers apart, if
 * anything, is in the store.
 */
final class Direct implements Pipeline {

  /** Every write has the same, so that the fence never decides; the version does. */
  private static final long TOKEN = 1;

  private record Item(Report report, Runnable acknowledged) {}

  private final MachineStore machines;
  private final int batch;
  private final int mostOnTheirWay;
  private final BlockingQueue<Item> incoming = new LinkedBlockingQueue<>();
  private final Semaphore room;
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();

  Direct(MachineStore machines, int workers, int batch) {
    this.machines = machines;
    this.batch = batch;
    this.mostOnTheirWay = Math.max(64, 8 * workers * batch);
    this.room = new Semaphore(mostOnTheirWay);
    for (int i = 1; i <= workers; i++) {
      Thread thread = new Thread(this::work, "direct-" + i);
      thread.setDaemon(true);
      threads.add(thread);
      thread.start();
    }
  }

  @Override
  public void submit(Report report, Runnable acknowledged) throws InterruptedException {
    acquire(1);
    incoming.add(new Item(report, acknowledged));
  }

  @Override
  public void awaitAll() throws InterruptedException {
    acquire(mostOnTheirWay);
    room.release(mostOnTheirWay);
  }

  private void acquire(int places) throws InterruptedException {
    while (!room.tryAcquire(places, 100, TimeUnit.MILLISECONDS)) {
      Exception failed = failure.get();
      if (failed != null) {
        throw new BenchException(BenchException.FAILED, String.valueOf(failed), failed);
      }
    }
  }

  private void work() {
    try {
      while (true) {
        List<Item> items = new ArrayList<>();
        items.add(incoming.take());
        incoming.drainTo(items, batch - 1);
        merge(items.stream().map(Item::report).toList());
        items.forEach(item -> item.acknowledged().run());
        room.release(items.size());
      }
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    } catch (SQLException | RuntimeException e) {
      failure.compareAndSet(null, e);
    }
  }

  private void merge(List<Report> reports) throws SQLException, InterruptedException {
    while (true) {
      try {
        Resolution resolution = machines.resolve(reports);
        if (!resolution.intricate().isEmpty()) {
          throw new IllegalStateException("the benchmark's reports concern one machine each");
        }
        Map<Group, Long> tokens = new LinkedHashMap<>();
        resolution.groups().stream()
            .sorted(Comparator.comparing(Group::machineId))
            .forEach(group -> tokens.put(group, TOKEN));
        machines.merge(tokens, () -> {});
        return;
      } catch (Again | GuardException overtaken) {
        // Read and merge again.
      } catch (SQLException e) {
        if (SqlFailure.of(e) != SqlFailure.AGAIN) {
          throw e;
        }
      }
      if (Thread.interrupted()) {
        throw new InterruptedException("closed");
      }
    }
  }

  @Override
  public void close() {
    threads.forEach(Thread::interrupt);
    for (Thread thread : threads) {
      try {
        thread.join(TimeUnit.SECONDS.toMillis(10));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
