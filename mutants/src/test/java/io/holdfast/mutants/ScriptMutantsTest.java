package io.holdfast.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.embedded.EmbeddedRedis;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Mutants of the Redis scripts, as they are on a real server. Time passes here by moving the end of
 * a key; nothing depends on how long the test takes, if it takes less than five minutes.
 */
@Tag("slow")
class ScriptMutantsTest {

  private static final String SCRIPTS = "backends/redis/src/main/resources/io/holdfast/redis/";
  private static final String ACQUIRE = SCRIPTS + "acquire.lua";
  private static final String RENEW = SCRIPTS + "renew.lua";
  private static final String RELEASE = SCRIPTS + "release.lua";

  private static final long LEASE = Duration.ofMinutes(10).toMillis();
  private static final long HALF = LEASE / 2;
  private static final long HOUR = Duration.ofHours(1).toMillis();
  private static final String LOCK = "lock";
  private static final String COUNTER = "{lock}:token";

  private static EmbeddedRedis server;
  private static RedisClient client;
  private static StatefulRedisConnection<String, String> connection;

  @BeforeAll
  static void startServer() {
    server = EmbeddedRedis.start();
    client = RedisClient.create(server.url());
    connection = client.connect();
  }

  @AfterAll
  static void stopServer() {
    connection.close();
    client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
    server.close();
  }

