package io.holdfast.simulation;

import io.holdfast.spi.LockBackend;
import java.time.Duration;
import java.util.List;

/** A server, or several, in its world. */
interface SimulatedStore {

  /** By how much a lock may end later than asked, or its holder give up sooner. */
  Duration GRANULARITY = Duration.ofMillis(1);

  /** A process's backend. */
  LockBackend backend(Way way);

  /** From here on nothing is late. */
  default void heal() {}

  /** One of the things that may happen to such a store. */
  void fail(Failing failing);

  /** Its clock is set, by its operator. */
  void setClock(Duration error);

  /** Sets the other clock: each server has its own error. */
  default void setClockOfReplica(Duration error) {}

  /** A process has died; whether its host lives, and says so, is chance. */
  default void died(String process) {}

  /** The ids of the claims that have a lock, apart from those that are only kept. */
  List<String> holders();

  /** What is still there although nobody needs it, for people; empty if nothing is. */
  List<String> leftovers();

  /** What may happen to a store. */
  enum Failing {
    /** Another server takes its place, knowing what it had been told. */
    FAILOVER,
    /** It forgets everything. */
    FLUSH,
    /** It forgets one thing. */
    EVICTION,
    /** Another server takes its place for some, while the old one goes on to serve the others. */
    SPLIT,
    /** The old one notices, and what it knew is gone. */
    MENDED
  }
}
