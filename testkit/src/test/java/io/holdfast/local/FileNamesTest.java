package io.holdfast.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.LockName;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileNamesTest {

  private static final String ALPHABET =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@-";

  private static String of(String name) {
    return FileNames.of(new LockName(name));
  }

  @ParameterizedTest
  @CsvSource({
    "nightly-report, nightly-report",
    "machine:42, machine%3a42",
    "a/b, a%2fb",
    "../../etc/passwd, ..%2f..%2fetc%2fpasswd",
    "Aa, %41a",
    "user@host, user@host"
  })
  void aNameCanBeReadInItsFile(String name, String file) {
    assertThat(of(name)).isEqualTo(file);
  }

  @Test
  void namesThatDifferInCapitalsHaveDifferentFilesWhereCapitalsDoNotCount() {
    assertThat(of("ABC")).isEqualTo(of("ABC").toLowerCase(Locale.ROOT)).isNotEqualTo(of("abc"));
    assertThat(of("A".repeat(200))).isNotEqualTo(of("a".repeat(200)));
  }

  @Test
  void theLongestNamesFitAFileSystemAndDifferInEachCharacter() {
    String start = "/".repeat(199);
    assertThat(ALPHABET.chars().mapToObj(c -> of(start + (char) c)))
        .doesNotHaveDuplicates()
        .allMatch(file -> file.length() <= 240 && !file.contains("/"));
    assertThat(of("A".repeat(199))).isNotEqualTo(of("A".repeat(200)));
  }

  @Test
  void noTwoNamesShareAFile() {
    Random random = new Random(42);
    Stream<String> names =
        IntStream.range(0, 4_000)
            .mapToObj(i -> random.ints(1 + i % 200, 0, ALPHABET.length()))
            .map(
                indices ->
                    indices
                        .collect(
                            StringBuilder::new,
                            (text, index) -> text.append(ALPHABET.charAt(index)),
                            StringBuilder::append)
                        .toString())
            .distinct();
    assertThat(names.map(FileNamesTest::of))
        .doesNotHaveDuplicates()
        .allMatch(file -> file.equals(file.toLowerCase(Locale.ROOT)));
  }
}
