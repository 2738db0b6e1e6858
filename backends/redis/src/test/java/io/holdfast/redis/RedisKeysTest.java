package io.holdfast.redis;

import static io.holdfast.redis.TestRedis.LONG;
import static io.holdfast.redis.TestRedis.answer;
import static io.holdfast.redis.TestRedis.asking;
import static io.holdfast.redis.TestRedis.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.Guarantees;
import io.holdfast.Inspection;
import io.holdfast.LockOptions;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What is in the server's keys, and what other clients may rely on. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedisKeysTest {

  private static final String COMPARE_AND_DELETE =
      "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";
  private static final Duration HOUR = Duration.ofHours(1);

  private final TestRedis redis = new TestRedis().start();
  private final RedisBackend backend = redis.open();
  private Claim claim = newClaim();

  @BeforeEach
  void anotherName() {
    claim = newClaim();
    redis.warnings().clear();
  }

  @AfterAll
  void stop() {
    redis.close();
  }

  private String key() {
    return "lock_" + claim.name();
  }

  private String counter() {
    return "{lock_" + claim.name() + "}:token";
  }

  private Attempt.Granted granted(Ask ask) throws Exception {
    return (Attempt.Granted) answer(backend.ask(ask));
  }

  private Attempt.Granted granted() throws Exception {
    return granted(asking(claim));
  }

  private Release release(long lastTokenUsed) throws Exception {
    return answer(backend.release(claim, lastTokenUsed, Duration.ZERO));
  }

  private Inspection.Holder holder() throws Exception {
    return answer(backend.inspect(claim.name())).holder().orElseThrow();
  }

  private boolean plainTakes(String value) {
    return redis.plain().set(key(), value, SetArgs.Builder.nx().px(LONG.toMillis())) != null;
  }

  private long plainReleases(String value) {
    Long deleted =
        redis
            .plain()
            .eval(COMPARE_AND_DELETE, ScriptOutputType.INTEGER, new String[] {key()}, value);
    return deleted;
  }

  private static long micros(Instant moment) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, moment);
  }

  @Test
  void plainClientIsExcludedAndItsReleaseChangesNothing() throws Exception {
    granted();
    assertThat(plainTakes("v")).isFalse();
    assertThat(plainReleases("v")).isZero();
    release(0);
    assertThat(plainTakes("v")).isTrue();
  }

  @Test
  void plainClientExcludesUsUntilItReleases() throws Exception {
    assertThat(plainTakes("v")).isTrue();
    Attempt attempt = answer(backend.ask(asking(claim)));
    assertThat(attempt)
        .isInstanceOfSatisfying(
            Attempt.Refused.class,
            refused -> assertThat(refused.askAgainIn()).isBetween(Duration.ofMillis(1), LONG));
    assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Gone.class);
    assertThat(release(0)).isEqualTo(Release.GONE);
    assertThat(plainReleases("v")).isEqualTo(1);
    granted();
  }

  @Test
  void plainClientThatKnowsOurValueMayRelease() throws Exception {
    granted();
    assertThat(plainReleases(redis.plain().get(key()))).isEqualTo(1);
    assertThat(release(0)).isEqualTo(Release.GONE);
  }

  @Test
  void foreignValueThatLooksLikeOursIsHeld() throws Exception {
    for (String value : List.of("", "|", "1||", "1|" + claim.id(), claim.id(), "x|y|z", "\0")) {
      redis.plain().set(key(), value, SetArgs.Builder.px(60_000));
      assertThat(answer(backend.ask(asking(claim)))).isInstanceOf(Attempt.Refused.class);
      assertThat(release(0)).isEqualTo(Release.GONE);
      assertThat(redis.plain().get(key())).isEqualTo(value);
    }
  }

  @Test
  void foreignValueIsInspectedWithoutBeingShown() throws Exception {
    redis.plain().set(key(), "5|value\u001b[31m|secret\n", SetArgs.Builder.px(60_000));
    assertThat(holder().label()).isEqualTo("another client (the value is not Holdfast's)");
    assertThat(holder().token()).isEmpty();
    assertThat(holder().remaining())
        .hasValueSatisfying(
            left -> assertThat(left).isBetween(Duration.ZERO, Duration.ofMinutes(1)));
  }

  @Test
  void valueWithoutAnExpiryIsHeldForEverAndWarnedOf() throws Exception {
    redis.plain().set(key(), "secret");
    Attempt attempt = answer(backend.ask(asking(claim)));
    assertThat(attempt)
        .isInstanceOfSatisfying(
            Attempt.Refused.class, refused -> assertThat(refused.askAgainIn()).isZero());
    assertThat(holder().remaining()).isEmpty();
    assertThat(redis.warnings())
        .singleElement()
        .asString()
        .contains(claim.name().value(), "no expiry")
        .doesNotContain("secret");
  }

  @Test
  void lockIsTokenClaimAndLabel() throws Exception {
    long token = granted().firstToken();
    assertThat(redis.plain().get(key())).isEqualTo(token + "|" + claim.id() + "|a test");
    assertThat(redis.plain().get(counter())).isEqualTo(Long.toString(token));
    assertThat(holder().remaining())
        .hasValueSatisfying(left -> assertThat(left).isBetween(LONG.dividedBy(2), LONG));
  }

  @Test
  void keptLockShowsItsLabelAndNobodysClaim() throws Exception {
    long token = granted().firstToken();
    answer(backend.release(claim, token, Duration.ofSeconds(60)));
    assertThat(redis.plain().get(key())).isEqualTo(token + "|kept|a test");
    assertThat(redis.plain().pttl(key())).isBetween(1L, 60_000L);
    assertThat(holder().label()).isEqualTo("a test");
    assertThat(holder().token()).hasValue(token);
    assertThat(release(token)).isEqualTo(Release.GONE);
  }

  @Test
  void counterOutlivesTheLeaseByAnHour() throws Exception {
    granted(new Ask(claim, Duration.ofMillis(50), false, 1, 0));
    assertThat(redis.plain().pttl(counter()))
        .isBetween(HOUR.minusMinutes(1).toMillis(), 3_600_050L);
    Claim longer = newClaim();
    granted(new Ask(longer, Duration.ofHours(24), false, 1, 0));
    assertThat(Duration.ofMillis(redis.plain().pttl("{lock_" + longer.name() + "}:token")))
        .isBetween(Duration.ofHours(25).minusMinutes(1), Duration.ofHours(25));
  }

  @Test
  void counterThatIsAheadOfTheClockLivesUntilTheClockHasPassedIt() throws Exception {
    Duration ahead = Duration.ofDays(300);
    granted(new Ask(claim, LONG, false, 1, micros(Instant.now().plus(ahead))));
    Duration lives = Duration.ofMillis(redis.plain().pttl(counter()));
    assertThat(lives).isBetween(ahead.plus(HOUR).minusMinutes(1), ahead.plus(HOUR).plusMinutes(1));
    long used = Long.parseLong(redis.plain().get(counter()));
    release(used);
    assertThat(redis.plain().pttl(counter())).isGreaterThan(ahead.toMillis());
  }

  @Test
  void tokensOfASpanThatNobodySawGoBack() throws Exception {
    long first = granted(new Ask(claim, LONG, false, 32, 0)).firstToken();
    assertThat(redis.plain().get(counter())).isEqualTo(Long.toString(first + 31));
    release(first + 3);
    assertThat(redis.plain().get(counter())).isEqualTo(Long.toString(first + 3));
    assertThat(redis.plain().pttl(counter())).isPositive();
  }

  @Test
  void releaseNeverRaisesTheCounter() throws Exception {
    long first = granted(new Ask(claim, LONG, false, 4, 0)).firstToken();
    release(first + 1000);
    assertThat(redis.plain().get(counter())).isEqualTo(Long.toString(first + 3));
  }

  @Test
  void releaseWithoutAnyTokenSeenLeavesTheCounter() throws Exception {
    long first = granted(new Ask(claim, LONG, false, 4, 0)).firstToken();
    release(0);
    assertThat(redis.plain().get(counter())).isEqualTo(Long.toString(first + 3));
  }

  @Test
  void repeatedAskBeginsTheLeaseAnewAndKeepsItsSpan() throws Exception {
    Attempt.Granted once = granted(new Ask(claim, LONG.dividedBy(2), false, 7, 0));
    Attempt.Granted again = granted(new Ask(claim, LONG, false, 7, 0));
    assertThat(again).isEqualTo(new Attempt.Granted(once.firstToken(), 7, LONG));
    assertThat(redis.plain().pttl(key())).isGreaterThan(LONG.dividedBy(2).toMillis() + 1);
  }

  @Test
  void tokenGrowsPastFlushall() throws Exception {
    long before = granted(new Ask(claim, LONG, false, 32, 0)).firstToken();
    redis.plain().flushall();
    assertThat(granted().firstToken()).isGreaterThan(before);
  }

  @Test
  void counterThatIsNoNumberIsRefusedWithTheCure() throws Exception {
    for (String bad : List.of("abc", "-1", "1.5", "", "9007199254740992")) {
      redis.plain().set(counter(), bad);
      assertThatThrownBy(() -> granted())
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOf(StoreRefusedException.class)
          .hasMessageContaining(counter())
          .hasMessageContaining("delete it");
      assertThat(redis.plain().exists(key())).isZero();
    }
    redis.plain().del(counter());
    granted();
  }

  @Test
  void tokensEndBelowTheLimitOfDoubles() throws Exception {
    redis.plain().set(counter(), Long.toString(LockOptions.TOKEN_LIMIT - 4));
    assertThat(granted(new Ask(claim, LONG, false, 3, 0)))
        .isEqualTo(new Attempt.Granted(LockOptions.TOKEN_LIMIT - 3, 3, LONG));
    assertThat(redis.plain().get(counter())).isEqualTo("9007199254740991");
    assertThat(redis.plain().pttl(counter())).isPositive();
  }

  @Test
  void uncontendedLockAndUnlockAreTwoCommands() throws Exception {
    granted();
    release(0);
    claim = newClaim();
    try (Monitor monitor = Monitor.of(redis)) {
      long token = granted().firstToken();
      release(token);
      List<String> heard = monitor.heard();
      assertThat(heard).filteredOn(line -> !line.contains("lua]")).hasSize(2);
      assertThat(heard).filteredOn(line -> line.contains("lua]")).hasSize(9);
    }
  }

  @Test
  void prefixIsInEveryKey() throws Exception {
    RedisBackend other = redis.open(redis.server().url() + "?prefix=app1:", TestRedis.PATIENT);
    redis.plain().flushall();
    granted();
    answer(other.ask(asking(claim)));
    assertThat(redis.plain().keys("*"))
        .containsExactlyInAnyOrder(
            key(), counter(), "app1:" + claim.name(), "{app1:" + claim.name() + "}:token");
  }

  @Test
  void databaseOfTheUrlIsUsed() throws Exception {
    RedisBackend other = redis.open(redis.server().url() + "/3", TestRedis.PATIENT);
    granted();
    assertThat(answer(other.ask(asking(claim)))).isInstanceOf(Attempt.Granted.class);
  }

  @Test
  void bothKeysAreInOneSlot() {
    try (TestRedis cluster = new TestRedis().start("cluster-enabled yes")) {
      assertThat(cluster.plain().clusterKeyslot(key()))
          .isEqualTo(cluster.plain().clusterKeyslot(counter()));
    }
  }

  @Test
  void leaseEndsWithoutARenewal() throws Exception {
    granted(new Ask(claim, Duration.ofMillis(300), false, 1, 0));
    Claim next = Claim.on(claim.name(), "next");
    await()
        .untilAsserted(
            () ->
                assertThat(answer(backend.ask(asking(next)))).isInstanceOf(Attempt.Granted.class));
  }

  @Test
  void guaranteesAreThoseOfOneServer() {
    assertThat(backend.guarantees())
        .isEqualTo(
            new Guarantees(
                "Redis, one server",
                false,
                Guarantees.TokenSource.STORE_CLOCK,
                true,
                false,
                true,
                Duration.ofMillis(1),
                true,
                Optional.empty(),
                true));
  }

  @Test
  void nothingOfOursIsWithoutAnExpiry() throws Exception {
    redis.plain().flushall();
    for (int i = 0; i < 20; i++) {
      claim = newClaim();
      long token = granted(new Ask(claim, LONG, false, 1 + i, 0)).firstToken();
      answer(backend.renew(claim, LONG));
      if (i % 2 == 0) {
        answer(backend.release(claim, token, i % 4 == 0 ? LONG : Duration.ZERO));
      }
    }
    Map<Boolean, List<String>> keys =
        redis.plain().keys("*").stream()
            .collect(Collectors.partitioningBy(key -> redis.plain().pttl(key) > 0));
    assertThat(keys.get(true)).hasSizeGreaterThan(30);
    assertThat(keys.get(false)).isEmpty();
  }
}
