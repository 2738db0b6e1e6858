package io.holdfast.cmdb.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.cmdb.OneServer;
import io.holdfast.cmdb.report.Json;
import io.holdfast.cmdb.store.Audit;
import io.holdfast.cmdb.store.Database;
import io.holdfast.embedded.EmbeddedRedis;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code cmdb ingest} as a user meets it. */
class IngestCommandTest {

  private static final String GOOD =
      "{\"source\":\"a\",\"observedAt\":\"2026-11-20T08:00:00Z\",\"keys\":{\"serial\":\"s1\"},"
          + "\"attributes\":{\"note\":\"x\"}}";
  private static final String NEWER =
      "{\"source\":\"a\",\"observedAt\":\"2026-11-20T09:00:00Z\",\"keys\":{\"serial\":\"s1\"},"
          + "\"attributes\":{\"note\":\"y\"}}";

  private static String database;
  private static EmbeddedRedis redis;

  @TempDir private Path folder;

  @BeforeAll
  static void start() throws Exception {
    database = OneServer.newDatabase();
    redis = EmbeddedRedis.start();
  }

  @AfterAll
  static void stop() {
    redis.close();
  }

  @BeforeEach
  void emptyDatabase() throws Exception {
    try (Connection connection = DriverManager.getConnection(database);
        Statement statement = connection.createStatement()) {
      statement.execute("DROP SCHEMA public CASCADE");
      statement.execute("CREATE SCHEMA public");
    }
  }

  private static Answer ingest(String stdin, String... arguments) {
    List<String> all = new ArrayList<>(List.of("ingest", "--db", database, "--store", redis.url()));
    all.addAll(List.of(arguments));
    return Answer.with(stdin, all.toArray(String[]::new));
  }

  private static JsonNode summary(Answer command) {
    assertThat(command.exitCode()).as(command.err()).isZero();
    return Json.parseTrusted(command.out());
  }

  private static Audit.Result audit(Path... acks) throws Exception {
    List<String> ids = new ArrayList<>();
    for (Path file : acks) {
      try (BufferedReader reader = Files.newBufferedReader(file)) {
        AckFile.read(reader, file).forEachRemaining(ids::add);
      }
    }
    try (Database opened = Database.open(database, 2)) {
      return Audit.of(opened, ids.iterator());
    }
  }

  @Test
  void answersEveryLineOfAStreamOnceItIsCommitted() throws Exception {
    Answer command = ingest(NEWER + "\n" + GOOD + "\nnonsense\n\n" + NEWER + "\n", "--json", "-");

    assertThat(command.exitCode()).isZero();
    List<JsonNode> answers = command.lines().stream().map(Json::parseTrusted).toList();
    assertThat(answers.stream().map(answer -> answer.path("line").intValue()))
        .containsExactlyInAnyOrder(1, 2, 3, 5);
    assertThat(statusOf(answers, 3)).isEqualTo("dead");
    assertThat(List.of(statusOf(answers, 1), statusOf(answers, 5)))
        .containsExactlyInAnyOrder("applied", "duplicate");
    assertThat(answers.stream().filter(a -> a.path("line").intValue() == 3).findFirst())
        .get()
        .satisfies(dead -> assertThat(dead.path("fault").textValue()).isEqualTo("not-json"));
    assertThat(audit().reports()).isEqualTo(2);
    assertThat(audit().isClean()).isTrue();
  }

  private static String statusOf(List<JsonNode> answers, int line) {
    return answers.stream()
        .filter(answer -> answer.path("line").intValue() == line)
        .map(answer -> answer.path("status").textValue())
        .findFirst()
        .orElseThrow();
  }

