package io.holdfast.zookeeper;

import org.junit.jupiter.api.Tag;

/** The same on three servers. */
@Tag("slow")
class ZookeeperEnsembleContractTest extends ZookeeperContractTest {

  @Override
  TestZookeeper servers() {
    return TestZookeeper.three();
  }
}
