package io.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.holdfast.Lease;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.embedded.EmbeddedRedis;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class WhoTest {
  private static EmbeddedRedis redis;
  private static RawRedis console;
  private final String name = UUID.randomUUID().toString();

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
  void aFreeLockIsFreeAndNoError() throws IOException {
    CommandLineRun text = who(name);
    Map<?, ?> json = json(name);

    assertThat(text.exitCode()).isZero();
    assertThat(text.out()).startsWith(name + ": free");
    assertThat(json.keySet().toString())
        .isEqualTo("[name, held, label, token, remainingMillis, waiting]");
    assertThat(json.get("name")).isEqualTo(name);
    assertThat(json.get("held")).isEqualTo(false);
    assertThat(json.get("label")).isNull();
    assertThat(json.get("token")).isNull();
    assertThat(json.get("remainingMillis")).isNull();
  }

  @Test
  void aHeldLockHasAHolderATokenAndAnEnd() throws Exception {
    LockOptions options = LockOptions.DEFAULTS.label("nightly on \"web1\"");
    try (Locks locks = Locks.connect(redis.url());
        Lease lease = locks.acquire(name, options)) {
      CommandLineRun text = who(name);
      Map<?, ?> json = json(name);

      assertThat(text.exitCode()).isZero();
      assertThat(text.out())
          .startsWith(name + ": held by nightly on \"web1\", token " + lease.token())
          .contains("s remaining");
      assertThat(json.get("held")).isEqualTo(true);
      assertThat(json.get("label")).isEqualTo("nightly on \"web1\"");
      assertThat(json.get("token")).isEqualTo(lease.token());
      assertThat((Integer) json.get("remainingMillis")).isBetween(1, 30_000);
    }
  }

  @Test
  void aForeignValueIsAHolderToo() throws IOException {
    console.tell("SET lock_" + name + " somebody");

    assertThat(who(name).out()).startsWith(name + ": held by").contains("no end");
    Map<?, ?> json = json(name);
    assertThat(json.get("held")).isEqualTo(true);
    assertThat(json.get("token")).isNull();
    assertThat(json.get("remainingMillis")).isNull();
  }

  @Test
  void aValueOfAnotherTypeIsRefused() {
    console.tell("LPUSH lock_" + name + " x");

    assertUnavailable(who(name));
  }

  @Test
  void aPortWhereNobodyListensIsUnavailable() {
    assertUnavailable(CommandLineRun.of("who", "--store=redis://127.0.0.1:1", name));
  }

  @Test
  void aServerThatNeverAnswersIsUnavailableAndDoesNotHang() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String store = "--store=redis://:hunter2@127.0.0.1:" + silent.getLocalPort();
      assertUnavailable(CommandLineRun.of("who", store, name));
    }
  }

  @Test
  void aWrongPasswordIsUnavailableAndNotRepeated() {
    try (EmbeddedRedis closed = EmbeddedRedis.builder().password("right").start()) {
      String wrong = "--store=redis://:hunter2@127.0.0.1:" + closed.port();
      assertUnavailable(CommandLineRun.of("who", wrong, name));
      assertUnavailable(
          CommandLineRun.of("who", "--store=redis://127.0.0.1:" + closed.port(), name));
      assertThat(CommandLineRun.of("who", "--store", closed.url(), name).exitCode()).isZero();
    }
  }

  private static CommandLineRun who(String name) {
    return CommandLineRun.of("who", "--store", redis.url(), name);
  }

  private static Map<?, ?> json(String name) throws IOException {
    CommandLineRun run = CommandLineRun.of("who", "--store", redis.url(), "--json", name);
    assertThat(run.out().lines()).hasSize(1);
    return new ObjectMapper().readValue(run.out(), LinkedHashMap.class);
  }

  private static void assertUnavailable(CommandLineRun run) {
    assertThat(run.exitCode()).isEqualTo(69);
    assertThat(run.out()).isEmpty();
    assertThat(run.errLines())
        .singleElement()
        .asString()
        .startsWith("holdfast: ")
        .doesNotContain("hunter2", "Exception");
  }
}
