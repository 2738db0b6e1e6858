package io.holdfast.redis;

import static io.holdfast.redis.TestRedis.LONG;
import static io.holdfast.redis.TestRedis.answer;
import static io.holdfast.redis.TestRedis.asking;
import static io.holdfast.redis.TestRedis.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import io.holdfast.BackendException;
import io.holdfast.LockException;
import io.holdfast.StoreRefusedException;
import io.holdfast.embedded.EmbeddedRedis;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What each error of a server becomes: for good or passing, and without a secret in its text. */
class RedisErrorsTest {

  private static final Duration TIMEOUT = TestRedis.PATIENT;
  private static final String SECRET = "s3cret-pass";

  private final TestRedis redis = new TestRedis();
  private final Claim claim = newClaim();

  @AfterEach
  void stop() {
    redis.close();
  }

  private String key() {
    return "lock_" + claim.name();
  }

  private static LockException failure(CompletionStage<?> question) {
    Throwable thrown = catchThrowable(() -> answer(question));
    assertThat(thrown).isInstanceOf(ExecutionException.class);
    assertThat(thrown.getCause()).isInstanceOf(LockException.class);
    return (LockException) thrown.getCause();
  }

  private LockException failureToConnect(String url) {
    Throwable thrown = catchThrowable(() -> redis.open(url, TIMEOUT));
    assertThat(thrown).isInstanceOf(LockException.class);
    return (LockException) thrown;
  }

  private void assertSaysNoSecret(LockException failure) {
    StringWriter all = new StringWriter();
    failure.printStackTrace(new PrintWriter(all));
    assertThat(all.toString()).doesNotContain(claim.id(), SECRET);
    assertThat(failure.getMessage()).doesNotContain("\n");
  }

  private void assertRefused(CompletionStage<?> question, String words) {
    LockException failure = failure(question);
    assertThat(failure).isInstanceOf(StoreRefusedException.class).hasMessageContaining(words);
    assertSaysNoSecret(failure);
  }

  private void assertPassing(CompletionStage<?> question, String words) {
    LockException failure = failure(question);
    assertThat(failure).isInstanceOf(BackendException.class).hasMessageContaining(words);
    assertSaysNoSecret(failure);
  }

  @Test
  void valueOfAnotherTypeIsRefusedByEveryQuestion() {
    redis.start();
    RedisBackend backend = redis.open();
    redis.plain().rpush(key(), SECRET);
    String words = "key " + key() + ", has a value of another type there";
    assertRefused(backend.ask(asking(claim)), words);
    assertRefused(backend.renew(claim, LONG), words);
    assertRefused(backend.release(claim, 0, Duration.ZERO), words);
    assertRefused(backend.inspect(claim.name()), words);
    assertThat(redis.plain().lrange(key(), 0, -1)).containsExactly(SECRET);
  }

  @Test
  void counterOfAnotherTypeIsRefusedAndTakesNothing() {
    redis.start();
    RedisBackend backend = redis.open();
    redis.plain().rpush("{" + key() + "}:token", "x");
    assertRefused(backend.ask(asking(claim)), "WRONGTYPE");
    assertThat(redis.plain().exists(key())).isZero();
  }

  @Test
  void counterThatWasReplacedIsNotInTheWayOfTheRelease() throws Exception {
    redis.start();
    RedisBackend backend = redis.open();
    long token = ((Attempt.Granted) answer(backend.ask(asking(claim)))).firstToken();
    redis.plain().del("{" + key() + "}:token");
    redis.plain().rpush("{" + key() + "}:token", "x");
    assertThat(answer(backend.release(claim, token, Duration.ZERO))).isEqualTo(Release.RELEASED);
    assertThat(redis.plain().exists(key())).isZero();
  }

  @Test
  void missingPasswordIsRefused() {
    redis.start(EmbeddedRedis.builder().password(SECRET));
    String withoutPassword = "redis://127.0.0.1:" + redis.server().port();
    LockException failure = failureToConnect(withoutPassword);
    assertThat(failure)
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("wants a password");
    redis.open(redis.server().url(), TIMEOUT);
  }

  @ParameterizedTest
  @ValueSource(strings = {":" + SECRET + "@", "somebody:" + SECRET + "@", "default:x%20y@"})
  void wrongPasswordIsRefused(String credentials) {
    redis.start(EmbeddedRedis.builder().password("another"));
    LockException failure =
        failureToConnect("redis://" + credentials + "127.0.0.1:" + redis.server().port());
    assertThat(failure)
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("knows no such user and password");
    assertSaysNoSecret(failure);
  }

  /** Lettuce's own greeting loses it in one of a hundred attempts. */
  @Test
  @Tag("slow")
  void reasonOfARefusalIsNeverLost() {
    redis.start(EmbeddedRedis.builder().password("another"));
    String url = "redis://:" + SECRET + "@127.0.0.1:" + redis.server().port();
    for (int i = 0; i < 100; i++) {
      assertThat(failureToConnect(url)).isInstanceOf(StoreRefusedException.class);
    }
  }

