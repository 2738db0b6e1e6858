package io.holdfast.cmdb.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.holdfast.cmdb.demo.Fleet.Payload;
import io.holdfast.cmdb.ingest.IngestException;
import io.holdfast.cmdb.ingest.Settings;
import io.holdfast.cmdb.ingest.Tally;
import io.holdfast.cmdb.report.BadReportException;
import io.holdfast.cmdb.report.Collector;
import io.holdfast.cmdb.report.DeadLetter;
import io.holdfast.cmdb.report.Input;
import io.holdfast.cmdb.report.Key;
import io.holdfast.cmdb.report.Origin;
import io.holdfast.cmdb.report.Payloads;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.report.Value;
import io.holdfast.cmdb.store.Audit;
import io.holdfast.cmdb.store.Database;
import io.holdfast.cmdb.store.MachineStore;
import io.holdfast.cmdb.work.Crew;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The main job with bad luck on purpose. Several processes merge a fleet; meanwhile one is stopped
 * where it has made sure of its lease and not yet written, another merges the same machine, and the
 * first goes on; and one is killed in the middle of a merge. Each stands at its gate and says so,
 * so nothing hangs on the clock. For one thread, once.
 */
final class Demo implements AutoCloseable {

  static final int PROCESSES = 3;

  private final Database database;
  private final MachineStore machines;
  private final Path witnessFile;
  private final BufferedWriter witness;
  private final ReentrantLock witnessLock = new ReentrantLock();
  private final Crew crew;
  private final Consumer<String> progress;
  private final long run;
  private final AtomicLong tags = new AtomicLong();
  private long deadLetters;
  private int killed;
  private int paused;

  /**
   * Starts the workers.
   *
   * @param settings with short leases, because each scene with a pause takes one
   * @param folder for the witness file
   * @param guarded false to show what is lost without the guard
   * @param progress is told what goes on
   */
  Demo(
      Database database,
      String databaseUrl,
      String storeUrl,
      Settings settings,
      Path folder,
      boolean guarded,
      Consumer<String> progress)
      throws IOException {
    this.database = database;
    this.machines = MachineStore.of(database);
    this.witnessFile = folder.resolve("acknowledged.txt");
    this.witness = Files.newBufferedWriter(witnessFile, US_ASCII);
    this.progress = progress;
    // So that a second demo on the same database is about machines of its own.
    this.run = System.currentTimeMillis();
    this.crew =
        new Crew(
            databaseUrl,
            storeUrl,
            PROCESSES,
            settings,
            guarded,
            acknowledged -> {
              witnessLock.lock();
              try {
                witness.write(acknowledged.reportId() + "\n");
              } finally {
                witnessLock.unlock();
              }
            });
  }

  /** Plays it. */
  Result play(Fleet fleet, List<String> files)
      throws IngestException, InterruptedException, SQLException, IOException {
    crew.awaitReady();
    progress.accept("merging " + fleet.payloads().size() + " payloads");
    collectThisMachine();
    CompletableFuture<Void> feeding =
        CompletableFuture.runAsync(
            () -> {
              try {
                feed(fleet);
                feed(files);
              } catch (IngestException | IOException | SQLException e) {
                throw new CompletionException(e);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CompletionException(e);
              }
            });
    for (int scene = 1; scene <= 2; scene++) {
      progress.accept("one stands still before its write, another merges");
      pauseBeforeWrite("stopped-" + run + "-" + scene, scene);
    }
    progress.accept("one is killed in the middle of a merge");
    killInMidMerge("killed-" + run);
    progress.accept("merging the rest");
    join(feeding);
    crew.awaitAll();
    Tally.Counts counts = crew.finish();
    witness.close();
    progress.accept("auditing");
    return new Result(counts, audit(), deadLetters, fleet.broken(), killed, paused);
  }

