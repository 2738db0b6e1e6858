package io.holdfast.cmdb.work;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.holdfast.LockException;
import io.holdfast.Locks;
import io.holdfast.cmdb.ingest.Acknowledgements.Acknowledged;
import io.holdfast.cmdb.ingest.Gate;
import io.holdfast.cmdb.ingest.Ingest;
import io.holdfast.cmdb.ingest.IngestException;
import io.holdfast.cmdb.ingest.Settings;
import io.holdfast.cmdb.ingest.Tally;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.report.ReportJson;
import io.holdfast.cmdb.store.Database;
import io.holdfast.cmdb.store.MachineStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.LogManager;

/**
 * The main class of a worker's process. Orders come in and answers go out, a line each, words
 * parted by tabs:
 *
 * <pre>
 * report TAG JSON   -> ack TAG ID STATUS MACHINE VERSION, once it is committed
 * hold              -> standing MACHINES, when the next merge stands at the gate; stays there until
 * go
 * counts            -> counts JSON
 * finish            -> counts JSON, when all is acknowledged; then it ends
 * </pre>
 *
 * <p>It says {@code hello} first, and {@code failed WHY} last if it cannot go on. When its input
 * ends without {@code finish} its leader is gone, and it ends at once.
 */
public final class Worker {

  /** The database, by a JDBC URL: a variable and no argument, because other users see those. */
  static final String DATABASE = "HOLDFAST_DB";

  /** The locks. */
  static final String STORE = "HOLDFAST_STORE";

  private static final int GONE = 3;
  private static final int FAILED = 1;

  private final PrintStream out;
  private final ReentrantLock line = new ReentrantLock();
  private final Barrier barrier = new Barrier();

  private Worker(PrintStream out) {
    this.out = out;
  }

  /**
   * Works. Arguments: workers, batch, lease in milliseconds, batches ahead, {@code guarded} or
   * {@code unguarded}.
   */
  public static void main(String[] args) {
    LogManager.getLogManager().reset(); // stderr is for last words
    Worker worker = new Worker(new PrintStream(System.out, false, UTF_8));
    System.exit(worker.run(args, System.getenv()));
  }

  private int run(String[] args, Map<String, String> environment) {
    Settings settings =
        Settings.DEFAULTS
            .workers(Integer.parseInt(args[0]))
            .batch(Integer.parseInt(args[1]))
            .leaseFor(Duration.ofMillis(Long.parseLong(args[2])))
            .ahead(Integer.parseInt(args[3]));
    boolean guarded = args[4].equals("guarded");
    Tally tally = new Tally();
    try (Database database =
            Database.openToMerge(environment.getOrDefault(DATABASE, ""), settings.connections());
        Locks locks =
            Locks.connect(
                environment.getOrDefault(STORE, ""), settings.locksConfig().listener(tally))) {
      MachineStore machines =
          guarded ? MachineStore.of(database) : MachineStore.withoutGuard(database);
      try (Ingest ingest =
          new Ingest(locks, machines, settings, tally, this::acknowledge, barrier)) {
        var unused = ingest.failure().thenAccept(this::endFailed);
        say("hello");
        return follow(ingest, tally);
      }
    } catch (SQLException | LockException | IllegalArgumentException | IOException e) {
      say("failed", oneLine(e));
    } catch (IngestException e) {
      say("failed", oneLine(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return FAILED;
  }

  /** At once: the next order may never come. */
  private void endFailed(IngestException e) {
    say("failed", oneLine(e));
    Runtime.getRuntime().halt(FAILED);
  }

  private static String oneLine(Exception e) {
    return String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
  }

  private int follow(Ingest ingest, Tally tally)
      throws IOException, IngestException, InterruptedException {
    BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    for (String order; (order = orders.readLine()) != null; ) {
      String[] words = order.split("\t", 3);
      switch (words[0]) {
        case "report" -> ingest.submit(ReportJson.readOwn(words[2]), Long.parseLong(words[1]));
        case "hold" -> barrier.close();
        case "go" -> barrier.open();
        case "counts" -> sayCounts(tally);
        case "finish" -> {
          ingest.awaitAll();
          sayCounts(tally);
          return 0;
        }
        default -> throw new IllegalArgumentException("no order of a worker: " + words[0]);
      }
    }
    // Nobody is left to acknowledge to.
    Runtime.getRuntime().halt(GONE);
    return GONE;
  }

  private void acknowledge(List<Acknowledged> acknowledged) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (Acknowledged each : acknowledged) {
      lines
          .append("ack\t")
          .append(each.tag())
          .append('\t')
          .append(each.ack().report().id())
          .append('\t')
          .append(each.ack().status())
          .append('\t')
          .append(each.ack().machineId())
          .append('\t')
          .append(each.ack().version())
          .append('\n');
    }
    print(lines.toString());
  }

  private void sayCounts(Tally tally) {
    try {
      say("counts", Json.OWN.writeValueAsString(tally.counts()));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private void say(String... words) {
    print(String.join("\t", words) + "\n");
  }

  private void print(String text) {
    line.lock();
    try {
      out.print(text);
      out.flush();
    } finally {
      line.unlock();
    }
  }

  /** Holds up the next merge that comes by. */
  private final class Barrier implements Gate {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition opened = lock.newCondition();
    private boolean closed;
    private boolean occupied;

    void close() {
      lock.lock();
      try {
        closed = true;
        occupied = false;
      } finally {
        lock.unlock();
      }
    }

    void open() {
      lock.lock();
      try {
        closed = false;
        opened.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void beforeWrite(Set<String> machines) {
      lock.lock();
      try {
        if (closed && !occupied) {
          occupied = true;
          say("standing", String.join(",", machines));
          while (closed) {
            opened.awaitUninterruptibly();
          }
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
