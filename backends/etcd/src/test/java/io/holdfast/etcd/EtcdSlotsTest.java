package io.holdfast.etcd;

import static io.holdfast.etcd.TestEtcd.LEASE;
import static io.holdfast.etcd.TestEtcd.PATIENT;
import static io.holdfast.etcd.TestEtcd.answer;
import static io.holdfast.etcd.TestEtcd.newClaim;
import static io.holdfast.etcd.TestEtcd.newName;
import static io.holdfast.etcd.TestEtcd.trying;
import static io.holdfast.etcd.TestEtcd.waiting;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.etcd.jetcd.options.PutOption;
import io.holdfast.BackendException;
import io.holdfast.LockName;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Keys are used again, but not where a message of an earlier claim may still come. */
@NeedsEtcd
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EtcdSlotsTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final TestEtcd etcd = new TestEtcd();

  @AfterAll
  void stop() {
    etcd.close();
  }

  private static void grant(EtcdBackend through, Claim claim) throws Exception {
    assertThat(answer(through.ask(waiting(claim)))).isInstanceOf(Attempt.Granted.class);
  }

  private static Release release(EtcdBackend through, Claim claim) throws Exception {
    return answer(through.release(claim, 0, Duration.ZERO));
  }

  private List<String> line(LockName name) throws Exception {
    return etcd.entries("lock_=" + name + "=").stream().map(TestEtcd::text).toList();
  }

  /** A claim whose ask has arrived, and whose answer was lost. */
  private Claim unanswered(Way way, EtcdBackend through, LockName name) throws Exception {
    way.holdAnswers();
    Claim claim = newClaim(name);
    CompletionStage<Attempt> asked = through.ask(waiting(claim));
    await().atMost(LIMIT).until(() -> line(name).size() == 1);
    way.cut();
    awaitFailure(asked);
    return claim;
  }

  private static void awaitFailure(CompletionStage<?> question) {
    assertThatThrownBy(() -> answer(question))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(BackendException.class);
  }

  /** As a message that comes late would do. */
  private void putAgain(String key) throws Exception {
    long lease = Long.parseUnsignedLong(key.replaceAll(".*=|-.*", ""), 16);
    answer(
        etcd.plain()
            .getKVClient()
            .put(Keys.of(key), Keys.of("1|late"), PutOption.builder().withLeaseId(lease).build()));
  }

  @Test
  void locksOfANameUseOneKeyAgainAndAgainAndNoClaimIsInIt() throws Exception {
    EtcdBackend backend = etcd.open();
    LockName name = newName();
    Claim first = newClaim(name);
    grant(backend, first);
    List<String> key = line(name);
    assertThat(key).hasSize(1).first().asString().doesNotContain(first.id());
    release(backend, first);
    for (int i = 0; i < 5; i++) {
      Claim next = newClaim(name);
      grant(backend, next);
      assertThat(line(name)).isEqualTo(key);
      release(backend, next);
    }
  }

  @Test
  void claimsOfOneProcessHaveKeysOfTheirOwn() throws Exception {
    EtcdBackend backend = etcd.open();
    LockName name = newName();
    Claim first = newClaim(name);
    Claim second = newClaim(name);
    grant(backend, first);
    assertThat(answer(backend.ask(waiting(second)))).isInstanceOf(Attempt.Refused.class);
    assertThat(line(name)).hasSize(2);
    assertThat(release(backend, first)).isEqualTo(Release.RELEASED);
    grant(backend, second);
  }

  @Test
  void keyOfAnAskThatWasNotAnsweredIsNotUsedAgainAndWhatComesLateIsRemoved() throws Exception {
    try (Way way = new Way(etcd.server().port())) {
      EtcdBackend backend = etcd.open(way.url(), LEASE, PATIENT);
      LockName name = newName();
      Claim lost = unanswered(way, backend, name);
      String key = line(name).get(0);
      assertThat(release(backend, lost)).isEqualTo(Release.RELEASED);

      Claim next = newClaim(name);
      grant(backend, next);
      assertThat(line(name)).hasSize(1).doesNotContain(key);
      putAgain(key);
      assertThat(answer(backend.renew(next, LEASE))).isInstanceOf(Renewal.Renewed.class);
      await().atMost(LIMIT).until(() -> line(name).size() == 1);
      assertThat(line(name)).doesNotContain(key);
      assertThat(release(backend, next)).isEqualTo(Release.RELEASED);
    }
  }

  @Test
  void grantWhoseKeyWasDeletedAndPutAgainByItsOwnLateAskIsGone() throws Exception {
    try (Way way = new Way(etcd.server().port())) {
      EtcdBackend backend = etcd.open(way.url(), LEASE, PATIENT);
      LockName name = newName();
      Claim claim = unanswered(way, backend, name);
      grant(backend, claim);
      assertThat(answer(backend.renew(claim, LEASE))).isInstanceOf(Renewal.Renewed.class);
      String key = line(name).get(0);
      etcd.delete(key);
      putAgain(key);
      assertThat(answer(backend.renew(claim, LEASE))).isInstanceOf(Renewal.Gone.class);
      Claim other = newClaim(newName());
      grant(backend, other);
      answer(backend.renew(other, LEASE));
      await().atMost(LIMIT).until(() -> line(name).isEmpty());
    }
  }

  @Test
  void grantWhoseKeyDoesNotHangOnTheLeaseIsHeldWhileTheKeyIsThere() throws Exception {
    EtcdBackend backend = etcd.open();
    LockName name = newName();
    Claim claim = newClaim(name);
    grant(backend, claim);
    String key = line(name).get(0);
    answer(etcd.plain().getKVClient().put(Keys.of(key), Keys.of("by hand"))); // on no lease
    assertThat(answer(backend.renew(claim, LEASE))).isInstanceOf(Renewal.Renewed.class);
    assertThat(answer(etcd.open().ask(trying(newClaim(name))))).isInstanceOf(Attempt.Refused.class);
    assertThat(release(backend, claim)).isEqualTo(Release.RELEASED);
    assertThat(line(name)).isEmpty();
  }

  @Test
  void releaseOfAGrantWhoseKeyIsAnotherSaysGone() throws Exception {
    EtcdBackend backend = etcd.open();
    LockName name = newName();
    Claim claim = newClaim(name);
    grant(backend, claim);
    String key = line(name).get(0);
    etcd.delete(key);
    putAgain(key);
    assertThat(release(backend, claim)).isEqualTo(Release.GONE);
    assertThat(line(name)).isEmpty();
  }

  @Test
  void keyOfAReleaseThatNeverArrivedIsRemovedByTheNextHeartbeat() throws Exception {
    try (Way way = new Way(etcd.server().port())) {
      EtcdBackend backend = etcd.open(way.url(), LEASE, PATIENT);
      LockName name = newName();
      Claim claim = newClaim(name);
      Claim held = newClaim(newName());
      grant(backend, claim);
      grant(backend, held);
      way.loseQuestions();
      CompletionStage<Release> released = backend.release(claim, 0, Duration.ZERO);
      await().atMost(LIMIT).until(() -> way.lost().contains(name.value()));
      way.cut();
      awaitFailure(released);
      await()
          .atMost(LIMIT)
          .ignoreExceptions()
          .until(() -> answer(backend.renew(held, LEASE)) instanceof Renewal.Renewed);
      await().atMost(LIMIT).until(() -> line(name).isEmpty());
      assertThat(answer(backend.ask(trying(newClaim(name))))).isInstanceOf(Attempt.Granted.class);
    }
  }

  private static boolean isRefused(EtcdBackend backend, Claim claim) throws Exception {
    try {
      return answer(backend.ask(waiting(claim))) instanceof Attempt.Refused;
    } catch (ExecutionException e) {
      assertThat(e).hasCauseInstanceOf(BackendException.class);
      return false;
    }
  }

  /** The engine asks for a claim again while an ask that would not wait is still on its way. */
  @Test
  void refusedAskLeavesNoPlaceThatALaterOneOfItsClaimHasTaken() throws Exception {
    EtcdBackend backend = etcd.open();
    EtcdBackend another = etcd.open();
    LockName name = newName();
    Claim holder = newClaim(name);
    answer(another.ask(trying(holder)));
    Claim claim = newClaim(name);
    var first = backend.ask(trying(claim));
    var second = backend.ask(waiting(claim));
    assertThat(answer(first)).isInstanceOf(Attempt.Refused.class);
    // If the first one's place was being left already, the second got no answer.
    var unused = second.handle((attempt, failure) -> attempt).toCompletableFuture().get();
    await().atMost(LIMIT).until(() -> isRefused(backend, claim));
    answer(another.release(holder, 0, Duration.ZERO));
    assertThat(answer(backend.ask(waiting(claim)))).isInstanceOf(Attempt.Granted.class);
    assertThat(answer(another.ask(trying(newClaim(name))))).isInstanceOf(Attempt.Refused.class);
    assertThat(answer(backend.renew(claim, LEASE))).isInstanceOf(Renewal.Renewed.class);
    assertThat(answer(backend.release(claim, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
  }
}
