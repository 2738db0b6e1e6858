package io.holdfast.cmdb.ingest;

import java.util.Set;

/**
 * Where a worker stands when it has made sure of its leases and written nothing: the moment in
 * which no lock can help. For "demo" and tests to hold it up there.
 */
@FunctionalInterface
public interface Gate {

  /** Nobody is held up. */
  Gate OPEN = machines -> {};

  /** Called by workers; returns when they may write. */
  void beforeWrite(Set<String> machines);
}
