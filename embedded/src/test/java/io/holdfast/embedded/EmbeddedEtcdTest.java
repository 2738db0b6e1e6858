package io.holdfast.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** An etcd on this host, where there is one on {@code PATH}. */
class EmbeddedEtcdTest {

  @BeforeAll
  static void needsEtcd() {
    String reason = "SKIPPED: no etcd on PATH (Debian: apt-get install etcd-server)";
    if (!EmbeddedEtcd.isInstalled()) {
      System.out.println(reason);
    }
    Assumptions.assumeTrue(EmbeddedEtcd.isInstalled(), reason);
  }

  @Test
  void startedServerIsHealthyAndClosingLeavesNothing() {
    long pid;
    Path data;
    try (EmbeddedEtcd etcd = EmbeddedEtcd.start()) {
      pid = etcd.pid();
      data = etcd.data();
      assertThat(etcd.url()).isEqualTo("etcd://127.0.0.1:" + etcd.port());
      assertThat(etcd.isRunning()).isTrue();
      assertThat(etcd.metrics()).contains("etcd_server_has_leader 1");
      assertThat(data).isDirectory();
    }
    assertThat(ProcessHandle.of(pid)).isEmpty();
    assertThat(data.getParent()).doesNotExist();
  }

  @Test
  void killedServerComesBackAtItsPortWithItsData() {
    try (EmbeddedEtcd etcd = EmbeddedEtcd.start()) {
      int port = etcd.port();
      long pid = etcd.pid();
      etcd.kill();
      assertThat(etcd.isRunning()).isFalse();
      assertThat(etcd.metrics()).isEmpty();
      etcd.restart();
      assertThat(etcd.port()).isEqualTo(port);
      assertThat(etcd.pid()).isNotEqualTo(pid);
      assertThat(etcd.data().resolve("member")).isDirectory();
      etcd.pause();
      assertThat(etcd.isRunning()).isTrue();
      etcd.resume();
      assertThat(etcd.metrics()).contains("etcd_server_has_leader 1");
    }
  }

  @Test
  void membersOfAClusterHaveALeader() {
    List<EmbeddedEtcd> members = EmbeddedEtcd.cluster(3);
    try {
      assertThat(members)
          .hasSize(3)
          .allSatisfy(
              member -> // which may be electing another one just now
              await()
                      .atMost(Duration.ofSeconds(60))
                      .until(() -> member.metrics().contains("etcd_server_has_leader 1")));
    } finally {
      members.forEach(EmbeddedEtcd::close);
    }
  }

  @Test
  void serverThatEndsAtOnceSaysWhyAndLeavesNothing() {
    assertThatThrownBy(() -> EmbeddedEtcd.start("--election-timeout=1"))
        .isInstanceOf(EmbeddedServerException.class)
        .hasMessageContaining("election-timeout");
  }

  @Test
  void closedServerCannotBeUsed() {
    EmbeddedEtcd etcd = EmbeddedEtcd.start();
    etcd.close();
    etcd.close();
    assertThatThrownBy(etcd::restart).isInstanceOf(IllegalStateException.class);
  }
}
