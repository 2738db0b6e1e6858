package io.holdfast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which texts are names, and what the others are told. */
class LockNameTest {

  private static final String ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/@-";

  private static IllegalArgumentException refusalOf(String text) {
    try {
      throw new AssertionError("Was taken for a name: " + new LockName(text));
    } catch (IllegalArgumentException refused) {
      return refused;
    }
  }

  @Test
  void everyCharacterOfTheAlphabetMayStandAloneAndAnywhere() {
    ALPHABET.chars().forEach(c -> assertThat(new LockName(Character.toString(c))).isNotNull());
    assertThat(new LockName(ALPHABET).value()).isEqualTo(ALPHABET).hasToString(ALPHABET);
  }

  @Test
  void everyOtherCharacterIsRefusedByItsNumberAndPlace() {
    for (int c = 0; c < 0x3000; c++) {
      if (ALPHABET.indexOf(c) < 0) {
        assertThat(refusalOf("ab" + Character.toString(c) + "d"))
            .hasMessageContaining("U+%04X", c)
            .hasMessageContaining("index 2");
      }
    }
  }

  @Test
  void messageShowsNothingThatCouldSpoofATerminal() {
    for (int c = 0; c < 0x3000; c++) {
      if (ALPHABET.indexOf(c) < 0) {
        assertThat(refusalOf(Character.toString(c)).getMessage()).matches("[ -~]*");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0x7b, '{', U+007B", "0x1b, U+001B, U+001B", "0x20, U+0020, U+0020"})
  void characterIsShownOnlyIfItCanBeSeen(String code, String shown, String number) {
    String character = Character.toString(Integer.decode(code));
    assertThat(refusalOf(character))
        .hasMessageContaining(shown)
        .hasMessageEndingWith(
            shown.equals(number) ? "stands " + number : "'" + shown + "' (" + number + ")");
  }

  @Test
  void characterOfTwoCodeUnitsIsNamedWhole() {
    assertThat(refusalOf("a\uD83D\uDD12")).hasMessageContaining("U+1F512");
  }

  @Test
  void firstCharacterThatIsRefusedIsTheOneThatIsNamed() {
    assertThat(refusalOf("a b{")).hasMessageContaining("index 1").hasMessageContaining("U+0020");
  }

  @Test
  void lettersThatLookLikeTheAlphabetAreRefused() {
    for (String twin : new String[] {"\u0430", "\u212A", "\u0131", "\uFF21", "\u00E9", "e\u0301"}) {
      assertThatThrownBy(() -> new LockName(twin)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void oneToTwoHundredCharactersAreAName() {
    assertThat(new LockName("x").value()).hasSize(1);
    assertThat(new LockName("x".repeat(200)).value()).hasSize(200);
    assertThat(refusalOf("")).hasMessageContaining("1 to 200");
    assertThat(refusalOf("x".repeat(201))).hasMessageContaining("201");
  }

  @Test
  void longTextIsNotRepeatedInTheMessage() {
    assertThat(refusalOf("secret".repeat(1_000)).getMessage()).doesNotContain("secret");
  }

  @Test
  void namesAreEqualOnlyToTheSameText() {
    assertThat(new LockName("machine:42"))
        .isEqualTo(new LockName("machine:42"))
        .hasSameHashCodeAs(new LockName("machine:42"))
        .isNotEqualTo(new LockName("Machine:42"));
  }
}
