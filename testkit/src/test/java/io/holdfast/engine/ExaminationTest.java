package io.holdfast.engine;

import static io.holdfast.testkit.UnreliableBackend.Kind.ASK;
import static io.holdfast.testkit.UnreliableBackend.Kind.RELEASE;
import static io.holdfast.testkit.UnreliableBackend.Kind.RENEW;
import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.Finding;
import io.holdfast.LockName;
import io.holdfast.LocksConfig;
import io.holdfast.local.MemoryBackend;
import io.holdfast.local.MemoryStore;
import io.holdfast.spi.BackendProvider;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.StoreContext;
import io.holdfast.testkit.ManualTime;
import io.holdfast.testkit.UnreliableBackend;
import io.holdfast.testkit.UnreliableBackend.Fate;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who looks a store over leaves it as it was, also if the store is not as it should be. */
class ExaminationTest {

  private static final LockName FIRST = new LockName("holdfast-doctor/1");

  /** Waited for whole where an answer is lost. */
  private static final LocksConfig CONFIG =
      LocksConfig.DEFAULTS.requestTimeout(Duration.ofMillis(50));

  private final ManualTime time = new ManualTime();
  private final MemoryStore store = new MemoryStore(time::nanoTime, time.clock());
  private final UnreliableBackend messages = new UnreliableBackend(new MemoryBackend(store));
  private final BackendProvider provider =
      new BackendProvider() {
        @Override
        public Set<String> schemes() {
          return Set.of("spoilt");
        }

        @Override
        public LockBackend connect(String url, StoreContext context) {
          return messages;
        }
      };

  /** A test of a question that has none, whether or not the store has heard it. */
  @ParameterizedTest
  @EnumSource(
      value = Fate.class,
      names = {"LOST", "ANSWER_LOST", "FAILED", "ANSWER_FAILED"})
  @Target(ElementType.METHOD)
  @Retention(RetentionPolicy.RUNTIME)
  private @interface WithoutAnAnswer {}

  private void assertFailsAndLeavesTheLockFree() {
    assertThat(new Examination(provider, "spoilt:", time, CONFIG).findings())
        .filteredOn(finding -> finding.subject().equals("a lock"))
        .extracting(Finding::level)
        .containsExactly(Finding.Level.REFUSED);
    assertThat(store.contents(FIRST)).doesNotContain("lock");
  }

  @WithoutAnAnswer
  void lockIsGivenBackIfItsRenewalIsNotAnswered(Fate fate) {
    messages.next(RENEW, fate);
    assertFailsAndLeavesTheLockFree();
  }

  @WithoutAnAnswer
  void lockThatMayHaveBeenGrantedIsGivenBack(Fate fate) {
    messages.next(ASK, fate);
    assertFailsAndLeavesTheLockFree();
  }

  @WithoutAnAnswer
  void releaseThatIsNotAnsweredIsRepeated(Fate fate) {
    messages.next(RELEASE, fate);
    assertFailsAndLeavesTheLockFree();
  }

  @Test
  void silentStoreEndsTheExaminationAllTheSame() {
    messages.always(Fate.LOST);
    assertFailsAndLeavesTheLockFree();
    assertThat(messages.sent(ASK)).hasSize(1);
    assertThat(messages.sent(RELEASE)).hasSize(1);
  }
}
