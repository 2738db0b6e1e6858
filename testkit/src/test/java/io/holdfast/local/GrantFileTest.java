package io.holdfast.local;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.holdfast.StoreRefusedException;
import io.holdfast.local.GrantFile.Grant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GrantFileTest {

  private static final Grant FIRST = new Grant(1_000, 1, 0, "first");
  private static final Grant SECOND = new Grant(1_001, 32, 0, "second");
  private static final Grant THIRD = new Grant(1_033, 1, 0, "third");

  @TempDir private Path folder;
  private Path path;
  private GrantFile file;

  @BeforeEach
  void name() {
    path = folder.resolve("a.token");
    file = new GrantFile(path);
  }

  @Test
  void nothingIsKnownOfAFileThatIsNotThere() throws IOException {
    assertThat(file.read()).isEmpty();
    assertThat(path).doesNotExist();
  }

  @Test
  void theLastGrantIsReadBack() throws IOException {
    for (Grant grant : new Grant[] {FIRST, SECOND, THIRD, THIRD.keptUntil(17)}) {
      file.write(grant, true);
      assertThat(file.read()).hasValue(grant);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {" ", " a ", "|", "a | b \\ \"c\" {d}", "~"})
  void aLabelIsReadBackAsItIs(String label) throws IOException {
    file.write(new Grant(1, 1, 0, label), false);
    assertThat(file.read()).map(Grant::label).hasValue(label);
    file.write(new Grant(2, 1, 0, label.repeat(128 / label.length())), false);
    assertThat(file.read()).map(Grant::firstToken).hasValue(2L);
  }

  /** Each write may end after any of its bytes, with what was there before behind it. */
  @Test
  void aWriteThatIsCutShortLeavesTheGrantBeforeIt() throws IOException {
    file.write(FIRST, false);
    byte[] one = Files.readAllBytes(path);
    file.write(SECOND, false);
    byte[] two = Files.readAllBytes(path);
    file.write(THIRD, false);
    byte[] three = Files.readAllBytes(path);

    assertEveryCut(one, two, FIRST, SECOND);
    assertEveryCut(two, three, SECOND, THIRD);
  }

  private void assertEveryCut(byte[] before, byte[] after, Grant old, Grant fresh)
      throws IOException {
    byte[] start = Arrays.copyOf(before, after.length);
    int changed = 0;
    for (int cut = 0; cut < after.length; cut++) {
      if (start[cut] != after[cut]) {
        changed++;
        byte[] torn = start.clone();
        System.arraycopy(after, 0, torn, 0, cut);
        Files.write(path, torn);
        assertThat(file.read()).as("cut at %d", cut).hasValue(old);
      }
    }
    assertThat(changed).isPositive();
    Files.write(path, after);
    assertThat(file.read()).hasValue(fresh);
  }

  @Test
  void aSpoiltBlockLeavesTheOther() throws IOException {
    file.write(FIRST, false);
    file.write(SECOND, false);
    byte[] both = Files.readAllBytes(path);
    byte[] spoilt = both.clone();
    Arrays.fill(spoilt, 4_096, spoilt.length, (byte) 0);
    Files.write(path, spoilt);
    assertThat(file.read()).hasValue(FIRST);
    spoilt = both.clone();
    Arrays.fill(spoilt, 0, 4_096, (byte) 0xff);
    Files.write(path, spoilt);
    assertThat(file.read()).hasValue(SECOND);
  }

  /** As a version wrote that formatted numbers with the digits of the default locale. */
  @Test
  void aLineWithoutNumbersAlthoughItsChecksumIsRightIsRefused() throws IOException {
    String text = "???? 1 0 |first|";
    CRC32 sum = new CRC32();
    sum.update(text.getBytes(US_ASCII));
    String line = HexFormat.of().toHexDigits((int) sum.getValue()) + " " + text;
    Files.write(path, (line + " ".repeat(255 - line.length()) + "\n").getBytes(US_ASCII));
    assertThatThrownBy(file::read)
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining(path.toString())
        .hasMessageNotContaining("\n");
  }

  @Test
  void whatIsNoGrantCountsAsNone() throws IOException {
    for (String text : new String[] {"", "x", "\0".repeat(8_192), "hello world ".repeat(1_000)}) {
      Files.write(path, text.getBytes(US_ASCII));
      assertThat(file.read()).isEmpty();
      file.write(FIRST, false);
      assertThat(file.read()).hasValue(FIRST);
    }
  }
}
