package io.holdfast.etcd;

import static io.holdfast.etcd.TestEtcd.LEASE;
import static io.holdfast.etcd.TestEtcd.answer;
import static io.holdfast.etcd.TestEtcd.newClaim;
import static io.holdfast.etcd.TestEtcd.newName;
import static io.holdfast.etcd.TestEtcd.waiting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.etcd.jetcd.KV;
import io.holdfast.Lease;
import io.holdfast.LockName;
import io.holdfast.Locks;
import io.holdfast.StoreRefusedException;
import io.holdfast.embedded.EmbeddedRedis;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.testkit.ManualTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Tokens grow, whatever the clocks of the processes say and whatever they are asked for. */
@NeedsEtcd
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EtcdTokensTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String BASE = "lock_==base";

  private final TestEtcd etcd = new TestEtcd();
  private final LockName name = newName();

  @AfterAll
  void stop() {
    etcd.close();
  }

  @BeforeEach
  void freeAndWithoutABase() throws Exception {
    etcd.delete("lock_=");
  }

  private static long micros(Instant instant) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
  }

  private Attempt.Granted granted(EtcdBackend through, Claim claim, int span) throws Exception {
    return (Attempt.Granted) answer(through.ask(new Ask(claim, LEASE, true, span, 0)));
  }

  private Attempt.Granted once(EtcdBackend through, int span) throws Exception {
    Claim claim = newClaim(name);
    Attempt.Granted grant = granted(through, claim, span);
    answer(through.release(claim, 0, Duration.ZERO));
    return grant;
  }

  private EtcdBackend withClock(Duration ahead) {
    return etcd.open(Clock.offset(Clock.systemUTC(), ahead));
  }

  private void setBase(String value) throws Exception {
    answer(etcd.plain().getKVClient().put(Keys.of(BASE), Keys.of(value)));
  }

  @Test
  void everyGrantIsAtTheClockAlsoLongAfterConnecting() throws Exception {
    EtcdBackend backend = etcd.open();
    for (int i = 0; i < 20; i++) {
      long before = micros(Instant.now());
      long token = once(backend, 1).firstToken();
      assertThat(token).isBetween(before, micros(Instant.now()) + 1_000_000);
    }
  }

  @Test
  void waiterIsGrantedATokenOfWhenItIsGrantedAndNotOfWhenItCame() throws Exception {
    EtcdBackend backend = etcd.open();
    Claim first = newClaim(name);
    Claim second = newClaim(name);
    granted(backend, first, 1);
    answer(backend.ask(waiting(second)));
    answer(backend.release(first, 0, Duration.ZERO));
    long released = micros(Instant.now());
    long token = granted(backend, second, 1).firstToken();
    assertThat(token).isGreaterThanOrEqualTo(released);
    assertThat(answer(backend.inspect(name)).holder())
        .hasValueSatisfying(holder -> assertThat(holder.token()).hasValue(token));
  }

  @Test
  void processWhoseClockIsAnHourAheadLiftsTheTokensOfAll() throws Exception {
    EtcdBackend ahead = withClock(Duration.ofHours(1));
    EtcdBackend behind = withClock(Duration.ofHours(-1));
    EtcdBackend right = etcd.open();
    long before = 0;
    for (int i = 0; i < 5; i++) {
      for (EtcdBackend backend : new EtcdBackend[] {right, ahead, behind}) {
        long token = once(backend, 1).firstToken();
        assertThat(token).isGreaterThan(before);
        before = token;
      }
    }
    assertThat(before).isGreaterThan(micros(Instant.now().plus(59, ChronoUnit.MINUTES)));
  }

  @Test
  void tokensOfSpansNeverMeetThoseOfOtherGrantsWhateverTheClocks() throws Exception {
    Clock stopped = Clock.fixed(Instant.now(), ZoneOffset.UTC);
    ManualTime time = new ManualTime();
    Clock right =
        Clock.offset(time.clock(), Duration.between(time.clock().instant(), Instant.now()));
    EtcdBackend[] backends = {
      etcd.open(stopped),
      etcd.open(stopped),
      etcd.open(Clock.offset(right, Duration.ofMillis(2))),
      etcd.open(right)
    };
    long last = 0;
    int inSpans = 0;
    for (int i = 0; i < 40; i++) {
      time.pass(Duration.ofMillis(3)); // so that the last one gets above what the third lifts to
      Attempt.Granted grant = once(backends[i % 4], i % 3 == 0 ? 1 : Ask.MAX_SPAN);
      assertThat(grant.firstToken()).isGreaterThan(last);
      last = grant.firstToken() + grant.span() - 1;
      inSpans += grant.span() > 1 ? 1 : 0;
    }
    assertThat(inSpans).as("grants with more than one token").isGreaterThan(10);
  }

  @Test
  void tokensOfSpansNeverMeetAlthoughTheClockStands() throws Exception {
    EtcdBackend backend = etcd.open(Clock.fixed(Instant.now(), ZoneOffset.UTC));
    long last = 0;
    for (int i = 0; i < 10; i++) {
      Attempt.Granted grant = once(backend, Ask.MAX_SPAN);
      assertThat(grant.firstToken()).isGreaterThan(last);
      assertThat(grant.span()).isEqualTo(Ask.MAX_SPAN);
      last = grant.firstToken() + grant.span() - 1;
    }
  }

  @Test
  void tokenOfAGrantStaysThatOfItsFirstAnswerAlthoughTheBaseIsLifted() throws Exception {
    EtcdBackend backend = etcd.open();
    Claim claim = newClaim(name);
    long token = granted(backend, claim, 1).firstToken();
    granted(withClock(Duration.ofHours(1)), newClaim(newName()), 1);
    assertThat(granted(backend, claim, 1).firstToken()).isEqualTo(token);
  }

  @Test
  void baseIsLiftedForManyGrantsAtOnce() throws Exception {
    EtcdBackend backend = etcd.open(Clock.fixed(Instant.now(), ZoneOffset.UTC));
    for (int i = 0; i < 20; i++) {
      once(backend, 1);
    }
    assertThat(etcd.entries(BASE).get(0).getVersion()).isEqualTo(1);
  }

  @Test
  void baseThatFellIsLiftedAgainBeforeAGrant() throws Exception {
    Instant now = Instant.now();
    EtcdBackend backend = etcd.open(Clock.fixed(now, ZoneOffset.UTC)); // sees no need to lift it
    once(backend, 1);
    for (String former : new String[] {"0000000000000001", "1500000000000000"}) {
      setBase(former); // as a backup has it
      assertThat(once(backend, 1).firstToken()).isBetween(micros(now), micros(now) + 1_000_000);
    }
    etcd.delete(BASE);
    assertThat(once(backend, 1).firstToken()).isBetween(micros(now), micros(now) + 1_000_000);
  }

  @Test
  void tokenOfAHolderIsToldAlthoughTheBaseWasLiftedSince() throws Exception {
    EtcdBackend backend = etcd.open();
    Attempt.Granted grant = granted(backend, newClaim(name), 8);
    assertThat(grant.span()).isEqualTo(8);
    granted(withClock(Duration.ofHours(1)), newClaim(newName()), 1);
    assertThat(answer(backend.inspect(name)).holder())
        .hasValueSatisfying(holder -> assertThat(holder.token()).hasValue(grant.firstToken()));
    KV kv = etcd.plain().getKVClient();
    answer(kv.compact(answer(kv.get(Keys.of(BASE))).getHeader().getRevision()));
    assertThat(answer(backend.inspect(name)).holder())
        .hasValueSatisfying(holder -> assertThat(holder.token()).isEmpty());
  }

  @Test
  void baseThatIsNoNumberOfOursIsRefusedAndToldWhatToDo() throws Exception {
    EtcdBackend backend = etcd.open();
    for (String value : new String[] {"x", "9999999999999999"}) {
      setBase(value);
      assertThatThrownBy(() -> once(backend, 1))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOf(StoreRefusedException.class)
          .hasMessageContaining("==base");
      etcd.delete("lock_=");
    }
    assertThat(once(etcd.open(), 1).firstToken()).isPositive();
  }

  @Test
  void fleetMovesFromRedisToEtcdAndBackAndItsTokensGrow() throws Exception {
    try (EmbeddedRedis redis = EmbeddedRedis.start();
        Locks onRedis = Locks.connect(redis.url(), TestEtcd.config(LEASE));
        Locks onEtcd = Locks.connect(etcd.server().url(), TestEtcd.config(LEASE))) {
      long before = 0;
      for (int move = 0; move < 6; move++) {
        long last = before;
        await().atMost(LIMIT).until(() -> micros(Instant.now()) > last); // etcd's are ahead of it
        Locks store = move % 2 == 0 ? onRedis : onEtcd;
        for (int i = 0; i < 5; i++) {
          try (Lease lease = store.acquire("machine:42")) {
            assertThat(lease.token()).isGreaterThan(before);
            before = lease.token();
          }
        }
      }
    }
  }
}
