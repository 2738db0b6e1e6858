package io.holdfast.local;

import io.holdfast.LockName;
import io.holdfast.spi.LockBackend;
import io.holdfast.testkit.LockBackendContract;
import java.util.List;

class MemoryBackendContractTest extends LockBackendContract {

  private final MemoryStore store = new MemoryStore();

  @Override
  protected LockBackend open() {
    return new MemoryBackend(store);
  }

  @Override
  protected void deleteByHand(LockName locked) {
    store.delete(locked);
  }

  @Override
  protected List<String> contents(LockName locked) {
    return store.contents(locked);
  }

  /** Leases end and counters are swept: nothing is for ever. */
  @Override
  protected List<String> immortals(LockName locked) {
    return List.of();
  }
}
