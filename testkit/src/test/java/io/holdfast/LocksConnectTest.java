package io.holdfast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From a URL to locks. */
class LocksConnectTest {

  /** No store here takes long, but the machine may. */
  private static final LocksConfig PATIENT =
      LocksConfig.DEFAULTS.requestTimeout(Duration.ofSeconds(60));

  private static Set<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("holdfast-"))
        .collect(Collectors.toSet());
  }

  @Test
  void engineIsFoundOnTheClassPath() {
    assertThat(LocksProvider.find().getClass().getName())
        .isEqualTo("io.holdfast.engine.EngineLocksProvider");
  }

  @Test
  void engineIsFoundByAThreadWithoutAClassLoader() {
    ClassLoader own = Thread.currentThread().getContextClassLoader();
    Thread.currentThread().setContextClassLoader(ClassLoader.getPlatformClassLoader());
    try {
      Locks.connect("memory:").close();
    } finally {
      Thread.currentThread().setContextClassLoader(own);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "localhost", ":", "://localhost", "a@b/c"})
  void urlWithoutASchemeIsRefusedWithAnExample(String url) {
    assertThatThrownBy(() -> Locks.connect(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("redis://localhost:6379");
  }

  @ParameterizedTest
  @ValueSource(strings = {"nosuch://user:secret@host", "no\u001b[2Jsuch:secret", " memory:secret"})
  void unknownSchemeIsRefusedWithTheKnownOnesAndWithoutTheSecret(String url) {
    Set<Thread> before = threads();
    assertThatThrownBy(() -> Locks.connect(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[file, memory]")
        .message()
        .doesNotContain("secret")
        .matches("[ -~]*");
    assertThat(threads()).isSubsetOf(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory:", "memory:a-store", "MEMORY:a-store", "Memory:"})
  void memoryWorks(String url) throws Exception {
    try (Locks locks = Locks.connect(url, PATIENT);
        Lease lease = locks.acquire("connect-test")) {
      assertThat(lease.isHeld()).isTrue();
      assertThat(locks.inspect("connect-test").holder()).isPresent();
      assertThat(locks.guarantees().store()).isNotEmpty();
    }
  }

  @Test
  void sameUrlIsTheSameStoreAndAnotherIsAnother() throws Exception {
    try (Locks one = Locks.connect("memory:one");
        Locks again = Locks.connect("memory:one", PATIENT);
        Locks other = Locks.connect("memory:other", PATIENT);
        Lease lease = one.acquire("connect-test")) {
      assertThat(again.tryAcquire("connect-test")).isEmpty();
      other.tryAcquire("connect-test").orElseThrow().close();
      assertThat(lease.isHeld()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory:bad name", "memory:{tag}", "memory:a\u001b"})
  void nameOfAStoreHasTheAlphabetOfALocks(String url) {
    assertThatThrownBy(() -> Locks.connect(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("U+00")
        .message()
        .matches("[ -~]*");
  }

  @Test
  void configurationIsHeeded() throws Exception {
    LocksConfig config = PATIENT.options(LockOptions.DEFAULTS.label("configured"));
    try (Locks locks = Locks.connect("memory:configured", config);
        Lease lease = locks.acquire("connect-test")) {
      assertThat(lease.isHeld()).isTrue();
      assertThat(locks.inspect("connect-test").holder().map(Inspection.Holder::label))
          .hasValue("configured");
    }
  }

  @Test
  void connectionsThatWereClosedLeaveOthersAlone() throws Exception {
    try (Locks open = Locks.connect("memory:shared")) {
      Locks closed = Locks.connect("memory:shared");
      closed.close();
      open.acquire("connect-test").close();
      assertThat(List.of(open.guarantees())).isNotEmpty();
    }
  }

  @Test
  void examinationTakesOneLockAndLeavesNothing() {
    Set<Thread> before = threads();
    List<Finding> findings = Locks.examine("memory:examined", PATIENT);
    assertThat(findings).extracting(Finding::subject).contains("connection", "a lock", "token");
    assertThat(findings).extracting(Finding::level).containsOnly(Finding.Level.OK);
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(threads()).isSubsetOf(before));
  }

  @Test
  void examinationIsNotDisturbedByOthersAtTheSameTime() throws Exception {
    String url = "memory:examined-at-once";
    try (Locks locks = Locks.connect(url);
        Lease first = locks.acquire("holdfast-doctor/1");
        Lease second = locks.acquire("holdfast-doctor/2")) {
      assertThat(Locks.examine(url, PATIENT))
          .extracting(Finding::level)
          .containsOnly(Finding.Level.OK);
      assertThat(first.isHeld() && second.isHeld()).isTrue();
    }
  }

  @Test
  void examinationOfAMalformedUrlIsRefusedAsConnectingIs() {
    assertThatThrownBy(() -> Locks.examine("nosuch:secret", LocksConfig.DEFAULTS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[file, memory]");
    assertThat(Locks.schema("memory:")).isEmpty();
  }
}
