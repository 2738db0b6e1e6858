package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.holdfast.embedded.EmbeddedRedis;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorTest {
  private static EmbeddedRedis redis;
  private static RawRedis console;

  @TempDir private Path folder;

  @BeforeAll
  static void startServer() throws IOException {
    redis = EmbeddedRedis.start();
    console = new RawRedis(redis.port());
  }

  @AfterAll
  static void stopServer() throws IOException {
    console.close();
    redis.close();
  }

  @Test
  void aStoreInOrderHasOneLineForEachFindingAndNoError() {
    CommandLineRun run = CommandLineRun.of("doctor", redis.url());

    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out().lines())
        .allMatch(line -> line.length() <= 80)
        .anyMatch(line -> line.matches("ok +version +[67]\\..*"))
        .anyMatch(line -> line.matches("ok +clock +\\d+ ms .*"))
        .anyMatch(line -> line.matches("ok +a lock +granted, renewed and released in .*"));
  }

  @Test
  void aWarningNamesItsCureAndIsNoError() throws IOException {
    console.tell("CONFIG SET maxmemory-policy allkeys-lru");
    try {
      CommandLineRun run = CommandLineRun.of("doctor", redis.url());
      assertThat(run.exitCode()).isZero();
      assertThat(run.err()).isEmpty();
      assertThat(run.out())
          .containsOnlyOnce("allkeys-lru")
          .contains("warning  advice", "-> set maxmemory-policy noeviction");
      JsonNode json = json("doctor", "--json", redis.url());
      assertThat(json.get("refused").asBoolean()).isFalse();
      assertThat(json.get("findings"))
          .anyMatch(
              one ->
                  one.get("level").asText().equals("warning")
                      && one.get("found").asText().contains("allkeys-lru")
                      && one.get("cure").asText().equals("set maxmemory-policy noeviction"));
    } finally {
      console.tell("CONFIG SET maxmemory-policy noeviction");
    }
  }

  @Test
  void aReplicaIsRefused() {
    console.tell("REPLICAOF 127.0.0.1 1");
    try {
      assertThat(refused("doctor", redis.url()).out())
          .contains("refused  role", "is a replica", "-> connect to the master");
    } finally {
      console.tell("REPLICAOF NO ONE");
    }
  }

  @Test
  void aPortWhereNobodyListensIsRefusedOnOneLineWithoutThePassword() throws IOException {
    CommandLineRun run = refused("doctor", "redis://:hunter2@127.0.0.1:1");
    assertThat(run.out())
        .startsWith("refused  connection    No connection to Redis at")
        .contains("\n" + " ".repeat(23) + "-> ")
        .doesNotContain("hunter2");
    JsonNode json = json("doctor", "--json", "redis://:hunter2@127.0.0.1:1");
    assertThat(json.get("refused").asBoolean()).isTrue();
    assertThat(json.get("findings")).hasSize(1);
  }

  @Test
  void theStoreMayBeGivenAsToAnyOtherCommand() {
    assertThat(CommandLineRun.of("doctor", "--store", redis.url()).exitCode()).isZero();
  }

  @Test
  void noLockIsLeftBehind() {
    assertThat(CommandLineRun.of("doctor", redis.url()).out()).contains("released");
    assertThat(console.tell("KEYS lock_*")).isEqualTo("*0");
  }

  @Test
  void aFolderIsLookedOverToo() throws IOException {
    assertThat(CommandLineRun.of("doctor", folder.toUri().toString()).out())
        .contains("ok       file system", "ok       a lock");
    assertThat(refused("doctor", folder.resolve("missing").toUri().toString()).out())
        .contains("refused  folder", "-> create it");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).isNotEmpty();
    }
  }

  @Test
  void memoryHasNothingToRefuse() {
    assertThat(CommandLineRun.of("doctor", "memory:").exitCode()).isZero();
  }

  @Test
  void aStoreThatNeedsNothingHasNoScript() {
    CommandLineRun run = CommandLineRun.of("doctor", "--ddl", "redis://nowhere.invalid");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).isEmpty();
  }

  private static CommandLineRun refused(String... args) {
    CommandLineRun run = CommandLineRun.of(args);
    assertThat(run.exitCode()).isEqualTo(69);
    assertThat(run.err()).isEmpty();
    assertThat(run.out().lines()).allMatch(line -> line.length() <= 80);
    return run;
  }

  private static JsonNode json(String... args) throws IOException {
    return CommandLineRun.of(args).json();
  }
}
