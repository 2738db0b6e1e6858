package io.holdfast.simulation;

import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import java.time.Duration;
import java.util.List;

/**
 * A server in its world. Each question is one atomic step at the moment of the call; it throws what
 * the backend would make of the server's error.
 */
interface SimulatedStore {

  Attempt ask(String process, Ask ask);

  Renewal renew(String process, Claim claim, Duration leaseFor);

  Release release(String process, Claim claim, long lastTokenUsed, Duration keepFor);

  /** One of the things that may happen to such a store. */
  void fail(Failing failing);

  /** Its clock is set, by its operator. */
  void setClock(Duration error);

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
    EVICTION
  }
}
