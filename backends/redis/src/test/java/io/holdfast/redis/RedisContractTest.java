package io.holdfast.redis;

import io.holdfast.LockName;
import io.holdfast.spi.LockBackend;
import io.holdfast.testkit.LockBackendContract;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedisContractTest extends LockBackendContract {

  private final TestRedis redis = new TestRedis().start();

  @AfterAll
  void stop() {
    redis.close();
  }

  @Override
  protected LockBackend open() {
    return redis.open();
  }

  @Override
  protected void deleteByHand(LockName locked) {
    redis.plain().del("lock_" + locked, "{lock_" + locked + "}:token");
  }

  @Override
  protected List<String> contents(LockName locked) {
    return redis.plain().keys("*" + locked + "*").stream()
        .sorted()
        .map(key -> key + " is " + redis.plain().get(key))
        .toList();
  }

  @Override
  protected List<String> immortals(LockName locked) {
    return redis.plain().keys("*" + locked + "*").stream()
        .filter(key -> redis.plain().pttl(key) == -1)
        .toList();
  }
}
