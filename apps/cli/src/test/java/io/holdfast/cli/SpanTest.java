package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class SpanTest {
  @ParameterizedTest
  @CsvSource({
    "0, PT0S",
    "500ms, PT0.5S",
    "30s, PT30S",
    "5m, PT5M",
    "1h, PT1H",
    "PT1M30S, PT1M30S",
    "pt0.2s, PT0.2S",
    "-PT1S, PT-1S",
    "999999999999h, PT999999999999H"
  })
  void readsNumbersWithAUnitAndIso8601(String text, Duration span) {
    assertThat(new Span().convert(text)).isEqualTo(span);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "30", "30 s", "s", "-5s", "1.5s", "5M", "1d", "PT", "9999999999999s", "١s"})
  void refusesWhatIsAmbiguousAndSaysWhatToWrite(String text) {
    assertThatThrownBy(() -> new Span().convert(text))
        .isInstanceOf(TypeConversionException.class)
        .hasMessageContaining("'" + text + "'")
        .hasMessageContaining("30s");
  }

  @ParameterizedTest
  @CsvSource({"PT0S, 0ms", "PT0.9999S, 999ms", "PT1S, 1s", "PT27.44S, 27.4s", "PT1H, 3600s"})
  void isSpelledInTenthsOfSeconds(Duration span, String text) {
    assertThat(Span.spell(span)).isEqualTo(text);
  }
}
