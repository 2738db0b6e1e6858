package io.holdfast;

import static io.holdfast.LockOptions.DEFAULTS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Defaults and ranges, each at its edges, of the options and of the configuration. */
class LockOptionsTest {

  private static final Duration DAY = Duration.ofHours(24);
  private static final Duration SHORTEST = Duration.ofMillis(50);
  private static final Duration INSTANT = Duration.ofNanos(1);

  private static void isSpan(
      String what, Function<Duration, Duration> set, Duration least, Duration most) {
    assertThat(set.apply(least)).isEqualTo(least);
    assertThat(set.apply(most)).isEqualTo(most);
    for (Duration bad :
        new Duration[] {
          least.minus(INSTANT),
          most.plus(INSTANT),
          Duration.ofSeconds(Long.MAX_VALUE),
          Duration.ofSeconds(Long.MIN_VALUE),
          Duration.ofNanos(-1)
        }) {
      assertThatThrownBy(() -> set.apply(bad))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll(what, least.toString(), most.toString(), bad.toString());
    }
  }

  @Test
  void defaultsAreThirtySecondsAndNothingElse() {
    assertThat(DEFAULTS)
        .isEqualTo(
            new LockOptions(
                Duration.ofSeconds(30),
                Duration.ofSeconds(30),
                Optional.empty(),
                Duration.ZERO,
                0,
                Optional.empty()));
  }

  @Test
  void leaseIsFiftyMillisecondsToADay() {
    isSpan("leaseFor", span -> DEFAULTS.leaseFor(span).leaseFor(), SHORTEST, DAY);
  }

  @Test
  void waitIsNothingToADay() {
    isSpan("waitAtMost", span -> DEFAULTS.waitAtMost(span).waitAtMost(), Duration.ZERO, DAY);
  }

  @Test
  void holdIsFiftyMillisecondsToADay() {
    isSpan(
        "holdAtMost", span -> DEFAULTS.holdAtMost(span).holdAtMost().orElseThrow(), SHORTEST, DAY);
  }

  @Test
  void keepIsNothingToADay() {
    isSpan("keepFor", span -> DEFAULTS.keepFor(span).keepFor(), Duration.ZERO, DAY);
  }

  @Test
  void requestTimeoutIsTenMillisecondsToAMinute() {
    isSpan(
        "requestTimeout",
        span -> LocksConfig.DEFAULTS.requestTimeout(span).requestTimeout(),
        Duration.ofMillis(10),
        Duration.ofMinutes(1));
  }

  @Test
  void tokenAboveLeavesRoomForOneBelowTheLimit() {
    long most = (1L << 53) - 2;
    assertThat(DEFAULTS.tokenAbove(0).tokenAbove()).isZero();
    assertThat(DEFAULTS.tokenAbove(most).tokenAbove()).isEqualTo(most);
    for (long bad : new long[] {-1, Long.MIN_VALUE, most + 1, Long.MAX_VALUE}) {
      assertThatThrownBy(() -> DEFAULTS.tokenAbove(bad))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("tokenAbove", "2^53 - 2", Long.toString(bad));
    }
  }

  @Test
  void labelIsOneToOneHundredAndTwentyEightPrintableCharacters() {
    for (String good : new String[] {" ", "~", "host/1/main thread", "x".repeat(128)}) {
      assertThat(DEFAULTS.label(good).label()).hasValue(good);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a\u001b[2J", "a\nb", "\u007f", "caf\u00e9", "\u202e"})
  void labelThatCouldSpoofATerminalIsRefusedInPlainWords(String bad) {
    assertThatThrownBy(() -> DEFAULTS.label(bad))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("label", "1 to 128")
        .message()
        .matches("[ -~]*");
  }

  @Test
  void labelThatIsTooLongIsRefused() {
    assertThatThrownBy(() -> DEFAULTS.label("x".repeat(129)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void changeOfOneOptionLeavesTheOthersAndTheOriginalAlone() {
    Duration span = Duration.ofSeconds(7);
    LockOptions all =
        DEFAULTS
            .leaseFor(span)
            .waitAtMost(span)
            .holdAtMost(span)
            .keepFor(span)
            .tokenAbove(7)
            .label("seven");
    assertThat(all)
        .isEqualTo(new LockOptions(span, span, Optional.of(span), span, 7, Optional.of("seven")));
    assertThat(DEFAULTS.leaseFor()).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void changeOfTheConfigurationLeavesTheRestAlone() {
    LockOptions options = DEFAULTS.label("mine");
    LockListener listener = event -> {};
    assertThat(LocksConfig.DEFAULTS)
        .isEqualTo(new LocksConfig(DEFAULTS, Duration.ofSeconds(3), Optional.empty()));
    assertThat(
            LocksConfig.DEFAULTS
                .options(options)
                .requestTimeout(Duration.ofSeconds(1))
                .listener(listener))
        .isEqualTo(new LocksConfig(options, Duration.ofSeconds(1), Optional.of(listener)));
  }
}
