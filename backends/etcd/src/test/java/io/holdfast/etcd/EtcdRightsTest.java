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

import io.etcd.jetcd.Auth;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.auth.Permission;
import io.holdfast.BackendException;
import io.holdfast.Finding;
import io.holdfast.LockName;
import io.holdfast.Locks;
import io.holdfast.LocksConfig;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Users, and what they may. */
@NeedsEtcd
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EtcdRightsTest {

  private final TestEtcd etcd = new TestEtcd();

  @BeforeAll
  void usersAndRights() throws Exception {
    makeUsers(etcd);
  }

  private static void makeUsers(TestEtcd at) throws Exception {
    Auth auth = at.plain().getAuthClient();
    ByteSequence root = Keys.of("root");
    answer(auth.userAdd(root, Keys.of("of all")));
    answer(auth.userGrantRole(root, root));
    answer(auth.userAdd(Keys.of("ann"), Keys.of("p@ss:+x")));
    answer(auth.userAdd(Keys.of("bob"), Keys.of("none")));
    answer(auth.roleAdd(Keys.of("locks")));
    answer(
        auth.roleGrantPermission(
            Keys.of("locks"), Keys.of("lock_="), Keys.of("lock_>"), Permission.Type.READWRITE));
    answer(auth.userGrantRole(Keys.of("ann"), Keys.of("locks")));
    answer(auth.authEnable());
  }

  @AfterAll
  void stop() {
    etcd.close();
  }

  private String url(String user) {
    return etcd.server().url().replace("//", "//" + user + "@");
  }

  private EtcdBackend as(String user) {
    return etcd.open(url(user), LEASE, PATIENT);
  }

  @Test
  void rightsOnThePrefixAreAllThatLocksNeed() throws Exception {
    EtcdBackend backend = as("ann:p%40ss%3A+x");
    EtcdBackend another = as("ann:p%40ss%3A+x");
    LockName name = newName();
    Claim first = newClaim(name);
    Claim second = newClaim(name);
    assertThat(answer(backend.ask(trying(first)))).isInstanceOf(Attempt.Granted.class);
    assertThat(answer(another.ask(waiting(second)))).isInstanceOf(Attempt.Refused.class);
    AtomicInteger hints = new AtomicInteger();
    try (Watch watch = another.watch(second, hints::incrementAndGet)) {
      assertThat(answer(backend.renew(first, LEASE))).isInstanceOf(Renewal.Renewed.class);
      answer(backend.release(first, 0, Duration.ZERO));
      await().atMost(Duration.ofSeconds(60)).until(() -> hints.get() > 0);
    }
    assertThat(answer(another.ask(waiting(second)))).isInstanceOf(Attempt.Granted.class);
    assertThat(answer(backend.inspect(name)).holder()).isPresent();
  }

  @Test
  void userWithoutRightsIsRefused() {
    EtcdBackend backend = as("bob:none");
    assertThatThrownBy(() -> answer(backend.ask(trying(newClaim(newName())))))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("does not permit");
  }

  @Test
  void wrongPasswordUnknownUserAndNoUserAreRefusedWhenConnectingAndSaidToNobody() {
    for (String user : List.of("ann:secret", "eve:secret")) {
      assertThatThrownBy(() -> as(user))
          .isInstanceOf(StoreRefusedException.class)
          .hasMessageContaining("no such user and password")
          .hasMessageNotContaining("secret");
    }
    EtcdBackend nobody = etcd.open();
    assertThatThrownBy(() -> answer(nobody.ask(trying(newClaim(newName())))))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(StoreRefusedException.class)
        .hasMessageContaining("wants a user");
  }

  @Test
  @Tag("slow")
  void userTokenThatEndedCostsOneAnswerAtMost() throws Exception {
    try (TestEtcd brief = new TestEtcd("--auth-token-ttl=2")) { // seconds; in life it is minutes
      makeUsers(brief);
      EtcdBackend backend =
          brief.open(brief.server().url().replace("//", "//ann:p%40ss%3A+x@"), LEASE, PATIENT);
      LockName name = newName();
      AtomicInteger failures = new AtomicInteger();
      long before = authenticated(brief);
      await()
          .atMost(Duration.ofSeconds(60))
          .pollInterval(Duration.ofMillis(2500)) // a question keeps a token for two seconds more
          .until(
              () -> {
                try {
                  answer(backend.inspect(name));
                  return authenticated(brief) >= before + 2;
                } catch (ExecutionException e) {
                  assertThat(e).hasCauseInstanceOf(BackendException.class);
                  failures.incrementAndGet();
                  return false;
                }
              });
      assertThat(failures.get()).isBetween(1, (int) (authenticated(brief) - before));
    }
  }

  private static long authenticated(TestEtcd at) {
    return at.counted("grpc_server_started_total", "Authenticate");
  }

  @Test
  void examinationSaysWhatIsWrongWithoutThePassword() {
    LocksConfig config = LocksConfig.DEFAULTS.requestTimeout(PATIENT);
    assertThat(Locks.examine(url("ann:p%40ss%3A+x"), config))
        .extracting(Finding::level)
        .containsOnly(Finding.Level.OK);
    assertThat(Locks.examine(url("bob:none"), config))
        .filteredOn(finding -> finding.level() == Finding.Level.REFUSED)
        .singleElement()
        .satisfies(finding -> assertThat(finding.found()).contains("does not permit"));
    List<Finding> wrong = Locks.examine(url("ann:secret"), config);
    assertThat(wrong).extracting(Finding::level).contains(Finding.Level.REFUSED);
    assertThat(wrong.toString()).doesNotContain("secret");
  }
}
