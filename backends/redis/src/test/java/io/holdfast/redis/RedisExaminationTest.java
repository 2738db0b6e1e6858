package io.holdfast.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.Finding;
import io.holdfast.Finding.Level;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.StoreRefusedException;
import io.holdfast.embedded.EmbeddedRedis;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.protocol.CommandType;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What {@code doctor} is told of a Redis, beside what it finds by locking. */
class RedisExaminationTest {

  private static final Duration TIMEOUT = TestRedis.PATIENT;

  private final TestRedis redis = new TestRedis();

  @AfterEach
  void stop() {
    redis.close();
  }

  private List<Finding> examine(String url) {
    return new RedisBackendProvider().examine(url, redis.context(TIMEOUT));
  }

  private static Finding about(String subject, List<Finding> findings) {
    return findings.stream()
        .filter(finding -> finding.subject().equals(subject))
        .findFirst()
        .orElseThrow(() -> new AssertionError(findings.toString()));
  }

  /** Whoever reads the one has to find the other. */
  private void isRefusedInTheSameWords(String url, String words) {
    Finding refused =
        examine(url).stream().filter(one -> one.level() == Level.REFUSED).findFirst().orElseThrow();
    assertThat(refused.found()).contains(words);
    assertThatThrownBy(() -> new RedisBackendProvider().connect(url, redis.context(TIMEOUT)))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessage(refused.found() + ": " + refused.cure());
  }

  @Test
  void aServerInOrderIsFoundToBe() {
    redis.start("appendonly yes");
    assertThat(examine(redis.server().url()))
        .allMatch(finding -> finding.level() == Level.OK && finding.cure().isEmpty())
        .extracting(Finding::subject)
        .containsExactly("mode", "role", "version", "restart", "failover", "clock");
  }

  @Test
  void howeverOftenItIsLookedOverOneCounterIsLeftForAnHour() {
    redis.start();
    for (int i = 0; i < 3; i++) {
      Locks.examine(redis.server().url(), LocksConfig.DEFAULTS.requestTimeout(TIMEOUT));
    }
    assertThat(redis.plain().keys("*")).containsExactly("{lock_holdfast-doctor/1}:token");
    assertThat(redis.plain().pttl("{lock_holdfast-doctor/1}:token"))
        .isBetween(1L, Duration.ofMinutes(61).toMillis());
  }

  @Test
  void aServerThatForgetsIsWarnedOf() {
    redis.start("appendonly no");
    assertThat(about("restart", examine(redis.server().url())).level()).isEqualTo(Level.WARNING);
  }

  @Test
  void aFailoverThatMayComeIsWarnedOf() {
    List<Finding> findings = ServerInfo.endurance("aof_enabled:1\r\nconnected_slaves:2\r\n");
    assertThat(about("failover", findings).found()).contains("2 connected replicas");
    assertThat(about("failover", findings).level()).isEqualTo(Level.WARNING);
  }

  @Test
  void aReplicaIsRefused() {
    redis.start();
    redis.plain().replicaof("127.0.0.1", 1);
    isRefusedInTheSameWords(redis.server().url(), "is a replica");
  }

  @Test
  void aClusterIsRefused() {
    redis.start("cluster-enabled yes");
    isRefusedInTheSameWords(redis.server().url(), "is a cluster");
  }

  @Test
  void anOldServerIsRefused() throws IOException {
    try (CannedServer server = new CannedServer("6.0.16", question -> "+OK")) {
      isRefusedInTheSameWords(server.url(), "is version 6.0.16");
    }
  }

  @Test
  void whatMayNotBeAskedIsSaidToBeUnknown() {
    redis.start();
    redis.plain().aclSetuser("shy", AclSetuserArgs.Builder.on().addPassword("pw").allKeys());
    redis.plain().aclSetuser("shy", AclSetuserArgs.Builder.addCommand(CommandType.TIME));
    List<Finding> findings = examine("redis://shy:pw@127.0.0.1:" + redis.server().port());
    assertThat(about("settings", findings).cure()).isEqualTo("grant +info");
    assertThat(about("clock", findings).level()).isEqualTo(Level.OK);
  }

  @Test
  void aWrongPasswordIsRefusedAndNotRepeated() {
    redis.start(EmbeddedRedis.builder().password("right"));
    List<Finding> findings = examine("redis://:hunter2@127.0.0.1:" + redis.server().port());
    assertThat(findings).singleElement().extracting(Finding::level).isEqualTo(Level.REFUSED);
    assertThat(findings.toString()).doesNotContain("hunter2");
  }
}