  @Test
  void sumsUpWhatItDid() throws Exception {
    Path file = folder.resolve("reports.jsonl");
    Files.writeString(file, GOOD + "\n" + GOOD + "\n{}\n" + NEWER + "\n");
    Path acks = folder.resolve("acks.txt");

    JsonNode json = summary(ingest("", "--json", "--acks", acks.toString(), file.toString()));

    assertThat(json.path("acknowledged").intValue()).isEqualTo(4 - 1);
    assertThat(json.path("duplicates").intValue()).isEqualTo(1);
    assertThat(json.path("deadLetters").path("unknown-shape").intValue()).isEqualTo(1);
    assertThat(json.path("machines").intValue()).isEqualTo(1);
    assertThat(Files.readAllLines(acks)).hasSize(3);
    assertThat(audit(acks).isClean()).isTrue();

    Answer text = ingest("", file.toString());
    assertThat(text.out()).contains("acknowledged", "duplicates", "dead letters", "unknown-shape");
    assertThat(text.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
  }

  @Test
  void severalProcessesMergeWhatIsDealtToThem() throws Exception {
    Path file = folder.resolve("reports.jsonl");
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      lines.add(
          "{\"source\":\"s%d\",\"observedAt\":\"2026-11-20T08:00:00Z\",\"keys\":{\"serial\":\"n%d\"},\"attributes\":{\"a\":%d}}"
              .formatted(i % 6, i / 6, i));
    }
    Files.write(file, lines);
    Path large = reportLongerThanALine();
    Path acks = folder.resolve("acks.txt");

    JsonNode json =
        summary(
            ingest(
                "",
                "--json",
                "--processes",
                "2",
                "--acks",
                acks.toString(),
                file.toString(),
                large.toString()));

    assertThat(json.path("acknowledged").intValue()).isEqualTo(601);
    assertThat(json.path("machines").intValue()).isEqualTo(101);
    assertThat(Files.readAllLines(acks)).hasSize(601);
    assertThat(audit(acks).findings()).isEmpty();
  }

  private Path reportLongerThanALine() throws Exception {
    StringBuilder attributes = new StringBuilder("\"a\":1");
    for (int i = 0; i < 40; i++) {
      attributes.append(",\"large%d\":\"%s\"".formatted(i, "x".repeat(40_000)));
    }
    return Files.writeString(
        folder.resolve("large.json"), GOOD.replace("\"note\":\"x\"", attributes));
  }

  /** The figures are those of RealPayloadsTest. */
  @Test
  void realPayloadsAreAccountedForAndASecondTimeChangesNothing() throws Exception {
    Optional<Path> data = realPayloads();
    assumeTrue(data.isPresent(), "no published payloads beside the project");
    String path = data.orElseThrow().toString();
    String moment = "2026-11-20T08:00:00Z";

    JsonNode first = summary(ingest("", "--json", "--observed-at", moment, path));
    assertThat(first.path("acknowledged").intValue()).isEqualTo(302);
    assertThat(first.path("deadLetters").path("another-thing").intValue()).isEqualTo(227);
    assertThat(first.path("deadLetters").path("unknown-shape").intValue()).isEqualTo(1);
    assertThat(first.path("ignoredFiles").intValue()).isEqualTo(7);
    String records = records();

    JsonNode again = summary(ingest("", "--json", "--observed-at", moment, path));
    assertThat(again.path("acknowledged").intValue()).isEqualTo(302);
    assertThat(again.path("duplicates").intValue()).isEqualTo(302);
    assertThat(again.path("machines")).isEqualTo(first.path("machines"));
    assertThat(records()).as("no record, fence or version has changed").isEqualTo(records);
    assertThat(audit().findings()).isEmpty();
  }

  @Test
  void twoAtOnceOnTheSamePayloadsAreOne() throws Exception {
    Optional<Path> data = realPayloads();
    assumeTrue(data.isPresent(), "no published payloads beside the project");
    String path = data.orElseThrow().toString();
    String moment = "2026-11-20T08:00:00Z";
    Path acks = folder.resolve("one.txt");
    Path otherAcks = folder.resolve("other.txt");

    CompletableFuture<Answer> other =
        CompletableFuture.supplyAsync(
            () ->
                ingest(
                    "", "--json", "--observed-at", moment, "--acks", otherAcks.toString(), path));
    JsonNode one =
        summary(ingest("", "--json", "--observed-at", moment, "--acks", acks.toString(), path));

    JsonNode two = summary(other.join());
    assertThat(one.path("acknowledged").intValue()).isEqualTo(302);
    assertThat(two.path("acknowledged").intValue()).isEqualTo(302);
    Audit.Result audit = audit(acks, otherAcks);
    assertThat(audit.findings()).isEmpty();
    assertThat(audit.witnessed()).isEqualTo(604);
    assertThat(one.path("duplicates").intValue() + two.path("duplicates").intValue())
        .as("each in the ledger was new to one of them, once")
        .isEqualTo(604 - (int) audit.reports());
  }

  private static Optional<Path> realPayloads() {
    return Stream.iterate(
            Optional.of(Path.of("").toAbsolutePath()),
            Optional::isPresent,
            p -> p.map(Path::getParent))
        .map(Optional::orElseThrow)
        .map(above -> above.resolve("shared").resolve("data").resolve("machine-reports"))
        .filter(Files::isDirectory)
        .findFirst();
  }

