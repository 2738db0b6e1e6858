package io.holdfast.cmdb.store;

/** What the caller does when all is read and merged and nothing is written: looks at its leases. */
@FunctionalInterface
public interface Checkpoint {
  /** An exception rolls back. */
  void beforeWrite();
}
