package io.holdfast.cmdb.work;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.holdfast.cmdb.ingest.Settings;
import io.holdfast.cmdb.ingest.Tally;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.report.ReportJson;
import io.holdfast.embedded.ChildJvm;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A {@link Worker} as its leader sees it. It does not outlive this JVM, even if it stands stopped.
 * Thread-safe.
 */
public final class WorkerProcess implements AutoCloseable {

  private static final List<String> OPTIONS =
      // A worker is small and at work at once; and leaves no file in /tmp when it is killed.
      List.of("-Xmx384m", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError");

  /** What a worker says. */
  public sealed interface Word {
    /** It is ready. */
    record Hello() implements Word {}

    /** A report's transaction has committed. */
    record Acknowledged(long tag, String reportId, String status, String machineId, long version)
        implements Word {}

    /** A merge stands at the gate. */
    record Standing(List<String> machines) implements Word {}

    /** What it has done so far. */
    record Counted(Tally.Counts counts) implements Word {}

    /** It cannot go on. */
    record Failed(String why) implements Word {}

    /** It has ended; nothing comes after this. */
    record Ended() implements Word {}
  }

  private final ChildJvm process;

  private WorkerProcess(ChildJvm process) {
    this.process = process;
  }

  /**
   * Starts one.
   *
   * @param guarded false for a write without its guard, to show what is lost then
   * @param words is told what it says, on a thread of this worker's own
   */
  public static WorkerProcess start(
      String databaseUrl,
      String storeUrl,
      Settings settings,
      boolean guarded,
      Consumer<Word> words) {
    return new WorkerProcess(
        ChildJvm.start(
            Worker.class,
            OPTIONS,
            List.of(
                Integer.toString(settings.workers()),
                Integer.toString(settings.batch()),
                Long.toString(settings.leaseFor().toMillis()),
                Integer.toString(settings.ahead()),
                guarded ? "guarded" : "unguarded"),
            Map.of(Worker.DATABASE, databaseUrl, Worker.STORE, storeUrl),
            line -> words.accept(word(line))));
  }

  private static Word word(Optional<String> line) {
    if (line.isEmpty()) {
      return new Word.Ended();
    }
    try {
      return word(line.get().split("\t", -1));
    } catch (RuntimeException e) {
      return new Word.Failed("said: " + line.get()); // cut off, or not ours
    }
  }

  private static Word word(String... words) {
    return switch (words[0]) {
      case "hello" -> new Word.Hello();
      case "ack" ->
          new Word.Acknowledged(
              Long.parseLong(words[1]), words[2], words[3], words[4], Long.parseLong(words[5]));
      case "standing" -> new Word.Standing(List.of(words[1].split(",", -1)));
      case "counts" -> new Word.Counted(counts(words[1]));
      case "failed" -> new Word.Failed(words[1]);
      default -> new Word.Failed("said: " + words[0]);
    };
  }

  private static Tally.Counts counts(String json) {
    try {
      return Json.OWN.readValue(json, Tally.Counts.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("no counts: " + json, e);
    }
  }

  /** Gives it a report. */
  public void give(Report report, long tag) throws IOException {
    process.send("report\t" + tag + "\t" + ReportJson.write(report));
  }

  /** The next merge of it is to stand at the gate. */
  public void holdNext() throws IOException {
    process.send("hold");
  }

  /** Whoever stands at the gate goes on. */
  public void letGo() throws IOException {
    process.send("go");
  }

  /** Asks for its counts. */
  public void askCounts() throws IOException {
    process.send("counts");
  }

  /** It is to end when all is acknowledged, and to tell its counts. */
  public void finish() throws IOException {
    process.send("finish");
  }

  /** Its process id. */
  public long pid() {
    return process.pid();
  }

  /** SIGSTOP; returns when it stands still. */
  public void stop() {
    process.stop();
  }

  /** SIGCONT. */
  public void goOn() {
    process.goOn();
  }

  /** SIGKILL; returns when it is gone. */
  public void kill() {
    process.kill();
  }

  /** The last that it printed beside its words; empty if nothing. */
  public String lastWords() {
    return process.lastWords();
  }

  /** Kills it if it still runs. */
  @Override
  public void close() {
    process.close();
  }
}
