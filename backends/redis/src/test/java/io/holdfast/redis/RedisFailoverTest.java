package io.holdfast.redis;

import static io.holdfast.redis.TestRedis.LONG;
import static io.holdfast.redis.TestRedis.answer;
import static io.holdfast.redis.TestRedis.asking;
import static io.holdfast.redis.TestRedis.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.holdfast.BackendException;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A master and a replica behind one address, and a replica that does not know the last writes. */
class RedisFailoverTest {

  private static final Duration TIMEOUT = TestRedis.PATIENT;

  private final TestRedis master = new TestRedis().start();
  private final TestRedis replica = new TestRedis().start();
  private final Tunnel replication;
  private final Tunnel address;
  private final RedisBackend backend;

  RedisFailoverTest() throws IOException {
    replication = Tunnel.to(master.server().port());
    address = Tunnel.to(master.server().port());
    backend = master.open(address.url(), TIMEOUT);
  }

  @BeforeEach
  void replicate() {
    replica.plain().replicaof("127.0.0.1", replication.port());
    await()
        .atMost(TIMEOUT)
        .until(() -> replica.plain().info("replication").contains("master_link_status:up"));
  }

  @AfterEach
  void stop() throws IOException {
    address.close();
    replication.close();
    replica.close();
    master.close();
  }

  private static String key(Claim claim) {
    return "lock_" + claim.name();
  }

  private static String counter(Claim claim) {
    return "{" + key(claim) + "}:token";
  }

  private long granted(Claim claim) throws Exception {
    return ((Attempt.Granted) answer(backend.ask(asking(claim)))).firstToken();
  }

  private Claim grantedAndReplicated() throws Exception {
    Claim claim = newClaim();
    granted(claim);
    await().atMost(TIMEOUT).until(() -> replica.plain().exists(key(claim)) == 1);
    return claim;
  }

  private void stopReplicating() {
    replication.passages().forEach(Tunnel.Passage::holdAnswers);
  }

  private void leadTo(TestRedis server) {
    address.leadTo(server.server().port());
    address.passages().forEach(Tunnel.Passage::cut);
  }

  /** At first because the old connection ended; then, over another one, because of the replica. */
  private static void isNeverAnsweredByTheReplica(Supplier<CompletionStage<?>> question) {
    for (int i = 0; i < 10; i++) {
      ExecutionException failure =
          catchThrowableOfType(ExecutionException.class, () -> answer(question.get()));
      assertThat(failure).as("an answer of the replica").isNotNull();
      assertThat(failure.getCause()).isInstanceOf(BackendException.class);
      if (String.valueOf(failure.getMessage()).contains("is a replica")) {
        return;
      }
    }
    throw new AssertionError("Never said to be a replica");
  }

  @Test
  void replicaBehindTheSameAddressIsNoAnswerAndTheMasterIsFoundAgain() throws Exception {
    Claim released = grantedAndReplicated();
    stopReplicating();
    assertThat(answer(backend.release(released, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
    Claim held = newClaim();
    granted(held);
    Claim next = Claim.on(released.name(), "next");

    leadTo(replica);
    isNeverAnsweredByTheReplica(() -> backend.renew(held, LONG));
    isNeverAnsweredByTheReplica(() -> backend.release(held, 0, Duration.ZERO));
    isNeverAnsweredByTheReplica(() -> backend.ask(asking(next)));
    isNeverAnsweredByTheReplica(() -> backend.inspect(held.name()));

    address.leadTo(master.server().port());
    await()
        .atMost(TIMEOUT)
        .ignoreExceptions()
        .untilAsserted(
            () ->
                assertThat(answer(backend.renew(held, LONG))).isInstanceOf(Renewal.Renewed.class));
    await().atMost(TIMEOUT).ignoreExceptions().until(() -> granted(next) > 0);
  }

  /** The address moves, and what is open stays with a server that is not the master any more. */
  @Test
  void leaseIsRenewedAtTheNewMasterAlthoughTheOldOneStillAnswers() throws Exception {
    Claim held = grantedAndReplicated();
    replica.plain().replicaofNoOne();
    address.leadTo(replica.server().port());
    master.plain().configSet("replica-serve-stale-data", "no");
    master.plain().replicaof("127.0.0.1", 1);
    ExecutionException first =
        catchThrowableOfType(ExecutionException.class, () -> answer(backend.renew(held, LONG)));
    assertThat(first).hasCauseInstanceOf(BackendException.class);
    assertThat(answer(backend.renew(held, LONG))).isInstanceOf(Renewal.Renewed.class);
  }

  @Test
  void tokenGrowsPastAFailoverThatForgotTheLastGrant() throws Exception {
    Claim known = grantedAndReplicated();
    assertThat(answer(backend.release(known, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
    await().atMost(TIMEOUT).until(() -> replica.plain().exists(key(known)) == 0);
    String replicated = replica.plain().get(counter(known));
    stopReplicating();
    Claim forgotten = Claim.on(known.name(), "forgotten");
    long last = granted(forgotten);
    master.server().kill();
    replica.plain().replicaofNoOne();
    leadTo(replica);

    assertThat(replica.plain().get(counter(known))).isEqualTo(replicated);
    assertThat(Long.parseLong(replicated)).isLessThan(last);
    Claim next = Claim.on(known.name(), "next");
    await().atMost(TIMEOUT).ignoreExceptions().until(() -> granted(next) > last);
    assertThat(answer(backend.renew(forgotten, LONG))).isInstanceOf(Renewal.Gone.class);
  }
}