  static Stream<Mutant> mutants() {
    return Stream.of(
        Mutant.of(
            "a repeated ask answers the full lease",
            ACQUIRE,
            "redis.call('PEXPIRE', KEYS[1], lease)",
            ""),
        Mutant.of("a held lock is taken", ACQUIRE, "if claim ~= ARGV[1] then", "if false then"),
        Mutant.of(
            "renew creates",
            RENEW,
            "if not held or",
            "if not held then redis.call('SET', KEYS[1], '1|' .. ARGV[1] .. '|') elseif"),
        Mutant.of(
            "renew without owner check",
            RENEW,
            "if not held or string.match(held, '^%d+|([^|]*)|') ~= ARGV[1] then",
            "if not held then"),
        Mutant.of(
            "release without owner check",
            RELEASE,
            "if claim ~= ARGV[1] then return {'gone'} end",
            ""),
        Mutant.of("a kept lock is free", RELEASE, "if tonumber(ARGV[3]) > 0 then", "if false then"),
        Mutant.of(
            "token from a bare counter",
            ACQUIRE,
            "math.max(tonumber(previous) + 1, above + 1, now)",
            "math.max(tonumber(previous) + 1, above + 1)"),
        Mutant.of(
            "token from the clock alone",
            ACQUIRE,
            "math.max(tonumber(previous) + 1, above + 1, now)",
            "math.max(above + 1, now)"),
        Mutant.of(
            "tokenAbove ignored",
            ACQUIRE,
            "math.max(tonumber(previous) + 1, above + 1, now)",
            "math.max(tonumber(previous) + 1, now)"),
        Mutant.of(
            "counter expiry shorter than the lease",
            ACQUIRE,
            "string.format('%.0f', keep))",
            "string.format('%.0f', lease / 2))"),
        Mutant.of(
            "counter expiry ignores a token ahead of the clock",
            ACQUIRE,
            "local keep = hour + math.max(lease, math.ceil((last - now) / 1000))",
            "local keep = hour + lease"),
        Mutant.of(
            "tokens of the span are lost",
            ACQUIRE,
            "redis.call('SET', KEYS[2], string.format('%.0f', last)",
            "redis.call('SET', KEYS[2], string.format('%.0f', first)"),
        Mutant.of("unused tokens stay used", RELEASE, "if used < last then", "if false then"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mutants")
  void theScenarioFindsTheMutant(Mutant mutant) {
    List<String> wrong = wrongWith(Optional.of(mutant));
    assertThat(wrong).isNotEmpty();
    System.out.printf("%-60s  %s%n", mutant, wrong.get(0));
  }

  @Test
  void theScenarioFindsNothingWrongWithTheScriptsAsTheyAre() {
    assertThat(wrongWith(Optional.empty())).isEmpty();
  }

  private static List<String> wrongWith(Optional<Mutant> mutant) {
    Scenario scenario = new Scenario(mutant, connection.sync());
    scenario.run();
    return scenario.wrong;
  }

  /** Two claims and a server. */
  private static final class Scenario {
    private final Optional<Mutant> mutant;
    private final RedisCommands<String, String> redis;
    private final List<String> wrong = new ArrayList<>();

    Scenario(Optional<Mutant> mutant, RedisCommands<String, String> redis) {
      this.mutant = mutant;
      this.redis = redis;
    }

    void run() {
      redis.flushall();
      long now = micros();
      List<Object> first = acquire("one", 4, 0);
      expect("a free lock", "granted", first.get(0));
      long token = Long.parseLong((String) first.get(1));
      expect("its token is not behind the clock", true, token >= now);
      expect("the counter is the last of the span", Long.toString(token + 3), redis.get(COUNTER));
      expect("the counter outlives the lease", true, redis.pttl(COUNTER) > HOUR + HALF);
      expect("a held lock", "refused", acquire("two", 1, 0).get(0));
      expect("another's renewal", List.of("gone"), renew("two"));
      expect("another's release", List.of("gone"), release("two", 0, 0));
      expect("its holder", true, String.valueOf(redis.get(LOCK)).contains("|one|"));

      redis.pexpire(LOCK, HALF / 2);
      List<Object> again = acquire("one", 4, 0);
      expect("asked again", List.of("granted", first.get(1), 4L, LEASE), again);
      expect("the lease begins anew", true, redis.pttl(LOCK) > HALF);
      redis.pexpire(LOCK, HALF / 2);
      expect("a renewal", List.of("renewed"), renew("one"));
      expect("prolongs", true, redis.pttl(LOCK) > HALF);

      expect("a release after the second token", List.of("released"), release("one", token + 1, 0));
      expect("the others go back", Long.toString(token + 1), redis.get(COUNTER));
      expect("a renewal of what is over", List.of("gone"), renew("one"));
      expect("creates nothing", 0L, redis.exists(LOCK));

      long tomorrow = micros() + Duration.ofDays(1).toNanos() / 1_000;
      List<Object> ahead = acquire("three", 1, tomorrow);
      expect("above tomorrow", Long.toString(tomorrow + 1), ahead.get(1));
      expect("and for as long", true, redis.pttl(COUNTER) > 24 * HOUR);
      expect("kept", List.of("released"), release("three", tomorrow + 1, LEASE));
      expect("a kept lock", "refused", acquire("four", 1, 0).get(0));
      redis.del(LOCK);
      expect("the next token", Long.toString(tomorrow + 2), acquire("four", 1, 0).get(1));
    }

    private void expect(String what, Object expected, Object found) {
      if (!expected.equals(found)) {
        wrong.add("%s: %s instead of %s".formatted(what, found, expected));
      }
    }

    private long micros() {
      List<String> time = redis.time();
      return Long.parseLong(time.get(0)) * 1_000_000 + Long.parseLong(time.get(1));
    }

    private List<Object> acquire(String claim, int span, long tokenAbove) {
      return call(
          ACQUIRE,
          claim,
          "me",
          Long.toString(LEASE),
          Integer.toString(span),
          Long.toString(tokenAbove));
    }

    private List<Object> renew(String claim) {
      return call(RENEW, claim, Long.toString(LEASE));
    }

    private List<Object> release(String claim, long lastTokenUsed, long keepFor) {
      return call(
          RELEASE, claim, Long.toString(lastTokenUsed), Long.toString(keepFor), "released", LOCK);
    }

    private List<Object> call(String file, String... arguments) {
      String script =
          mutant
              .filter(each -> each.file().equals(file))
              .map(Mutant::source)
              .orElse(Mutant.read(file));
      return redis.eval(script, ScriptOutputType.MULTI, new String[] {LOCK, COUNTER}, arguments);
    }
  }
}