  private static String records() throws Exception {
    try (Connection connection = DriverManager.getConnection(database);
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT string_agg(id || ' ' || version || ' ' || fence || ' ' || record || state, '\n'"
                    + " ORDER BY id) FROM machine")) {
      row.next();
      return row.getString(1);
    }
  }

  @Test
  void aFullDiskForTheWitnessStopsIt() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/full")), "no /dev/full here");

    Answer command = ingest(GOOD + "\n", "--acks", "/dev/full", "-");

    assertThat(command.exitCode()).isEqualTo(CmdbException.CANNOT_WRITE);
    assertThat(command.err()).contains("acknowledgements cannot be written", "No space left");
    assertThat(command.out()).as("nobody is told").isEmpty();
  }

  @Test
  void aFailureIsNoticedWhileNobodySendsAnything() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/full")), "no /dev/full here");
    try (PipedOutputStream sender = new PipedOutputStream();
        PipedInputStream stdin = new PipedInputStream(sender)) {
      sender.write((GOOD + "\n").getBytes(UTF_8));
      InputStream before = System.in;
      System.setIn(stdin);
      try {
        // The sender waits for its acknowledgement, and never ends its stream.
        Answer command =
            Answer.of(
                "ingest", "--db", database, "--store", redis.url(), "--acks", "/dev/full", "-");
        assertThat(command.exitCode()).isEqualTo(CmdbException.CANNOT_WRITE);
      } finally {
        System.setIn(before);
      }
    }
  }

  @Test
  void newRulesComeIntoForce() throws Exception {
    Path rules = folder.resolve("rules.json");
    Files.writeString(
        rules, "{\"attributes\":{\"*\":{\"strategy\":\"precedence\",\"sources\":[\"b\"]}}}");
    ingest(GOOD + "\n" + NEWER.replace("\"a\"", "\"b\"").replace("\"y\"", "\"b\"") + "\n", "-");

    JsonNode json = summary(ingest(GOOD, "--json", "--rules", rules.toString(), rules.toString()));

    assertThat(json.path("recordsRemade").intValue()).isEqualTo(1);
  }

  @Test
  void whatIsWrongIsOneLine() throws Exception {
    assertOneLine(ingest("", "nowhere.json"), CmdbException.NO_INPUT, "nowhere.json");
    assertOneLine(ingest("", "--workers", "0", "-"), CmdbException.USAGE, "1 to 64 workers");
    assertOneLine(ingest("", "--processes", "99", "-"), CmdbException.USAGE, "1 to 16 processes");
    assertOneLine(ingest("", "--ahead", "65", "-"), CmdbException.USAGE, "1 to 64 batches");
    assertOneLine(ingest("", "--observed-at", "noon", "-"), CmdbException.USAGE, "2026-11-20T");
    assertOneLine(
        ingest("", "--acks", "/nowhere/acks", "-"), CmdbException.CANNOT_WRITE, "/nowhere/acks");
    Path rules = folder.resolve("rules.json");
    Files.writeString(rules, "{\"attributes\":{}}");
    assertOneLine(ingest("", "--rules", rules.toString(), "-"), CmdbException.USAGE, "no rule for");
    assertOneLine(
        Answer.of("ingest", "--db", "jdbc:postgresql://127.0.0.1:1/x", "--store", "redis://x", "-"),
        CmdbException.UNAVAILABLE,
        "PostgreSQL");
    assertOneLine(
        Answer.of("ingest", "--db", "mysql:", "--store", "redis://x", "-"),
        CmdbException.USAGE,
        "jdbc:postgresql");
    assertOneLine(
        Answer.of("ingest", "--data", folder.toString(), "--db", database, "-"),
        CmdbException.USAGE,
        "exclude each other");
    assertOneLine(
        Answer.of("ingest", "--data", folder.toString(), "--store", "redis://x", "-"),
        CmdbException.USAGE,
        "--store needs --db");
    Path file = Files.writeString(folder.resolve("file"), "");
    assertOneLine(
        Answer.of("ingest", "--data", file.toString(), "-"), CmdbException.UNAVAILABLE, "file");
  }

  private static void assertOneLine(Answer command, int exitCode, String about) {
    assertThat(command.err().lines().toList()).as(command.err()).hasSize(1);
    assertThat(command.err()).contains(about).doesNotContain("Exception");
    assertThat(command.exitCode()).isEqualTo(exitCode);
  }
}