  @Test
  void passwordWithEveryKindOfCharacterIsUnderstood() throws Exception {
    redis.start(EmbeddedRedis.builder().password("p@:/?#[]%+ \"\\'äß"));
    RedisBackend backend = redis.open();
    assertThat(answer(backend.ask(asking(claim)))).isInstanceOf(Attempt.Granted.class);
    assertThat(backend.toString()).doesNotContain("p@", "p%40");
  }

  @Test
  void databaseThatDoesNotExistIsRefused() {
    redis.start();
    assertThat(failureToConnect(redis.server().url() + "/99"))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("has no database of this number");
  }

  @Test
  void tooManyClientsPass() {
    redis.start("maxclients 2");
    redis.plain().ping();
    // The server says so and closes at once; what we wrote meanwhile may reset the connection.
    await()
        .untilAsserted(
            () ->
                assertThat(failureToConnect(redis.server().url()))
                    .isInstanceOf(BackendException.class)
                    .hasMessageContaining("raise maxclients"));
  }

  @Test
  void clusterIsRefused() {
    redis.start("cluster-enabled yes");
    assertThat(failureToConnect(redis.server().url()))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("is a cluster: not supported yet");
  }

  @Test
  void serverWithoutGreetingIsTooOldOrNoRedis() throws IOException {
    try (CannedServer server = CannedServer.sayingToAll("-ERR unknown command 'HELLO'")) {
      assertThat(failureToConnect(server.url()))
          .isInstanceOf(StoreRefusedException.class)
          .hasMessageContaining("lacks a command that locks need, as HELLO");
    }
  }

  @Test
  void serverInProtectedModeIsRefused() throws IOException {
    try (CannedServer server = CannedServer.sayingToAll("-DENIED Redis is running in protected")) {
      assertThat(failureToConnect(server.url()))
          .isInstanceOf(StoreRefusedException.class)
          .hasMessageContaining("protected mode");
    }
  }

  @Test
  void replicaIsRefused() {
    redis.start();
    redis.plain().replicaof("127.0.0.1", 1);
    assertThat(failureToConnect(redis.server().url()))
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("is a replica: connect to the master");
  }