  private static void join(CompletableFuture<Void> feeding)
      throws IngestException, SQLException, IOException {
    try {
      feeding.join();
    } catch (CompletionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof IngestException ingest) {
        throw ingest;
      } else if (cause instanceof SQLException sql) {
        throw sql;
      } else if (cause instanceof IOException io) {
        throw io;
      }
      throw e;
    }
  }

  private Audit.Result audit() throws SQLException, IOException {
    try (Stream<String> ids = Files.lines(witnessFile, US_ASCII)) {
      Iterator<String> iterator = ids.iterator();
      return Audit.of(database, iterator);
    }
  }

  // --- Input ---

  private void collectThisMachine() throws IngestException, InterruptedException {
    try {
      crew.submit(Collector.collect(Instant.now()), tags.incrementAndGet());
    } catch (BadReportException e) {
      progress.accept("this machine cannot be told from others: " + e.reason());
    }
  }

  private void feed(Fleet fleet) throws IngestException, InterruptedException, SQLException {
    List<DeadLetter> letters = new ArrayList<>();
    int line = 0;
    for (Payload payload : fleet.payloads()) {
      line++;
      for (Input input :
          Payloads.line(
              payload.text().getBytes(UTF_8),
              new Origin("demo-" + run, line),
              payload.observedAt())) {
        if (input instanceof Input.Reported reported) {
          crew.submit(reported.report(), tags.incrementAndGet());
        } else if (input instanceof Input.Dead dead) {
          letters.add(dead.letter());
        }
      }
    }
    machines.setAside(letters);
    deadLetters = letters.size();
  }

  private void feed(List<String> files)
      throws IngestException, InterruptedException, SQLException, IOException {
    List<DeadLetter> letters = new ArrayList<>();
    try (Payloads payloads = Payloads.of(files, Optional.empty(), System.in)) {
      for (Optional<Input> input = payloads.next(); input.isPresent(); input = payloads.next()) {
        if (input.get() instanceof Input.Reported reported) {
          crew.submit(reported.report(), tags.incrementAndGet());
        } else if (input.get() instanceof Input.Dead dead) {
          letters.add(dead.letter());
        }
      }
    }
    machines.setAside(letters);
  }

  // --- Scenes ---

  /** What is said of the machine of a scene; each time something else. */
  private static Report about(String serial, String source, String attribute) {
    try {
      return Report.of(
          source,
          Instant.now(),
          List.of(Key.of(Key.Kind.SERIAL, serial).orElseThrow()),
          Map.of(attribute, Value.of("said by " + source)));
    } catch (BadReportException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The moment that no lock can help in: the lease ends while its holder stands still, the next
   * holder merges and commits, and the first one writes what it made of what it has read before.
   */
  private void pauseBeforeWrite(String serial, int scene)
      throws IngestException, InterruptedException {
    Crew.Member first = crew.members().get(0);
    Crew.Member second = crew.members().get(scene % PROCESSES);
    first.setAside();
    long known = tags.incrementAndGet();
    first.give(about(serial, "first", "noted"), known);
    first.awaitAcknowledged(known);

    first.holdNext();
    long stale = tags.incrementAndGet();
    first.give(about(serial, "paused", "paused"), stale);
    first.awaitStanding();
    first.stop();
    paused++;
    long overtaking = tags.incrementAndGet();
    second.give(about(serial, "overtaking", "overtaken"), overtaking);
    second.awaitAcknowledged(overtaking);
    first.goOn();
    first.letGo();
    first.awaitAcknowledged(stale);
    first.takeBack();
  }

  /** What it had not acknowledged is dealt to others; what it had committed is not done twice. */
  private void killInMidMerge(String serial) throws IngestException, InterruptedException {
    Crew.Member victim = crew.members().get(PROCESSES - 1);
    victim.setAside();
    victim.ask();
    victim.holdNext();
    long merging = tags.incrementAndGet();
    victim.give(about(serial, "killed", "noted"), merging);
    victim.awaitStanding();
    victim.kill();
    killed++;
  }

  @Override
  public void close() {
    crew.close();
    try {
      witness.close();
      Files.deleteIfExists(witnessFile);
    } catch (IOException e) {
      progress.accept("the witness file stays: " + e.getMessage());
    }
  }
}
