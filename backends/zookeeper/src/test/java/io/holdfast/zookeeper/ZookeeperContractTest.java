package io.holdfast.zookeeper;

import io.holdfast.LockName;
import io.holdfast.spi.LockBackend;
import io.holdfast.testkit.LockBackendContract;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ZookeeperContractTest extends LockBackendContract {

  private final TestZookeeper zookeeper = servers();

  TestZookeeper servers() {
    return TestZookeeper.one();
  }

  @AfterAll
  void stop() {
    zookeeper.close();
  }

  @Override
  protected LockBackend open() {
    return zookeeper.open();
  }

  @Override
  protected void deleteByHand(LockName locked) {
    zookeeper.deleteNodes(locked);
  }

  @Override
  protected List<String> contents(LockName locked) {
    return zookeeper.nodes(locked).stream().sorted().toList();
  }

  /** Nothing ends by itself here but with its session, which every node of a lock does. */
  @Override
  protected List<String> immortals(LockName locked) {
    return List.of();
  }
}
