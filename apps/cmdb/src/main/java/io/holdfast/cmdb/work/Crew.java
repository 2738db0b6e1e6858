package io.holdfast.cmdb.work;

import io.holdfast.cmdb.ingest.IngestException;
import io.holdfast.cmdb.ingest.Intake;
import io.holdfast.cmdb.ingest.Settings;
import io.holdfast.cmdb.ingest.Tally;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.work.WorkerProcess.Word;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Several workers in processes of their own, to which reports are dealt in turn, so that they meet
 * on the same machines. What a worker that died has not acknowledged is dealt to the others, and
 * one more is started in its place.
 *
 * <p>Thread-safe.
 */
public final class Crew implements Intake {

  /** Who is told of acknowledgements; called by one thread for each worker. */
  public interface Witness {
    /**
     * A report's transaction has committed.
     *
     * @throws IOException if this cannot be written down: the crew stops
     */
    void acknowledged(Word.Acknowledged acknowledged) throws IOException;
  }

  private static final int DEATHS_TO_BEAR = 5;
  private static final Duration END_LIMIT = Duration.ofSeconds(60);

  private final String databaseUrl;
  private final String storeUrl;
  private final Settings settings;
  private final boolean guarded;
  private final Witness witness;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<Member> members = new ArrayList<>();
  private final Map<String, Long> acknowledged = new HashMap<>();
  private final CompletableFuture<IngestException> failed = new CompletableFuture<>();
  private Tally.Counts counted = Tally.Counts.NONE;
  private int turn;
  private int deaths;
  private int orphaned;
  private boolean closing;
  private @Nullable IngestException failure;

  /**
   * Starts workers.
   *
   * @param processes how many; 1 to 64
   * @param settings of each of them
   * @param guarded false for writes without their guard, to show what is lost then
   */
  public Crew(
      String databaseUrl,
      String storeUrl,
      int processes,
      Settings settings,
      boolean guarded,
      Witness witness) {
    this.databaseUrl = databaseUrl;
    this.storeUrl = storeUrl;
    this.settings = settings;
    this.guarded = guarded;
    this.witness = witness;
    lock.lock();
    try {
      for (int i = 0; i < processes; i++) {
        hire();
      }
    } finally {
      lock.unlock();
    }
  }

  private Member hire() {
    Member member = new Member();
    members.add(member);
    member.process =
        WorkerProcess.start(databaseUrl, storeUrl, settings, guarded, word -> hear(member, word));
    return member;
  }

