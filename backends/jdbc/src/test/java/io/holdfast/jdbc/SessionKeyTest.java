package io.holdfast.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SessionKeyTest {

  /** {@code printf 'holdfast\nholdfast_lock\nmachine:42' | sha256sum}. */
  @Test
  void keyIsTheHashThatAnybodyCanCompute() {
    SessionKey key = SessionKey.of("holdfast_lock", "machine:42");
    assertThat(key.digits())
        .isEqualTo("e71b1fe08253a7d7df8931501747ed94a6a161171832e571723541ecb0bea8f9");
    assertThat(Long.toHexString(key.number())).isEqualTo(key.digits().substring(0, 16));
  }

  @Test
  void tableIsPartOfTheKey() {
    assertThat(SessionKey.of("a", "x")).isNotEqualTo(SessionKey.of("b", "x"));
    assertThat(SessionKey.of("a", "A")).isNotEqualTo(SessionKey.of("a", "a"));
  }
}
