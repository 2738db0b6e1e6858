package io.holdfast.zookeeper;

import static io.holdfast.zookeeper.TestZookeeper.SESSION;
import static io.holdfast.zookeeper.TestZookeeper.answer;
import static io.holdfast.zookeeper.TestZookeeper.asking;
import static io.holdfast.zookeeper.TestZookeeper.granted;
import static io.holdfast.zookeeper.TestZookeeper.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.holdfast.embedded.ChildJvm;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Holders that are killed, and that stand still. */
@Tag("slow")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ZookeeperProcessTest {

  /** Its end is waited for; but it has to outlive a pause of this JVM and its server. */
  private static final Duration LEASE = Duration.ofSeconds(20);

  private final TestZookeeper zookeeper = TestZookeeper.one();
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final Claim claim = newClaim();

  @AfterAll
  void stop() {
    zookeeper.close();
  }

  private ChildJvm holder() {
    lines.clear();
    ChildJvm child =
        ChildJvm.start(
            HolderProcess.class,
            List.of(),
            List.of(zookeeper.url(), claim.name().value(), Long.toString(LEASE.toMillis())),
            Map.of(),
            line -> line.ifPresent(lines::add));
    await().atMost(60, TimeUnit.SECONDS).until(() -> !lines.isEmpty());
    return child;
  }

  private long token() {
    return Long.parseLong(lines.get(0).substring("token ".length()));
  }

  private long nextToken(ZookeeperBackend backend) throws Exception {
    await()
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> answer(backend.ask(asking(claim))) instanceof Attempt.Granted);
    long token = granted(backend, claim).firstToken();
    answer(backend.release(claim, 0, Duration.ZERO));
    return token;
  }

  @Test
  void lockOfAKilledHolderIsFreeWhenItsSessionEnds() throws Exception {
    try (ChildJvm child = holder();
        ZookeeperBackend backend = zookeeper.open(zookeeper.url(), SESSION)) {
      assertThat(answer(backend.ask(asking(claim)))).isInstanceOf(Attempt.Refused.class);
      child.kill();
      assertThat(nextToken(backend)).isGreaterThan(token());
    }
  }

  @Test
  void stoppedHolderFindsItsLeaseLost() throws Exception {
    try (ChildJvm child = holder();
        ZookeeperBackend backend = zookeeper.open(zookeeper.url(), SESSION)) {
      child.stop();
      assertThat(nextToken(backend)).isGreaterThan(token());
      child.goOn();
      child.send("?");
      await().atMost(60, TimeUnit.SECONDS).until(() -> lines.contains("lost"));
      await().until(() -> lines.contains("held false"));
      assertThat(lines).doesNotContain("held true");
    }
  }
}
