package io.holdfast.spi;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.BackendException;
import io.holdfast.testkit.ManualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** One question for all locks of a session. */
class HeartbeatTest {

  private static final Duration SECOND = Duration.ofSeconds(1);

  private final ManualTime time = new ManualTime();
  private final List<CompletableFuture<String>> questions = new ArrayList<>();
  private final Heartbeat<String> heartbeat =
      new Heartbeat<>(
          time,
          () -> {
            CompletableFuture<String> question = new CompletableFuture<>();
            questions.add(question);
            return question;
          });

  private CompletableFuture<Heartbeat.Beat<String>> beat(long notBefore) {
    return heartbeat.beat(notBefore).toCompletableFuture();
  }

  @Test
  void whoComesWhileItIsUnderWayHearsTheSameAnswer() {
    long asked = time.nanoTime();
    var first = beat(asked);
    time.pass(SECOND);
    var second = beat(asked);
    questions.get(0).complete("alive");
    assertThat(questions).hasSize(1);
    assertThat(first.join()).isEqualTo(new Heartbeat.Beat<>(asked, "alive"));
    assertThat(second.join()).isEqualTo(first.join());
  }

  @Test
  void answerIsSharedWhileItIsYoungEnoughAndSaysItsAge() {
    long asked = time.nanoTime();
    var unused = beat(asked);
    questions.get(0).complete("alive");
    time.pass(SECOND);
    assertThat(beat(asked).join().askedAt()).isEqualTo(asked);
    assertThat(questions).hasSize(1);
  }

  @Test
  void answerThatIsOlderThanTheGrantIsNotHeard() {
    var unused = beat(time.nanoTime());
    questions.get(0).complete("without the lock that was granted since");
    time.pass(SECOND);
    var later = beat(time.nanoTime());
    questions.get(1).complete("with it");
    assertThat(later.join().answer()).isEqualTo("with it");
  }

  @Test
  void questionThatNobodyAnswersHoldsUpNobodyForLong() {
    var first = beat(time.nanoTime());
    time.pass(SECOND);
    var second = beat(time.nanoTime());
    questions.get(1).complete("alive");
    assertThat(second).isCompleted();
    assertThat(first).isNotDone();
  }

  @Test
  void failureIsNotSharedWithThoseWhoComeAfterIt() {
    long asked = time.nanoTime();
    var first = beat(asked);
    questions.get(0).completeExceptionally(new BackendException("reset"));
    var second = beat(asked);
    questions.get(1).complete("alive");
    assertThat(first).isCompletedExceptionally();
    assertThat(second.join().answer()).isEqualTo("alive");
  }

  @Test
  void questionThatCannotBeSentIsAFailureAndNoHang() {
    Heartbeat<String> broken =
        new Heartbeat<>(
            time,
            () -> {
              throw new IllegalStateException("closed");
            });
    assertThat(broken.beat(time.nanoTime()).toCompletableFuture()).isCompletedExceptionally();
  }
}