  @Test
  void demotedMasterPassesAndTheNextQuestionGoesOverAnotherConnection() throws Exception {
    redis.start();
    RedisBackend backend = redis.open();
    answer(backend.ask(asking(claim)));
    List<String> before = connections();
    redis.plain().replicaof("127.0.0.1", 1);
    assertPassing(backend.ask(asking(newClaim())), "READONLY");
    assertPassing(backend.renew(claim, LONG), "READONLY");
    redis.plain().replicaofNoOne();
    await()
        .ignoreExceptions()
        .untilAsserted(
            () ->
                assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Renewed.class));
    answer(backend.ask(asking(newClaim())));
    await("the server hears of the old ones' end")
        .untilAsserted(
            () -> assertThat(connections()).hasSize(2).doesNotContainAnyElementsOf(before));
  }

  private List<String> connections() {
    return redis
        .plain()
        .clientList()
        .lines()
        .filter(line -> line.contains("name=holdfast"))
        .map(line -> line.replaceAll(" addr=.*", ""))
        .toList();
  }

  @Test
  void replicaWithoutItsMasterPassesAndIsLeft() throws Exception {
    redis.start("replica-serve-stale-data no");
    RedisBackend backend = redis.open();
    List<String> before = connections();
    redis.plain().replicaof("127.0.0.1", 1);
    assertPassing(backend.ask(asking(claim)), "MASTERDOWN");
    assertPassing(backend.renew(claim, LONG), "MASTERDOWN");
    redis.plain().replicaofNoOne();
    answer(backend.ask(asking(claim)));
    assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Renewed.class);
    await("the server hears of the old ones' end")
        .untilAsserted(
            () -> assertThat(connections()).hasSize(2).doesNotContainAnyElementsOf(before));
  }

  /** As a server is while it takes over all data of the one that took its place. */
  @Test
  void loadingServerIsLeft() throws IOException {
    try (CannedServer server =
        new CannedServer("7.0.15", question -> "-LOADING Redis is loading")) {
      RedisBackend backend = redis.open(server.url(), TIMEOUT);
      assertThat(server.greeted()).isEqualTo(2);
      assertPassing(backend.renew(claim, LONG), "is still loading");
      assertPassing(backend.renew(claim, LONG), "is still loading");
      assertThat(server.greeted()).isEqualTo(3);
    }
  }

  @Test
  void serverWithoutMemoryPassesAndStillRenewsAndReleases() throws Exception {
    redis.start();
    RedisBackend backend = redis.open();
    Ask span = new Ask(claim, LONG, false, 4, 0); // its release would write the counter
    long token = ((Attempt.Granted) answer(backend.ask(span))).firstToken();
    redis.plain().configSet("maxmemory", "1");
    assertPassing(backend.ask(asking(newClaim())), "raise maxmemory");
    assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Renewed.class);
    assertThat(answer(backend.release(claim, token, Duration.ZERO))).isEqualTo(Release.RELEASED);
    assertThat(redis.plain().exists(key())).isZero();
  }

  @Test
  void missingReplicasPass() {
    redis.start("min-replicas-to-write 1");
    assertPassing(redis.open().ask(asking(claim)), "NOREPLICAS");
  }

  @Test
  void serverThatCannotSavePasses() {
    redis.start("save 3600 1", "dir /proc");
    RedisBackend backend = redis.open();
    redis.plain().bgsave();
    await().until(() -> redis.plain().info("persistence").contains("rdb_last_bgsave_status:err"));
    assertPassing(backend.ask(asking(claim)), "MISCONF");
  }

  @Test
  void busyServerPasses() throws Exception {
    redis.start("lua-time-limit 5");
    RedisBackend backend = redis.open();
    try (StatefulRedisConnection<String, String> other = redis.connection()) {
      var endless = other.async().eval("while true do end", ScriptOutputType.STATUS);
      await().untilAsserted(() -> assertPassing(backend.ask(asking(newClaim())), "a long script"));
      redis.plain().scriptKill();
      assertThat(endless.await(60, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(answer(backend.ask(asking(claim)))).isInstanceOf(Attempt.Granted.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "NOAUTH Authentication required.;wants a password",
        "DENIED Redis is running in protected mode because;protected mode",
        "MOVED 3999 127.0.0.1:6381;is a cluster",
        "ASK 3999 127.0.0.1:6381;is a cluster",
        "CROSSSLOT Keys in request don't hash to the same slot;is a cluster",
        "CLUSTERDOWN Hash slot not served;is a cluster",
        "NOPERM this user has no permissions to run the 'evalsha' command;does not permit",
        "WRONGTYPE Operation against a key holding the wrong kind of value;another type",
        "ERR Error running script (call to f_0): @user_script:4: WRONGTYPE Operation;another type",
        "ERR The user executing the script can't access at least one of the keys;not permit"
      })
  void errorThatNeedsAnOperatorIsRefused(String error, String words) throws IOException {
    try (CannedServer server = new CannedServer("7.0.15", question -> "-" + error)) {
      assertRefused(redis.open(server.url(), TIMEOUT).ask(asking(claim)), words);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "LOADING Redis is loading the dataset in memory;is still loading",
        "NOSCRIPT No matching script;has forgotten the script",
        "BUSY Redis is busy running a script;long script",
        "OOM command not allowed when used memory > 'maxmemory'.;no memory",
        "NOREPLICAS Not enough good replicas to write.;too few replicas",
        "MISCONF Redis is configured to save RDB snapshots;cannot save",
        "MASTERDOWN Link with MASTER is down;lost its master",
        "READONLY You can't write against a read only replica.;is a replica",
        "ERR Error running script (call to f_0): @user_script:7: -READONLY You can't;is a replica",
        "ERR something new;does not know",
        "WHATEVER;does not know"
      })
  void errorThatPassesIsNoAnswer(String error, String words) throws IOException {
    try (CannedServer server = new CannedServer("7.0.15", question -> "-" + error)) {
      assertPassing(redis.open(server.url(), TIMEOUT).ask(asking(claim)), words);
    }
  }

  @Test
  void errorThatRepeatsTheQuestionIsNotRepeated() throws IOException {
    try (CannedServer server =
        new CannedServer(
            "7.0.15",
            question ->
                "-ERR unknown command, with args beginning with: " + String.join(" ", question))) {
      assertRefused(redis.open(server.url(), TIMEOUT).ask(asking(claim)), "lacks a command");
    }
  }

  @Test
  void answerOfAnotherScriptIsNoAnswer() throws IOException {
    try (CannedServer server = new CannedServer("7.0.15", question -> "*1\r\n+what")) {
      RedisBackend backend = redis.open(server.url(), TIMEOUT);
      assertPassing(backend.ask(asking(claim)), "Another script");
    }
  }

  @Test
  void serverThatIsTooOldIsRefused() throws IOException {
    try (CannedServer server = new CannedServer("6.0.16", question -> "+OK")) {
      assertThat(failureToConnect(server.url()))
          .isInstanceOf(StoreRefusedException.class)
          .hasMessageContaining("is version 6.0.16: locks need 6.2 or newer");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"6.2.0", "6.2.11", "7.0.15", "8.10.1", "255.255.255", "unstable", ""})
  void versionThatIsNewEnoughOrUnknownIsUsed(String version) {
    ServerInfo.of(List.of("server", "redis", "version", version)).check("it");
  }

  @Test
  void evictionIsWarnedOf() {
    redis.start("maxmemory-policy allkeys-lru");
    redis.open();
    assertThat(redis.warnings())
        .singleElement()
        .asString()
        .contains("maxmemory-policy allkeys-lru", "127.0.0.1:" + redis.server().port());
  }

  @Test
  void serverThatEvictsNothingIsNotWarnedOf() {
    redis.start();
    redis.open();
    assertThat(redis.warnings()).isEmpty();
  }
}