  private void hear(Member member, Word word) {
    if (word instanceof Word.Acknowledged acknowledged) {
      try {
        // Before it counts as acknowledged here: the witness comes first.
        witness.acknowledged(acknowledged);
      } catch (IOException e) {
        fail("acknowledgements cannot be written: " + e.getMessage());
        return;
      }
    }
    lock.lock();
    try {
      if (word instanceof Word.Hello) {
        member.ready = true;
      } else if (word instanceof Word.Acknowledged acknowledged) {
        if (member.given.remove(acknowledged.tag()) != null) {
          this.acknowledged.merge(acknowledged.status(), 1L, Long::sum);
        }
      } else if (word instanceof Word.Standing standing) {
        member.standing = Optional.of(standing.machines());
      } else if (word instanceof Word.Counted counts) {
        member.counts = counts.counts();
        member.countsHeard++;
      } else if (word instanceof Word.Failed failed) {
        fail(failed.why());
      } else {
        ended(member);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void ended(Member member) {
    member.ended = true;
    member.standing = Optional.empty();
    if (closing || (member.mayEnd && member.given.isEmpty())) {
      return;
    }
    deaths++;
    if (deaths > DEATHS_TO_BEAR || !member.ready) {
      fail("a worker has ended: " + member.process().lastWords());
      return;
    }
    try {
      hire();
    } catch (RuntimeException e) {
      fail("no worker in the place of one that ended: " + e);
      return;
    }
    members.remove(member);
    counted = counted.plus(member.counts);
    Map<Long, Report> orphans = new LinkedHashMap<>(member.given);
    member.given.clear();
    orphaned += orphans.size();
    Thread heir = new Thread(() -> dealAgain(member, orphans), "crew-heir");
    heir.setDaemon(true);
    heir.start();
  }

  private void dealAgain(Member dead, Map<Long, Report> orphans) {
    dead.process().close();
    try {
      for (Map.Entry<Long, Report> orphan : orphans.entrySet()) {
        submit(orphan.getValue(), orphan.getKey());
        lock.lock();
        try {
          orphaned--;
          changed.signalAll();
        } finally {
          lock.unlock();
        }
      }
    } catch (IngestException e) {
      // The crew has failed, and says so to everybody.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void fail(String why) {
    lock.lock();
    try {
      if (failure == null && !closing) {
        failure = new IngestException(why);
        failed.complete(failure);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void submit(Report report, long tag) throws IngestException, InterruptedException {
    Member member;
    lock.lock();
    try {
      while (true) {
        throwFailure();
        Optional<Member> next = next();
        if (next.isPresent()) {
          member = next.get();
          member.given.put(tag, report);
          break;
        }
        changed.await();
      }
    } finally {
      lock.unlock();
    }
    send(member, report, tag);
  }

  /** In turn, but not to one that has enough. */
  private Optional<Member> next() {
    for (int i = 0; i < members.size(); i++) {
      Member member = members.get(Math.floorMod(turn++, members.size()));
      if (!member.ended && !member.aside && member.given.size() < enough()) {
        return Optional.of(member);
      }
    }
    return Optional.empty();
  }

  /**
   * What it takes in, and a batch in front of it. Whoever had more would leave it in the pipe, and
   * the giver at the end of a full one, while others have nothing to do.
   */
  private int enough() {
    return settings.inFlight() + settings.batch();
  }

  /** If it is gone, its end deals what it was given to another. */
  private static void send(Member member, Report report, long tag) {
    try {
      member.process().give(report, tag);
    } catch (IOException gone) {
      // Heard of as Ended.
    }
  }

  private void throwFailure() throws IngestException {
    if (failure != null) {
      throw new IngestException(String.valueOf(failure.getMessage()));
    }
  }

  @Override
  public void awaitAll() throws IngestException, InterruptedException {
    await(
        () -> orphaned == 0 && members.stream().allMatch(member -> member.given.isEmpty()),
        Optional.empty());
  }

  private interface Fact {
    boolean holds();
  }

  private boolean await(Fact condition, Optional<Duration> atMost)
      throws IngestException, InterruptedException {
    lock.lock();
    try {
      long nanos = atMost.map(Duration::toNanos).orElse(Long.MAX_VALUE);
      while (!condition.holds()) {
        throwFailure();
        if (nanos <= 0) {
          return false;
        }
        nanos = changed.awaitNanos(nanos);
      }
      throwFailure();
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public CompletableFuture<IngestException> failure() {
    return failed.copy();
  }

  /** Statuses as they were acknowledged here; the rest as the workers last told. */
  @Override
  public Tally.Counts counts() {
    lock.lock();
    try {
      Tally.Counts sum = counted;
      for (Member member : members) {
        sum = sum.plus(member.counts);
      }
      return sum.acknowledged(
          acknowledged.getOrDefault("APPLIED", 0L),
          acknowledged.getOrDefault("OUTDATED", 0L),
          acknowledged.getOrDefault("DUPLICATE", 0L));
    } finally {
      lock.unlock();
    }
  }

  /** Lets all workers end when they have acknowledged everything, and adds up what they did. */
  public Tally.Counts finish() throws IngestException, InterruptedException {
    awaitAll();
    List<Member> all;
    lock.lock();
    try {
      members.forEach(member -> member.mayEnd = true);
      all = List.copyOf(members);
    } finally {
      lock.unlock();
    }
    for (Member member : all) {
      try {
        member.process().finish();
      } catch (IOException gone) {
        // All of it is acknowledged; only its last counts are missing.
      }
    }
    if (!await(() -> all.stream().allMatch(member -> member.ended), Optional.of(END_LIMIT))) {
      throw new IngestException("workers do not end");
    }
    return counts();
  }

  /** The workers as they are now. */
  public List<Member> members() {
    lock.lock();
    try {
      return List.copyOf(members);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until all workers have said hello. */
  public void awaitReady() throws IngestException, InterruptedException {
    if (!await(() -> members.stream().allMatch(member -> member.ready), Optional.of(END_LIMIT))) {
      throw new IngestException("workers do not start");
    }
  }

  @Override
  public void close() {
    List<Member> all;
    lock.lock();
    try {
      closing = true;
      all = List.copyOf(members);
    } finally {
      lock.unlock();
    }
    all.forEach(member -> Optional.ofNullable(member.process).ifPresent(WorkerProcess::close));
  }

  /**
   * One worker, to be led by hand: for "demo", which has it stopped or killed in the worst moment.
   * Thread-safe.
   */
  public final class Member {
    private final Map<Long, Report> given = new LinkedHashMap<>();
    private @Nullable WorkerProcess process;
    private Tally.Counts counts = Tally.Counts.NONE;
    private long countsHeard;
    private Optional<List<String>> standing = Optional.empty();
    private boolean ready;
    private boolean aside;
    private boolean mayEnd;
    private boolean ended;

    private Member() {}

    private WorkerProcess process() {
      return Optional.ofNullable(process).orElseThrow();
    }

    private interface Order {
      void give() throws IOException;
    }

    private void order(Order order) throws IngestException {
      try {
        order.give();
      } catch (IOException e) {
        throw new IngestException("a worker is gone: " + process().lastWords());
      }
    }

    /** From now on nothing is dealt to it; returns when it has acknowledged what it had. */
    public void setAside() throws IngestException, InterruptedException {
      lock.lock();
      try {
        aside = true;
      } finally {
        lock.unlock();
      }
      await("empty its hands", given::isEmpty);
    }

    /** Reports are dealt to it again. */
    public void takeBack() {
      lock.lock();
      try {
        aside = false;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /** Gives it a report, whether or not it is set aside. */
    public void give(Report report, long tag) {
      lock.lock();
      try {
        given.put(tag, report);
      } finally {
        lock.unlock();
      }
      send(this, report, tag);
    }

    /**
     * Its next merge is to stand between making sure of its leases and writing. Only while it is
     * set aside: behind many reports it would not hear {@link #letGo}.
     */
    public void holdNext() throws IngestException {
      order(() -> process().holdNext());
    }

    /** Waits until a merge stands there; says of which machines. */
    public List<String> awaitStanding() throws IngestException, InterruptedException {
      await("come to the gate", () -> standing.isPresent());
      lock.lock();
      try {
        List<String> machines = standing.orElseThrow();
        standing = Optional.empty();
        return machines;
      } finally {
        lock.unlock();
      }
    }

    /** The merge that stands there goes on. */
    public void letGo() throws IngestException {
      order(() -> process().letGo());
    }

    /** Waits until it has acknowledged this report, or it was dealt to another. */
    public void awaitAcknowledged(long tag) throws IngestException, InterruptedException {
      await("acknowledge", () -> !given.containsKey(tag));
    }

    /** What it has done so far. */
    public Tally.Counts ask() throws IngestException, InterruptedException {
      long before;
      lock.lock();
      try {
        before = countsHeard;
      } finally {
        lock.unlock();
      }
      order(() -> process().askCounts());
      await("count", () -> countsHeard > before);
      return counts;
    }

    /** SIGSTOP; returns when it stands still. */
    public void stop() {
      process().stop();
    }

    /** SIGCONT. */
    public void goOn() {
      process().goOn();
    }

    /** SIGKILL; returns when another was started in its place, which has its reports. */
    public void kill() throws IngestException, InterruptedException {
      process().kill();
      await("be replaced", () -> ended);
    }

    private void await(String what, Fact fact) throws IngestException, InterruptedException {
      if (!Crew.this.await(fact, Optional.of(END_LIMIT))) {
        throw new IngestException("a worker does not " + what + "; " + process().lastWords());
      }
    }
  }
}
