package io.holdfast.cmdb.ingest;

import io.holdfast.Lease;
import io.holdfast.cmdb.report.Report;
import io.holdfast.cmdb.store.Group;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Reports of one machine that wait for its lock: more may join them until a transaction takes them
 * all. Thread-safe.
 */
final class Waiting {

  /** A report on its way, with what its giver wants back, and how much of the room it takes. */
  record Item(Report report, long tag, int weight) {}

  /**
   * Who is merged first among those whose lease is held: who came first, but a machine that several
   * reports want steps back by what a transaction lingers. So a machine that everybody reports on
   * lets the others by, and takes more reports in one transaction for it.
   */
  static final Comparator<Waiting> BY_TURN =
      (one, other) -> Long.signum(one.turnAt - other.turnAt); // nanoTime may overflow

  private final ReentrantLock lock = new ReentrantLock();
  private final List<Item> items = new ArrayList<>();
  private Group group;
  private boolean taken;
  private volatile Optional<Lease> lease = Optional.empty();
  private volatile long turnAt;
  private volatile long tokenAbove;
  private volatile boolean mayBeCommitted;

  Waiting(Group group, List<Item> items) {
    this.group = group;
    this.items.addAll(items);
  }

  /** False if they were taken already. */
  boolean add(Group more, List<Item> moreItems) {
    lock.lock();
    try {
      if (!taken) {
        group = group.and(more);
        items.addAll(moreItems);
      }
      return !taken;
    } finally {
      lock.unlock();
    }
  }

  /** From now on nobody joins. */
  void take() {
    lock.lock();
    try {
      taken = true;
    } finally {
      lock.unlock();
    }
  }

  Group group() {
    lock.lock();
    try {
      return group;
    } finally {
      lock.unlock();
    }
  }

  List<Item> items() {
    lock.lock();
    try {
      return List.copyOf(items);
    } finally {
      lock.unlock();
    }
  }

  String machineId() {
    return group().machineId();
  }

  int size() {
    lock.lock();
    try {
      return items.size();
    } finally {
      lock.unlock();
    }
  }

  Lease lease() {
    return lease.orElseThrow();
  }

  void holds(Lease granted, Duration stepsBack) {
    lease = Optional.of(granted);
    turnAt = System.nanoTime() + (size() > 1 ? stepsBack.toNanos() : 0);
  }

  /** The next lease's token has to be greater than this. */
  long tokenAbove() {
    return tokenAbove;
  }

  void wantsTokenAbove(long token) {
    tokenAbove = token;
  }

  /** A commit was sent and not answered: what is in the ledger may be ours. */
  boolean mayBeCommitted() {
    return mayBeCommitted;
  }

  void hasNoAnswerToItsCommit() {
    mayBeCommitted = true;
  }
}
