package io.holdfast.cli.race;

import io.holdfast.BackendException;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.cli.race.Exclusion.Turn;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Merges reports into the record the way one method does: go in, read, merge, make sure of the
 * lock, write, acknowledge, go out. For one thread; the locks are its worker's.
 *
 * @param database its own connection
 * @param redis its own connection
 * @param locks Holdfast's, shared by the worker's threads
 * @param threadLock shared by the worker's threads
 * @param hostLock its own channel of the file that the workers of one host share
 * @param lease how long a lock lasts if it is not renewed
 * @param run the name of this race, which no other has
 * @param reports where it reports to
 */
record Merger(
    Connection database,
    RedisWire redis,
    Locks locks,
    ReentrantLock threadLock,
    FileChannel hostLock,
    Duration lease,
    String run,
    Consumer<Report> reports) {

  /** The points of a merge at which its director may want it to stand. */
  interface Gates {
    void pass(Report.Kind gate, String report) throws InterruptedException;
  }

  /** Nobody stands anywhere. */
  static final Gates OPEN = (gate, report) -> {};

  private static final int TRIES = 20;
  private static final long LONGEST_THOUGHT_NANOS = 2_000_000;

  /** The name of a method's lock; a key of its own, so that nothing is left over from the last. */
  static String lockName(String run, Method method) {
    return run + ":" + method.name();
  }

  /** Merges until the report is acknowledged, others block it, or all tries were in vain. */
  void merge(Method method, String report, Duration patience, Gates gates)
      throws SQLException, IOException, InterruptedException {
    Exclusion exclusion = exclusion(method);
    for (int i = 0; i < TRIES; i++) {
      Optional<Turn> entered = enter(exclusion, report, patience, gates);
      if (entered.isEmpty()) {
        tell(Report.Kind.BLOCKED, report);
        return;
      }
      Turn turn = entered.get();
      boolean acknowledged;
      try {
        acknowledged = mergeInside(method, turn, report, gates);
      } finally {
        leave(turn, report);
      }
      if (acknowledged) {
        return;
      }
    }
  }

  /** Waits once more where the store gave no answer; that is neither a yes nor a no. */
  private static Optional<Turn> enter(
      Exclusion exclusion, String report, Duration patience, Gates gates)
      throws IOException, InterruptedException {
    try {
      return exclusion.enter(() -> gates.pass(Report.Kind.CHECKED, report), patience);
    } catch (BackendException noAnswer) {
      return exclusion.enter(() -> gates.pass(Report.Kind.CHECKED, report), patience);
    }
  }

  private boolean mergeInside(Method method, Turn turn, String report, Gates gates)
      throws SQLException, InterruptedException {
    HotRecord record = new HotRecord(database, method.name());
    for (int i = 0; i < TRIES; i++) {
      HotRecord.Content read = record.read();
      List<String> merged = read.with(report);
      think();
      if (!turn.lasts()) {
        return false;
      }
      gates.pass(Report.Kind.READY, report);
      switch (record.write(method.writing(), read, merged, turn.token())) {
        case COMMITTED -> {
          tell(Report.Kind.ACKNOWLEDGED, report);
          return true;
        }
        case REFUSED_STALE_TOKEN -> {
          tell(Report.Kind.REFUSED_STALE_TOKEN, report);
          return false;
        }
        case REFUSED_STALE_READ -> tell(Report.Kind.REFUSED_STALE_READ, report);
      }
    }
    return false;
  }

  private void leave(Turn turn, String report) throws IOException {
    switch (turn.leave()) {
      case IN_TIME -> {}
      case TOO_LATE -> tell(Report.Kind.LEASE_LOST, report);
      case FREED_ANOTHERS -> {
        tell(Report.Kind.LEASE_LOST, report);
        tell(Report.Kind.RELEASED_ANOTHERS, report);
      }
    }
  }

  private Exclusion exclusion(Method method) {
    String name = lockName(run, method);
    return switch (method) {
      case NO_LOCK -> NoLock.NO_LOCK;
      case THREAD_LOCK -> LocalLock.ofThreads(threadLock);
      case FILE_LOCK -> LocalLock.ofProcesses(threadLock, hostLock);
      case GET_THEN_SET -> byHand(HandMadeRedisLock.Mistake.GET_THEN_SET, name);
      case NO_EXPIRY -> byHand(HandMadeRedisLock.Mistake.NO_EXPIRY, name);
      case NO_OWNER_CHECK -> byHand(HandMadeRedisLock.Mistake.NO_OWNER_CHECK, name);
      case CORRECT_LOCK, TEXTBOOK_FENCE, FENCE_AND_VERSION ->
          new HoldfastLock(locks, name, LockOptions.DEFAULTS.leaseFor(lease));
    };
  }

  private Exclusion byHand(HandMadeRedisLock.Mistake mistake, String name) {
    return new HandMadeRedisLock(mistake, redis, name, lease);
  }

  /** What a merge costs beside reading and writing. */
  static void think() {
    LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(LONGEST_THOUGHT_NANOS));
  }

  private void tell(Report.Kind kind, String report) {
    reports.accept(new Report(kind, report));
  }
}
