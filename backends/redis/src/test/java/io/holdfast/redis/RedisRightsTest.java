package io.holdfast.redis;

import static io.holdfast.redis.TestRedis.LONG;
import static io.holdfast.redis.TestRedis.answer;
import static io.holdfast.redis.TestRedis.asking;
import static io.holdfast.redis.TestRedis.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rights that the documentation names are enough, and each of them is needed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedisRightsTest {

  private static final Path PAGE = Path.of("../../docs/backends/redis.md");
  private static final String COMMAND = "ACL SETUSER locks ";

  private final TestRedis redis = new TestRedis().start();
  private final Claim claim = newClaim();

  @AfterAll
  void stop() {
    redis.close();
  }

  private static List<String> documentedRules() throws IOException {
    String line =
        Files.readAllLines(PAGE).stream()
            .filter(text -> text.startsWith(COMMAND))
            .findFirst()
            .orElseThrow();
    return List.of(line.substring(COMMAND.length()).split(" ", -1));
  }

  /** As somebody would type it. */
  private void setUser(List<String> rules) {
    CommandArgs<String, String> arguments =
        new CommandArgs<>(StringCodec.UTF8).add("SETUSER").add("locks").add("reset");
    rules.forEach(arguments::add);
    redis.plain().dispatch(CommandType.ACL, new StatusOutput<>(StringCodec.UTF8), arguments);
  }

  private RedisBackend open(List<String> rules) {
    setUser(rules);
    String password =
        rules.stream().filter(rule -> rule.startsWith(">")).findFirst().orElseThrow().substring(1);
    String url = "redis://locks:" + password + "@127.0.0.1:" + redis.server().port();
    return redis.open(url, TestRedis.PATIENT);
  }

  private static List<String> without(String right, List<String> rules) {
    assertThat(rules).contains(right);
    return rules.stream().filter(rule -> !rule.equals(right)).toList();
  }

  @Test
  void documentedRightsAreEnough() throws Exception {
    redis.warnings().clear();
    redis.plain().aclLogReset();
    RedisBackend backend = open(documentedRules());
    RedisBackend another = open(documentedRules());
    Claim waiting = Claim.on(claim.name(), "waiting");
    long token = ((Attempt.Granted) answer(backend.ask(asking(claim)))).firstToken();
    assertThat(answer(another.ask(asking(waiting)))).isInstanceOf(Attempt.Refused.class);
    AtomicInteger hints = new AtomicInteger();
    try (Watch watch = another.watch(waiting, hints::incrementAndGet)) {
      await().until(() -> hints.get() > 0);
      int before = hints.get();
      assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Renewed.class);
      assertThat(answer(backend.inspect(claim.name())).holder()).isPresent();
      assertThat(answer(backend.release(claim, token, Duration.ZERO))).isEqualTo(Release.RELEASED);
      await().until(() -> hints.get() > before);
    }
    assertThat(answer(another.ask(asking(waiting)))).isInstanceOf(Attempt.Granted.class);
    answer(another.release(waiting, 0, LONG));
    assertThat(redis.warnings()).isEmpty();
    assertThat(redis.plain().aclLog()).isEmpty();
  }

  @Test
  void withoutTheRightToInfoLocksWorkUnchecked() throws Exception {
    RedisBackend backend = open(without("+info", documentedRules()));
    assertThat(answer(backend.ask(asking(newClaim())))).isInstanceOf(Attempt.Granted.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"+evalsha", "+get", "+set", "+time", "~lock_*", "~{lock_*"})
  void withoutARightToAskTheAskIsRefused(String right) throws Exception {
    RedisBackend backend = open(without(right, documentedRules()));
    assertThatThrownBy(() -> answer(backend.ask(asking(newClaim()))))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("does not permit this user");
  }

  @Test
  void withoutTheRightToSendTextAnUnknownScriptIsRefused() throws Exception {
    RedisBackend backend = open(without("+eval", documentedRules()));
    redis.plain().scriptFlush();
    assertThatThrownBy(() -> answer(backend.ask(asking(newClaim()))))
        .hasCauseInstanceOf(StoreRefusedException.class);
  }

  @Test
  void anotherDatabaseNeedsTheRightToSelectIt() throws Exception {
    setUser(documentedRules());
    String url = "redis://locks:PASSWORD@127.0.0.1:" + redis.server().port() + "/2";
    assertThatThrownBy(() -> redis.open(url, TestRedis.PATIENT))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("does not permit this user");
    redis.plain().aclSetuser("locks", AclSetuserArgs.Builder.addCommand(CommandType.SELECT));
    RedisBackend backend = redis.open(url, TestRedis.PATIENT);
    assertThat(answer(backend.ask(asking(newClaim())))).isInstanceOf(Attempt.Granted.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"+pttl", "+pexpire", "+del"})
  void withoutARightToHoldSomethingIsRefused(String right) throws Exception {
    RedisBackend backend = open(without(right, documentedRules()));
    Claim held = newClaim();
    answer(backend.ask(asking(held)));
    assertThatThrownBy(
            () -> {
              answer(backend.ask(asking(Claim.on(held.name(), "another"))));
              answer(backend.renew(held, LONG));
              answer(backend.release(held, 0, Duration.ZERO));
            })
        .hasCauseInstanceOf(StoreRefusedException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"+publish", "&lock_released"})
  void withoutTheRightToPublishALockIsReleasedAndTheOperatorIsWarned(String right)
      throws Exception {
    redis.warnings().clear();
    RedisBackend backend = open(without(right, documentedRules()));
    Claim held = newClaim();
    answer(backend.ask(asking(held)));
    assertThat(answer(backend.release(held, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
    assertThat(answer(backend.inspect(held.name())).holder()).isEmpty();
    assertThat(redis.warnings()).singleElement().asString().contains("does not permit PUBLISH");
  }

  @ParameterizedTest
  @ValueSource(strings = {"+subscribe", "&lock_released"})
  void withoutTheRightToSubscribeTheOperatorIsWarnedAndNotAskedAgain(String right)
      throws Exception {
    redis.warnings().clear();
    RedisBackend backend = open(without(right, documentedRules()));
    try (Monitor monitor = Monitor.of(redis)) {
      for (int i = 0; i < 10; i++) {
        backend.watch(newClaim(), () -> {});
      }
      await().until(() -> !redis.warnings().isEmpty());
      for (int i = 0; i < 10; i++) {
        backend.watch(newClaim(), () -> {});
      }
      answer(backend.inspect(claim.name()));
      assertThat(monitor.sent("SUBSCRIBE")).hasSizeLessThanOrEqualTo(1);
    }
    assertThat(redis.warnings())
        .singleElement()
        .asString()
        .contains("not woken by releases", "does not permit this user");
  }
}
