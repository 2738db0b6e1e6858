package io.holdfast.cmdb.report;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PayloadsTest {

  private static final Instant SEEN = Instant.parse("2026-11-20T08:00:00Z");
  private static final Origin ORIGIN = new Origin("-", 1);

  @TempDir Path folder = Path.of("");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "NOT_JSON|{\"source\":\"s\",\"keys\":{\"serial\":\"A-1\"",
        "NOT_JSON|{\"source\":\"s\",\"source\":\"s\",\"keys\":{}}",
        "NOT_JSON|{\"keys\":{\"serial\":\"A\",\"serial\":\"B\"},\"source\":\"s\"}",
        "NOT_JSON|{} {}",
        "NOT_JSON|hello",
        "NOT_JSON|{'source':'s'}",
        "NOT_JSON|[1,]",
        "NOT_JSON|NaN",
        "NOT_JSON|{\"a\":01}",
        "BAD_VALUE|{OK,\"attributes\":{\"n\":1e999}}",
        "BAD_VALUE|{OK,\"attributes\":{\"n\":-1e999}}",
        "BAD_VALUE|{OK,\"attributes\":{\"n\":1e-99}}",
        "BAD_VALUE|{OK,\"attributes\":{\"n\":1e2147483647}}",
        "BAD_VALUE|{OK,\"attributes\":{\"x\":\"a\\u0000b\"}}",
        "BAD_VALUE|{OK,\"attributes\":{\"x\":\"\\ud800\"}}",
        "BAD_VALUE|{OK,\"attributes\":{\"x\":[\"\\udc00\\ud800\"]}}",
        "BAD_REPORT|{OK,\"attributes\":{\"a\\u0000\":1}}",
        "BAD_REPORT|{OK,\"attributes\":{\"\":1}}",
        "BAD_REPORT|{OK,\"attributes\":[]}",
        "BAD_REPORT|{OK}",
        "BAD_REPORT|{OK,\"attributes\":{},\"attribute\":{}}",
        "BAD_REPORT|{\"source\":\"s\",\"keys\":{\"serial\":\"A-1\"},\"attributes\":{}}",
        "NO_KEY|{\"source\":\"s\",\"observedAt\":\"2026-11-20T08:00:00Z\",\"keys\":{},\"attributes\":{}}",
        "NO_KEY|{\"source\":\"s\",\"observedAt\":\"2026-11-20T08:00:00Z\","
            + "\"keys\":{\"serial\":\"\\ud800x\"},\"attributes\":{}}",
        "NO_KEY|{\"source\":\"s\",\"observedAt\":\"2026-11-20T08:00:00Z\","
            + "\"keys\":{\"serial\":[\"0\",\"None\",null],\"mac\":\"AA:BB:CC:DD:EE:FF\"},"
            + "\"attributes\":{}}",
      })
  void brokenInputIsDead(Fault fault, String line) {
    String whole =
        line.replace(
            "OK",
            "\"source\":\"s\",\"observedAt\":\"2026-11-20T08:00:00Z\",\"keys\":{\"serial\":\"A-1\"}");
    DeadLetter letter = dead(Payloads.line(whole.getBytes(UTF_8), ORIGIN, SEEN));
    assertThat(letter.fault()).as(letter.reason()).isEqualTo(fault);
    assertThat(letter.reason()).isNotBlank().doesNotContain("\n").hasSizeLessThan(400);
  }

  @Test
  void hugeExponentIsDeadInNoTime() {
    for (String number : List.of("1e99999999999", "-1e-99999999999", "1e-2147483647")) {
      String line = report("A-1").replace(":1}", ":" + number + "}");
      assertThat(dead(Payloads.line(line.getBytes(UTF_8), ORIGIN, SEEN)).fault())
          .isEqualTo(Fault.BAD_VALUE);
    }
  }

  @Test
  void bytesThatAreNoUtf8AreDeadEvenWhereNobodyLooks() {
    String line = "{\"facterversion\":\"4\",\"ignored\":\"\u00e9\",\"dmi\":{}}";
    assertThat(dead(Payloads.line(line.getBytes(ISO_8859_1), ORIGIN, SEEN)).fault())
        .isEqualTo(Fault.NOT_UTF8);
    byte[] surrogate = {'"', (byte) 0xED, (byte) 0xA0, (byte) 0x80, '"'};
    assertThat(dead(Payloads.line(surrogate, ORIGIN, SEEN)).fault()).isEqualTo(Fault.NOT_UTF8);
  }

  @Test
  void byteOrderMarkIsNoFault() {
    assertThat(Payloads.line(("\uFEFF" + report("A-1")).getBytes(UTF_8), ORIGIN, SEEN))
        .first()
        .isInstanceOf(Input.Reported.class);
  }

  @Test
  void blankLineIsNothing() {
    assertThat(Payloads.line(" \r\n".getBytes(UTF_8), ORIGIN, SEEN)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {65, 100_000})
  void deepNestingIsDead(int depth) {
    for (String open : List.of("[", "{\"a\":")) {
      assertThat(dead(Payloads.line(open.repeat(depth).getBytes(UTF_8), ORIGIN, SEEN)).fault())
          .isEqualTo(Fault.TOO_LARGE);
    }
  }

  @Test
  void numberOfTooManyDigitsIsDead() {
    String line = report("A-1").replace(":1}", ":" + "9".repeat(400) + "}");
    assertThat(dead(Payloads.line(line.getBytes(UTF_8), ORIGIN, SEEN)).fault())
        .isEqualTo(Fault.BAD_VALUE);
    assertThat(dead(Payloads.line(line.replace(":9", ":99").getBytes(UTF_8), ORIGIN, SEEN)).fault())
        .isEqualTo(Fault.TOO_LARGE);
  }

  @Test
  void lineOfOneMebibyteIsReadAndOneByteMoreIsNot() throws Exception {
    String line = report("A-1");
    String longest = line + " ".repeat(Payloads.LONGEST_LINE - line.length());
    Path file = write("a.jsonl", longest + "\n" + longest + " \n" + report("A-2"));
    assertThat(outcome(file)).containsExactly("A-1", "TOO_LARGE@2", "A-2");
    assertThat(Payloads.line((longest + " ").getBytes(UTF_8), ORIGIN, SEEN))
        .first()
        .isInstanceOf(Input.Dead.class);
  }

  @Test
  void lineOfHundredMegabytesIsOneDeadLetterAndTheNextOneCounts() throws Exception {
    byte[] piece = new byte[1_000_000];
    Arrays.fill(piece, (byte) 'x');
    List<InputStream> parts = new ArrayList<>();
    parts.add(bytes(report("A-1") + "\n"));
    Collections.nCopies(100, piece).forEach(each -> parts.add(new ByteArrayInputStream(each)));
    parts.add(bytes("\n" + report("A-2") + "\n"));
    try (Payloads payloads =
        Payloads.of(
            List.of("-"),
            Optional.empty(),
            new SequenceInputStream(Collections.enumeration(parts)))) {
      assertThat(outcome(payloads)).containsExactly("A-1", "TOO_LARGE@2", "A-2");
    }
  }

  @Test
  void nothingIsKeptOfLineBeyondItsLimit() throws Exception {
    try (Lines lines = new Lines(bytes("x".repeat(200_000) + "\nnext"), 100_000)) {
      assertThat(lines.next().map(line -> line.length)).contains(100_000);
      assertThat(lines.wasTooLong()).isTrue();
      assertThat(lines.next().map(line -> new String(line, UTF_8))).contains("next");
      assertThat(lines.wasTooLong()).isFalse();
      assertThat(lines.next()).isEmpty();
    }
  }

  @Test
  void wholeFileOfMoreThanSixteenMebibytesIsDead() throws Exception {
    Path file = write("a.json", report("A-1") + " ".repeat(Payloads.LARGEST_FILE));
    assertThat(outcome(file)).containsExactly("TOO_LARGE@0");
    Path most = write("b.json", " ".repeat(Payloads.LARGEST_FILE - 500) + report("A-1"));
    assertThat(outcome(most)).containsExactly("A-1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " \n\t", "\uFEFF"})
  void emptyFileIsDead(String content) throws Exception {
    assertThat(outcome(write("a.json", content))).containsExactly("NOT_JSON@0");
  }

  @Test
  void linesWithoutContentCountButSayNothing() throws Exception {
    Path file = write("a.ndjson", "\n" + report("A-1") + "\r\n\r\n{\n" + report("A-2"));
    assertThat(outcome(file)).containsExactly("A-1", "NOT_JSON@4", "A-2");
    assertThat(outcome(write("empty.jsonl", ""))).isEmpty();
  }

  @Test
  void lineMayHoldAnyShape() throws Exception {
    String line = "{\"facterversion\":\"4\",\"dmi\":{\"product\":{\"serial_number\":\"F-1\"}}}";
    assertThat(outcome(write("a.jsonl", line + "\n" + report("A-1"))))
        .containsExactly("F-1", "A-1");
  }

  @Test
  void folderIsReadInTheOrderOfItsNames() throws Exception {
    write("b/2.json", report("B-2"));
    write("b/1.FACTS", report("B-1"));
    write("a.jsonl", report("A-1") + "\n" + report("A-2"));
    write("c.json", report("C-1"));
    write("LICENSE", "text");
    write("b/notes.md", report("X-1"));
    try (Payloads payloads = open(folder.toString())) {
      assertThat(outcome(payloads)).containsExactly("A-1", "A-2", "B-1", "B-2", "C-1");
      assertThat(payloads.ignored()).isEqualTo(2);
    }
  }

  @Test
  void namedFileIsReadWhateverItsName() throws Exception {
    assertThat(outcome(write("report", report("A-1")))).containsExactly("A-1");
  }

  @Test
  void linkOutOfTheFolderIsNotFollowed() throws Exception {
    Path inside = Files.createDirectory(folder.resolve("in"));
    write("out/secret.json", report("X-1"));
    write("in/a.json", report("A-1"));
    Files.createSymbolicLink(inside.resolve("file.json"), folder.resolve("out/secret.json"));
    Files.createSymbolicLink(inside.resolve("folder"), folder.resolve("out"));
    Files.createSymbolicLink(inside.resolve("loop"), inside);
    Files.createSymbolicLink(inside.resolve("nowhere.json"), folder.resolve("absent"));
    Files.createSymbolicLink(inside.resolve("same.json"), inside.resolve("a.json"));
    try (Payloads payloads = open(inside.toString())) {
      assertThat(outcome(payloads)).containsExactly("A-1", "A-1");
      assertThat(payloads.ignored()).isEqualTo(4);
    }
  }

  @Test
  void pathThatIsNotThereEndsTheRunBeforeAnythingIsRead() throws Exception {
    String there = write("a.json", report("A-1")).toString();
    for (String absent : List.of(folder.resolve("absent").toString(), "", "a\0b")) {
      assertThatThrownBy(() -> open(there, absent))
          .isInstanceOf(FileNotFoundException.class)
          .hasMessageStartingWith("no such file or folder: ")
          .hasMessageNotContaining("\0");
    }
  }

  @Test
  void whatVanishesWhileTheRunGoesOnIsDead() throws Exception {
    write("a.json", report("A-1"));
    Path file = write("b.json", report("B-1"));
    Path inner = write("c/x.json", report("C-1"));
    write("d.json", report("D-1"));
    try (Payloads payloads = open(folder.toString())) {
      assertThat(payloads.next()).isPresent();
      Files.delete(file);
      Files.delete(inner);
      Files.delete(folder.resolve("c"));
      assertThat(outcome(payloads)).containsExactly("UNREADABLE@0", "UNREADABLE@0", "D-1");
    }
  }

  @Test
  void fileThatMayNotBeReadIsDead() throws Exception {
    Path file = write("a.json", report("A-1"));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
    assumeFalse(Files.isReadable(file), "skipped: this user may read everything");
    assertThat(outcome(file)).containsExactly("UNREADABLE@0");
  }

  @Test
  void streamThatBreaksIsDeadFromThereOnAndTheRunGoesOn() throws Exception {
    InputStream breaks =
        new SequenceInputStream(
            bytes(report("A-1") + "\n{\"half"),
            new InputStream() {
              @Override
              public int read() throws IOException {
                throw new IOException("gone");
              }

              @Override
              public int read(byte[] to, int from, int most) throws IOException {
                return read();
              }
            });
    String next = write("a.json", report("A-2")).toString();
    try (Payloads payloads = Payloads.of(List.of("-", next), Optional.empty(), breaks)) {
      assertThat(outcome(payloads)).containsExactly("A-1", "UNREADABLE@2", "A-2");
    }
  }

  @Test
  void lineIsAnsweredBeforeTheNextOneArrives() throws Exception {
    try (PipedOutputStream sender = new PipedOutputStream();
        Payloads payloads =
            Payloads.of(List.of("-"), Optional.empty(), new PipedInputStream(sender))) {
      sender.write((report("A-1") + "\n").getBytes(UTF_8));
      assertThat(payloads.next().map(Input::origin)).contains(new Origin("-", 1));
      sender.write((report("A-2") + "\n").getBytes(UTF_8));
      assertThat(payloads.next().map(Input::origin)).contains(new Origin("-", 2));
    }
  }

  @Test
  void momentIsThePayloadsThenTheGivenThenTheFiles() throws Exception {
    String facts = "{\"facterversion\":\"4\",\"dmi\":{\"product\":{\"serial_number\":\"F-1\"}}}";
    Path file = write("a.json", facts);
    Instant written = Instant.parse("2020-01-01T00:00:00Z");
    Instant given = Instant.parse("2021-01-01T00:00:00Z");
    Files.setLastModifiedTime(file, FileTime.from(written));
    String canonical = write("b.json", report("A-1")).toString();
    assertThat(moments(List.of(file.toString(), canonical), Optional.empty(), ""))
        .containsExactly(written, SEEN);
    assertThat(moments(List.of(file.toString(), canonical), Optional.of(given), ""))
        .containsExactly(given, SEEN);
    assertThat(moments(List.of("-"), Optional.empty(), facts)).containsExactly(Instant.EPOCH);
    assertThat(moments(List.of("-"), Optional.of(given), facts)).containsExactly(given);
  }

  @Test
  void standardInputStaysOpen() throws Exception {
    boolean[] closed = {false};
    InputStream in =
        new ByteArrayInputStream(report("A-1").getBytes(UTF_8)) {
          @Override
          public void close() {
            closed[0] = true;
          }
        };
    try (Payloads payloads = Payloads.of(List.of("-"), Optional.empty(), in)) {
      assertThat(outcome(payloads)).containsExactly("A-1");
    }
    assertThat(closed[0]).isFalse();
  }

  private static List<Instant> moments(List<String> paths, Optional<Instant> given, String in)
      throws FileNotFoundException {
    List<Instant> moments = new ArrayList<>();
    Clock clock = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
    try (Payloads payloads = Payloads.of(paths, given, bytes(in), clock)) {
      for (Optional<Input> input = payloads.next(); input.isPresent(); input = payloads.next()) {
        if (input.get() instanceof Input.Reported reported) {
          moments.add(reported.report().observedAt());
        }
      }
    }
    return moments;
  }

  private static String report(String serial) {
    return "{\"source\":\"s\",\"observedAt\":\"2026-11-20T08:00:00Z\",\"keys\":{\"serial\":\""
        + serial
        + "\"},\"attributes\":{\"serial\":\""
        + serial
        + "\",\"n\":1}}";
  }

  private static InputStream bytes(String text) {
    return new ByteArrayInputStream(text.getBytes(UTF_8));
  }

  private Path write(String name, String content) throws IOException {
    Path file = folder.resolve(name);
    Path parent = file.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    return Files.writeString(file, content);
  }

  private static Payloads open(String... paths) throws FileNotFoundException {
    return Payloads.of(List.of(paths), Optional.empty(), InputStream.nullInputStream());
  }

  private static List<String> outcome(Path file) throws FileNotFoundException {
    try (Payloads payloads = open(file.toString())) {
      return outcome(payloads);
    }
  }

  /** Serial numbers of reports, and {@code FAULT@line} of dead letters. */
  private static List<String> outcome(Payloads payloads) {
    List<String> outcome = new ArrayList<>();
    for (Optional<Input> input = payloads.next(); input.isPresent(); input = payloads.next()) {
      if (input.get() instanceof Input.Reported reported) {
        Value serial = reported.report().attributes().get("serial");
        outcome.add(serial == null ? "?" : serial.node().asText());
      } else if (input.get() instanceof Input.Dead dead) {
        outcome.add(dead.letter().fault() + "@" + dead.origin().line());
      }
    }
    return outcome;
  }

  private static DeadLetter dead(List<Input> inputs) {
    assertThat(inputs).hasSize(1);
    if (inputs.get(0) instanceof Input.Dead dead) {
      return dead.letter();
    }
    throw new AssertionError("not dead: " + inputs);
  }
}
