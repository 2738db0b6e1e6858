package io.holdfast.benchmarks;

import io.holdfast.Locks;
import io.holdfast.cmdb.ingest.Gate;
import io.holdfast.cmdb.ingest.Ingest;
import io.holdfast.cmdb.ingest.IngestException;
import io.holdfast.cmdb.ingest.Settings;
import io.holdfast.cmdb.ingest.Tally;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.store.MachineStore;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Our pipeline, as "cmdb ingest" runs it. */
final class Holdfast implements Pipeline {

  private final Ingest ingest;
  private final Map<Long, Runnable> waiting = new ConcurrentHashMap<>();
  private final AtomicLong tags = new AtomicLong();

  Holdfast(Locks locks, MachineStore machines, Settings settings) {
    this.ingest =
        new Ingest(
            locks,
            machines,
            settings,
            new Tally(),
            acks ->
                acks.forEach(
                    ack -> {
                      Runnable told = waiting.remove(ack.tag());
                      if (told != null) {
                        told.run();
                      }
                    }),
            Gate.OPEN);
  }

  @Override
  public void submit(Report report, Runnable acknowledged) throws InterruptedException {
    long tag = tags.incrementAndGet();
    waiting.put(tag, acknowledged);
    try {
      ingest.submit(report, tag);
    } catch (IngestException e) {
      throw failed(e);
    }
  }

  @Override
  public void awaitAll() throws InterruptedException {
    try {
      ingest.awaitAll();
    } catch (IngestException e) {
      throw failed(e);
    }
  }

  private static BenchException failed(IngestException e) {
    return new BenchException(BenchException.FAILED, String.valueOf(e.getMessage()), e);
  }

  @Override
  public void close() {
    ingest.close();
  }
}
