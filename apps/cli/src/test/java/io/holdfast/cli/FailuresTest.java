package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailuresTest {
  @ParameterizedTest
  @CsvSource({
    "no answer from redis://:secret@host:6379, no answer from redis://***@host:6379",
    "redis://me:sec/r@et@host and redis://other, redis://***@host and redis://other",
    "Unknown option: '--stor=redis://:secret@host', Unknown option: '--stor=redis://***@host'",
    "machine:42@site is no secret, machine:42@site is no secret"
  })
  void hidesCredentials(String text, String shown) {
    assertThat(Failures.oneLine(text)).isEqualTo(shown);
  }

  @ParameterizedTest
  @CsvSource({"'a\n  b\r\nc\n', a; b; c", "'a\u001b[2Jb\u0007', a?[2Jb?"})
  void isOneLineThatCannotSteerATerminal(String text, String shown) {
    assertThat(Failures.oneLine(text)).isEqualTo(shown);
  }
}
