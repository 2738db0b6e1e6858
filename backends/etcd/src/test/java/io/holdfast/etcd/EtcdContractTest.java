package io.holdfast.etcd;

import io.holdfast.LockName;
import io.holdfast.spi.LockBackend;
import io.holdfast.testkit.LockBackendContract;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;

@NeedsEtcd
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EtcdContractTest extends LockBackendContract {

  private final TestEtcd etcd = new TestEtcd();

  @AfterAll
  void stop() {
    etcd.close();
  }

  @Override
  protected LockBackend open() {
    return etcd.open();
  }

  @Override
  protected void deleteByHand(LockName locked) {
    try {
      etcd.delete("lock_=" + locked + "=");
      etcd.delete("lock_==base");
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Override
  protected List<String> contents(LockName locked) {
    try {
      return etcd.keys("lock_=" + locked + "=");
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Override
  protected List<String> immortals(LockName locked) {
    try {
      return etcd.entries("lock_=" + locked + "=").stream()
          .filter(entry -> entry.getLease() == 0)
          .map(TestEtcd::text)
          .toList();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
