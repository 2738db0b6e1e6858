package io.holdfast.etcd;

import static io.holdfast.etcd.TestEtcd.answer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.etcd.jetcd.ByteSequence;
import io.holdfast.BackendException;
import io.holdfast.Finding;
import io.holdfast.Finding.Level;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is found out about a cluster before anybody relies on it. */
@NeedsEtcd
class EtcdExaminationTest {

  private static final LocksConfig CONFIG = LocksConfig.DEFAULTS.requestTimeout(TestEtcd.PATIENT);

  private final TestEtcd etcd = new TestEtcd("--quota-backend-bytes=" + 4 * 1024 * 1024);

  @AfterEach
  void stop() {
    etcd.close();
  }

  private List<Finding> findings() {
    return Locks.examine(etcd.server().url(), CONFIG);
  }

  private static Finding of(String subject, List<Finding> findings) {
    return findings.stream()
        .filter(finding -> finding.subject().startsWith(subject))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void healthyServerIsFoundSoAndNothingIsLeft() throws Exception {
    List<Finding> findings = findings();
    assertThat(findings)
        .extracting(Finding::subject)
        .contains("alarms", "lease", "base of tokens", "connection", "a lock", "token");
    assertThat(findings).extracting(Finding::level).containsOnly(Level.OK);
    assertThat(of("member", findings).found()).startsWith("version 3.");
    assertThat(etcd.keys("lock_")).hasSize(1);
    assertThat(findings()).extracting(Finding::level).containsOnly(Level.OK);
  }

  @Test
  void hostWhoseClockIsFarFromTheServersIsWarnedOf() {
    for (Duration off : List.of(Duration.ofHours(2), Duration.ofHours(-2))) {
      List<Finding> findings =
          EtcdExamination.of(
              EtcdUrl.parse(etcd.server().url()),
              TestEtcd.context(TestEtcd.LEASE, TestEtcd.PATIENT),
              Clock.offset(Clock.systemUTC(), off));
      assertThat(of("clock", findings).level()).isEqualTo(Level.WARNING);
      assertThat(of("clock", findings).found())
          .contains(off.isNegative() ? " behind " : " ahead ")
          .doesNotContain("http");
    }
    assertThat(of("clock", findings()).level()).isEqualTo(Level.OK);
  }

  @Test
  void baseFarAheadOfTheClockIsWarnedOf() throws Exception {
    long tomorrow =
        ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now().plus(1, ChronoUnit.DAYS));
    answer(etcd.plain().getKVClient().put(new Keys("lock_").base(), Tokens.written(tomorrow)));
    Finding base = of("base of tokens", findings());
    assertThat(base.level()).isEqualTo(Level.WARNING);
    assertThat(base.found()).contains("ahead");
  }

  @Test
  void fullServerIsNoAnswerAndItsAlarmIsFound() {
    ByteSequence big = ByteSequence.from(new byte[1024 * 1024]);
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 100; i++) {
                answer(etcd.plain().getKVClient().put(Keys.of("big" + i), big));
              }
            })
        .isInstanceOf(ExecutionException.class);
    assertThatThrownBy(etcd::open)
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("no space left");
    assertThat(of("alarms", findings()))
        .satisfies(
            alarm -> {
              assertThat(alarm.level()).isEqualTo(Level.WARNING);
              assertThat(alarm.found()).contains("NOSPACE");
            });
  }

  @Test
  @Tag("slow")
  void leaseThatTheServerMakesLongerIsWarnedOf() {
    etcd.close();
    try (TestEtcd slow = new TestEtcd("--heartbeat-interval=1000", "--election-timeout=10000")) {
      LocksConfig brief = CONFIG.options(LockOptions.DEFAULTS.leaseFor(Duration.ofSeconds(2)));
      Finding lease = of("lease", Locks.examine(slow.server().url(), brief));
      assertThat(lease.level()).isEqualTo(Level.WARNING);
      assertThat(lease.found()).isEqualTo("15 s granted for 2 s asked");
    }
  }

  @Test
  void versionsWhoseHungLeaderEndsLivingLeasesAreTold() {
    assertThat(List.of("3.4.0", "3.4.30", "3.5.0", "3.5.12", "3.5.12-rc.1"))
        .allMatch(EtcdExamination::hasLeaderThatOutstays);
    assertThat(List.of("3.4.31", "3.5.13", "3.6.0", "3.6.0-rc.4", "3.10.1", "4.0.0", "unknown"))
        .noneMatch(EtcdExamination::hasLeaderThatOutstays);
  }

  @Test
  void serverThatIsNotThereIsFoundSo() {
    etcd.server().kill();
    List<Finding> findings = findings();
    assertThat(of("member", findings).level()).isEqualTo(Level.WARNING);
    assertThat(of("connection", findings).level()).isEqualTo(Level.REFUSED);
  }
}
