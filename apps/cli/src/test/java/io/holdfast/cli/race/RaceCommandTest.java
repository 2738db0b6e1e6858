package io.holdfast.cli.race;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.embedded.EmbeddedPostgreSql;
import io.holdfast.embedded.EmbeddedRedis;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class RaceCommandTest {

  private static final String OURS = "lock + fence and version (ours)";
  private static final String PASSWORD = "s3cret/@:+ %";

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir Path folder;

  @Test
  @Tag("slow")
  void eachMethodLosesWhatItIsKnownToLoseAndOursNothing() throws Exception {
    Path json = folder.resolve("race.json");
    try (EmbeddedRedis redis = EmbeddedRedis.builder().password(PASSWORD).start();
        EmbeddedPostgreSql postgres = EmbeddedPostgreSql.start()) {
      int exitCode =
          race(
              "--quick",
              "--rounds=1",
              "--merges=20",
              "--json=" + json,
              "--store=" + redis.url(),
              "--db=" + postgres.jdbcUrl());

      assertThat(err.toString()).isEmpty();
      assertThat(exitCode).isZero();
      assertThatNothingIsLeftIn(postgres);
      assertThatNothingIsLeftForEverIn(redis);
    }
    Map<String, JsonNode> outcomes = outcomes(json);
    assertThat(outcomes)
        .containsOnlyKeys(
            "no lock",
            "thread lock",
            "file lock",
            "GET then SET",
            "SETNX without expiry",
            "expiry without owner check",
            "correct lock",
            "lock + textbook fence",
            OURS);
    outcomes.forEach(
        (method, outcome) -> {
          assertThat(names(outcome))
              .containsExactly(
                  "method",
                  "acknowledged",
                  "lost",
                  "doubled",
                  "blocked",
                  "wronglyReleased",
                  "staleWritesRefused",
                  "staleTokensRefused",
                  "staleReadsRefused",
                  "leasesLost");
          assertThat(outcome.get("acknowledged").asInt()).as(method).isPositive();
          assertThat(outcome.get("doubled").asInt()).as(method).isZero();
          assertThat(outcome.get("lost").asInt() == 0).as(method).isEqualTo(method.equals(OURS));
        });
    assertThat(number(outcomes, "SETNX without expiry", "blocked")).isPositive();
    assertThat(number(outcomes, "expiry without owner check", "wronglyReleased")).isPositive();
    assertThat(number(outcomes, "lock + textbook fence", "staleWritesRefused")).isPositive();
    assertThat(number(outcomes, OURS, "staleTokensRefused")).isPositive();
    assertThat(number(outcomes, OURS, "staleReadsRefused")).isPositive();
    assertThat(out.toString().lines())
        .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80))
        .anySatisfy(line -> assertThat(line).startsWith(OURS));
  }

  @Test
  void aDatabaseThatIsNotThereIsSaidInOneLineWithoutThePassword() {
    int exitCode = race("--db=jdbc:postgresql://127.0.0.1:1/x?user=u&password=hunter2");

    assertThat(exitCode).isEqualTo(69);
    assertThat(err.toString()).hasLineCount(1).contains("--db").doesNotContain("hunter2");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void aDatabaseUrlThatTheDriverDoesNotUnderstandIsNotRepeated() {
    int exitCode = race("--db=jdbc:postgresql://127.0.0.1:hunter2/x?password=hunter2");

    assertThat(exitCode).isEqualTo(69);
    assertThat(err.toString()).hasLineCount(1).contains("--db").doesNotContain("hunter2");
  }

  @Test
  void aStoreThatRefusesIsSaidInOneLineWithoutThePassword() {
    try (EmbeddedRedis redis = EmbeddedRedis.builder().password(PASSWORD).start()) {
      int exitCode =
          race(
              "--store=redis://:hunter2@127.0.0.1:" + redis.port(),
              "--db=jdbc:postgresql://127.0.0.1:1/x");

      assertThat(exitCode).isEqualTo(69);
      assertThat(err.toString())
          .hasLineCount(1)
          .contains("--store")
          .contains("WRONGPASS")
          .doesNotContain("hunter2");
    }
  }

  @Test
  void wrongUseIsToldBeforeAnythingIsStarted() {
    for (String[] arguments :
        List.of(
            new String[] {"--fast"},
            new String[] {"--workers=2"},
            new String[] {"--workers=many"},
            new String[] {"--store=memory:"},
            new String[] {"--store=redis://"},
            new String[] {"--db=mysql://localhost/x"},
            new String[] {"--json=" + folder},
            new String[] {"--json=" + folder.resolve("absent/race.json")})) {
      err.getBuffer().setLength(0);

      assertThat(race(arguments)).as(arguments[0]).isEqualTo(64);
      assertThat(err.toString()).contains(arguments[0].replaceAll("=.*", ""));
    }
  }

  private int race(String... arguments) {
    return new CommandLine(new RaceCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }

  private static void assertThatNothingIsLeftIn(EmbeddedPostgreSql postgres) throws SQLException {
    try (Connection connection = DriverManager.getConnection(postgres.jdbcUrl());
        Statement statement = connection.createStatement();
        ResultSet schemas =
            statement.executeQuery(
                "select nspname from pg_namespace where nspname like 'holdfast%'")) {
      assertThat(schemas.next()).isFalse();
    }
  }

  private static void assertThatNothingIsLeftForEverIn(EmbeddedRedis redis) throws IOException {
    try (RedisWire wire = RedisWire.connect(URI.create(redis.url()), Duration.ofSeconds(5))) {
      String immortal =
          "local immortal = '' for _, key in ipairs(redis.call('KEYS', '*')) do"
              + " if redis.call('TTL', key) < 0 then immortal = immortal .. key .. ' ' end end"
              + " return immortal";
      assertThat(wire.ask("EVAL", immortal, "0")).isEmpty();
    }
  }

  private static Map<String, JsonNode> outcomes(Path json) throws IOException {
    Map<String, JsonNode> outcomes = new HashMap<>();
    new ObjectMapper()
        .readTree(json.toFile())
        .forEach(outcome -> outcomes.put(outcome.get("method").asText(), outcome));
    return outcomes;
  }

  private static List<String> names(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static int number(Map<String, JsonNode> outcomes, String method, String name) {
    return Optional.ofNullable(outcomes.get(method)).orElseThrow().get(name).asInt();
  }
}
