package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.LONG;
import static io.holdfast.jdbc.TestDatabase.answer;
import static io.holdfast.jdbc.TestDatabase.asking;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.BackendException;
import io.holdfast.Lease;
import io.holdfast.LockOptions;
import io.holdfast.Locks;
import io.holdfast.spi.Ask;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import io.holdfast.testkit.RealTime;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is PostgreSQL's own in a lease table, and what is every lease table's but costs a server.
 */
class PostgreSqlTableTest {

  private static final Duration TIMEOUT = TestDatabase.PATIENT;

  private final TestDatabase database = TestDatabase.postgreSql();
  private LockBackend backend;
  private LockBackend another;

  @BeforeEach
  void openTwice() {
    backend = database.open();
    another = database.open();
  }

  @AfterEach
  void stop() {
    database.close();
  }

  private String row(Claim claim, String columns) {
    return database
        .rows("select %s from holdfast_lock where name = '%s'".formatted(columns, claim.name()))
        .get(0);
  }

  private static Attempt.Granted granted(LockBackend by, Claim claim) throws Exception {
    return (Attempt.Granted) answer(by.ask(asking(claim)));
  }

  private static void refused(LockBackend by, Claim claim, boolean mayWait) throws Exception {
    assertThat(answer(by.ask(asking(claim, mayWait)))).isInstanceOf(Attempt.Refused.class);
  }

  @Test
  void releaseTellsOnlyIfSomeoneIsKnownToWaitAndOnlyOnce() throws Exception {
    Claim claim = newClaim();
    try (Connection listening = database.connection();
        Statement statement = listening.createStatement()) {
      statement.execute("listen holdfast_lock");
      Notifications told = new Notifications(listening);
      granted(backend, claim);
      refused(another, Claim.on(claim.name(), "does not wait"), false);
      answer(backend.release(claim, 0, Duration.ZERO));

      Claim second = Claim.on(claim.name(), "second");
      granted(backend, second);
      refused(another, Claim.on(claim.name(), "waits"), true);
      answer(backend.release(second, 0, Duration.ZERO));

      Claim third = Claim.on(claim.name(), "third");
      granted(backend, third);
      answer(backend.release(third, 0, Duration.ZERO));

      statement.execute("notify holdfast_lock, 'the last'");
      assertThat(told.next(TestDatabase.PATIENT)).containsExactly(claim.name().value(), "the last");
    }
  }

  @Test
  void keptLockTellsNobody() throws Exception {
    Claim claim = newClaim();
    try (Connection listening = database.connection();
        Statement statement = listening.createStatement()) {
      statement.execute("listen holdfast_lock");
      granted(backend, claim);
      refused(another, Claim.on(claim.name(), "waits"), true);
      answer(backend.release(claim, 0, LONG));
      statement.execute("notify holdfast_lock, 'the last'");
      assertThat(new Notifications(listening).next(TestDatabase.PATIENT))
          .containsExactly("the last");
    }
  }

  @Test
  void refusedAskWritesNothingOnceItIsKnownThatSomeoneWaits() throws Exception {
    Claim claim = newClaim();
    granted(backend, claim);
    refused(another, Claim.on(claim.name(), "waits"), true);
    String before = row(claim, "xmin, xmax, ctid, waiting_until");
    refused(another, Claim.on(claim.name(), "waits, too"), true);
    refused(another, Claim.on(claim.name(), "does not wait"), false);
    assertThat(row(claim, "xmin, xmax, ctid, waiting_until")).isEqualTo(before);
  }

  @Test
  void grantThatWaitedForItsRowLastsFromWhenItGotIt() throws Exception {
    Claim claim = newClaim();
    granted(backend, claim);
    answer(backend.release(claim, 0, Duration.ZERO));
    Claim next = Claim.on(claim.name(), "next");
    try (Connection hand = database.lockedByHand(claim.name().value())) {
      CompletableFuture<Attempt> asked = backend.ask(asking(next)).toCompletableFuture();
      database.awaitWaitingForARow(1);
      String sinceThen =
          row(claim, "floor(extract(epoch from clock_timestamp()) * 1000000)::bigint");
      hand.commit();
      assertThat(answer(asked)).isInstanceOf(Attempt.Granted.class);
      long endsAt = Long.parseLong(row(claim, "expires_at"));
      assertThat(endsAt - LONG.toNanos() / 1_000).isGreaterThan(Long.parseLong(sinceThen));
    }
  }

  @Test
  void lockEndsByTheClockAndNotByTheStartOfAnOpenTransaction() throws Exception {
    Claim claim = newClaim();
    try (Connection old = database.connection();
        Statement statement = old.createStatement()) {
      old.setAutoCommit(false);
      statement.execute("select now()"); // what this transaction calls now stands still
      Duration brief = Duration.ofMillis(200);
      answer(backend.ask(new Ask(claim, brief, false, 1, 0)));
      await()
          .until(
              () ->
                  answer(another.ask(asking(Claim.on(claim.name(), "next"))))
                      instanceof Attempt.Granted);
      old.rollback();
    }
    refused(backend, Claim.on(claim.name(), "third"), false);
  }

  @Test
  void rowThatIsLockedByHandHoldsUpNoRenewal() throws Exception {
    Claim held = newClaim();
    Claim wanted = newClaim();
    granted(backend, held);
    granted(another, wanted);
    answer(another.release(wanted, 0, Duration.ZERO));
    try (Connection hand = database.lockedByHand(wanted.name().value())) {
      var asked = backend.ask(asking(Claim.on(wanted.name(), "next")));
      database.awaitWaitingForARow(1);
      assertThat(answer(backend.renew(held, LONG))).isInstanceOf(Renewal.Renewed.class);
      assertThat(answer(backend.release(held, 0, Duration.ZERO))).isEqualTo(Release.RELEASED);
      assertThat(asked.toCompletableFuture()).isNotDone();
      hand.rollback();
      assertThat(answer(asked)).isInstanceOf(Attempt.Granted.class);
    }
  }

  @Test
  void askThatWaitsForItsRowTooLongTakesNothing() throws Exception {
    Claim claim = newClaim();
    granted(backend, claim);
    answer(backend.release(claim, 0, Duration.ZERO));
    try (Connection hand = database.lockedByHand(claim.name().value())) {
      // On a machine that stalls the connection may end before the server's answer comes.
      await()
          .ignoreExceptionsInstanceOf(BackendException.class)
          .untilAsserted(
              () -> {
                endWhatWaitsForARow();
                askThatWaitsTooLong(Claim.on(claim.name(), "next"));
              });
      database.awaitWaitingForARow(0);
      hand.rollback();
    }
    granted(another, Claim.on(claim.name(), "the only one"));
    assertThat(row(claim, "label")).isEqualTo("the only one");
  }

  private void askThatWaitsTooLong(Claim claim) throws Exception {
    try (LockBackend impatient = database.open(database.url(), Duration.ofSeconds(2))) {
      assertThatThrownBy(() -> answer(impatient.ask(asking(claim))))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOf(BackendException.class)
          .hasMessageContaining("somebody has locked the row by hand");
    }
  }

  private void endWhatWaitsForARow() {
    database.rows(
        "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'"
            + " and datname = current_database()");
  }

  @Test
  void asksOfOtherNamesAreNotHeldUpUpToTheLimit() throws Exception {
    LockBackend narrow = database.open(database.url("holdfast.connections=6"), TIMEOUT);
    Claim busy = newClaim();
    granted(another, busy);
    answer(another.release(busy, 0, Duration.ZERO));
    try (Connection hand = database.lockedByHand(busy.name().value())) {
      List<CompletionStage<Attempt>> inTheWay = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        inTheWay.add(narrow.ask(asking(Claim.on(busy.name(), "in the way"))));
        database.awaitWaitingForARow(i + 1);
        granted(narrow, newClaim());
      }
      inTheWay.add(narrow.ask(asking(Claim.on(busy.name(), "the last that fits"))));
      database.awaitWaitingForARow(3);
      var last = narrow.ask(asking(newClaim()));
      Claim held = newClaim();
      granted(another, held);
      assertThat(answer(narrow.renew(held, LONG))).isInstanceOf(Renewal.Renewed.class);
      assertThat(last.toCompletableFuture()).isNotDone();
      hand.rollback();
      for (CompletionStage<Attempt> attempt : inTheWay) {
        answer(attempt);
      }
      assertThat(answer(last)).isInstanceOf(Attempt.Granted.class);
    }
  }

  @Test
  void oneConnectionIsEnoughForWhoAsksOneAfterTheOther() throws Exception {
    await() // those of tests before this one end, and nothing is swept any more
        .untilAsserted(() -> assertThat(threads("asks")).hasSize(2));
    await()
        .until(
            () ->
                database
                        .rows(
                            "select 1 from pg_stat_activity where datname = current_database()"
                                + " and state = 'idle' and query like '%delete from holdfast_lock as%'")
                        .size()
                    == 2);
    askAndRelease();
    Set<Thread> first = threads("renewals");
    for (int i = 0; i < 50; i++) {
      askAndRelease();
    }
    assertThat(threads("asks")).hasSize(2);
    assertThat(threads("renewals")).isSubsetOf(first);
  }

  private void askAndRelease() throws Exception {
    Claim claim = newClaim();
    granted(backend, claim);
    answer(backend.release(claim, 0, Duration.ZERO));
  }

  @Test
  void connectionThatIsOneTooManyHarmsNobody() throws Exception {
    database.run("create role few login password 'few' connection limit 2");
    try {
      database.run("grant select, insert, update, delete on holdfast_lock to few");
      String url =
          database
              .url()
              .replaceFirst("user=[^&]*", "user=few")
              .replaceFirst("password=[^&]*", "password=few");
      LockBackend few = database.open(url, TIMEOUT);
      await().until(() -> ourSessions("few") == 2);
      List<CompletionStage<Attempt>> asked = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        asked.add(few.ask(asking(newClaim())));
      }
      for (CompletionStage<Attempt> one : asked) {
        assertThat(answer(one)).isInstanceOf(Attempt.Granted.class);
      }
      few.close();
    } finally {
      await().until(() -> ourSessions("few") == 0);
      database.run("drop owned by few");
      database.run("drop role few");
    }
  }

  private int ourSessions(String user) {
    return Integer.parseInt(
        database
            .rows("select count(*) from pg_stat_activity where usename = '" + user + "'")
            .get(0));
  }

  @Tag("slow")
  @Test
  void spareConnectionsAreClosed() throws Exception {
    List<CompletionStage<Attempt>> asked = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      asked.add(backend.ask(asking(newClaim())));
    }
    assertThat(threads("asks")).hasSizeGreaterThan(2);
    for (CompletionStage<Attempt> one : asked) {
      answer(one);
    }
    await().atMost(Duration.ofMinutes(2)).until(() -> threads("asks").size() <= 2);
  }

  @Test
  void withdrawalWaitsForItsAsk() throws Exception {
    Claim wanted = newClaim();
    granted(another, wanted);
    answer(another.release(wanted, 0, Duration.ZERO));
    Claim next = Claim.on(wanted.name(), "next");
    try (Connection hand = database.lockedByHand(wanted.name().value())) {
      var asked = backend.ask(asking(next));
      database.awaitWaitingForARow(1);
      var withdrawn = backend.release(next, 0, Duration.ZERO);
      granted(backend, newClaim()); // others go on
      assertThat(withdrawn.toCompletableFuture()).isNotDone();
      hand.rollback();
      assertThat(answer(asked)).isInstanceOf(Attempt.Granted.class);
      assertThat(answer(withdrawn)).isEqualTo(Release.RELEASED);
    }
    granted(another, Claim.on(wanted.name(), "third"));
  }

  private List<String> connections(String application) {
    return database.rows(
        "select pid from pg_stat_activity where datname = current_database()"
            + " and application_name = '"
            + application
            + "'");
  }

  @Test
  void withdrawnAskThatWasNotSentYetTakesNothing() throws Exception {
    String url = database.url("holdfast.connections=2", "ApplicationName=narrow");
    LockBackend narrow = database.open(url, TIMEOUT);
    await("also the one for releases, which sweeps").until(() -> connections("narrow").size() == 2);
    Claim busy = newClaim();
    Claim wanted = newClaim();
    granted(another, busy);
    answer(another.release(busy, 0, Duration.ZERO));
    try (Connection hand = database.lockedByHand(busy.name().value())) {
      var first = narrow.ask(asking(Claim.on(busy.name(), "in the way")));
      database.awaitWaitingForARow(1);
      var asked = narrow.ask(asking(wanted));
      var withdrawn = narrow.release(wanted, 0, Duration.ZERO);
      List<String> connections = connections("narrow");
      hand.rollback();
      answer(first);
      assertThat(answer(withdrawn)).isEqualTo(Release.GONE);
      assertThatThrownBy(() -> answer(asked)).hasCauseInstanceOf(BackendException.class);
      granted(narrow, newClaim());
      assertThat(connections).as("none is replaced for it").containsAll(connections("narrow"));
    }
    assertThat(database.rows("select * from holdfast_lock where name = '" + wanted.name() + "'"))
        .isEmpty();
  }

  @Test
  void askThatCameToItsTurnTooLateIsNotSent() throws Exception {
    RealTime time = new RealTime();
    LockBackend narrow =
        database.open(
            database.url("holdfast.connections=2"), database.context(time, TIMEOUT, LONG));
    Claim busy = newClaim();
    Claim wanted = newClaim();
    granted(backend, busy);
    answer(backend.release(busy, 0, Duration.ZERO));
    try (Connection hand = database.lockedByHand(busy.name().value())) {
      var first = narrow.ask(asking(Claim.on(busy.name(), "in the way")));
      database.awaitWaitingForARow(1);
      var second = narrow.ask(asking(Claim.on(busy.name(), "behind it")));
      var third = narrow.ask(asking(wanted));
      time.pass(TIMEOUT);
      hand.rollback();
      assertThat(answer(first)).isInstanceOf(Attempt.Granted.class);
      for (CompletionStage<Attempt> late : List.of(second, third)) {
        assertThatThrownBy(() -> answer(late))
            .cause()
            .isInstanceOf(BackendException.class)
            .hasMessageStartingWith("Not sent: ");
      }
    }
    assertThat(database.rows("select * from holdfast_lock where name = '" + wanted.name() + "'"))
        .isEmpty();
  }

  @Test
  void callersOwnTransactionIsNotJoined() throws Exception {
    Claim claim = newClaim();
    try (Connection callers = database.connection();
        Statement statement = callers.createStatement()) {
      callers.setAutoCommit(false);
      statement.execute("create table work (x int)");
      granted(backend, claim);
      callers.rollback();
    }
    refused(another, Claim.on(claim.name(), "another"), false);
  }

  @Test
  void strictDefaultIsolationChangesNothing() throws Exception {
    database.run(
        "do $$ begin execute 'alter database ' || current_database()"
            + " || ' set default_transaction_isolation = ''serializable'''; end $$");
    LockBackend strict = database.open();
    LockBackend other = database.open();
    Claim first = newClaim();
    granted(strict, first);
    List<CompletableFuture<Attempt>> asked =
        List.of(
            strict.ask(asking(Claim.on(first.name(), "a"))).toCompletableFuture(),
            other.ask(asking(Claim.on(first.name(), "b"))).toCompletableFuture(),
            other.ask(asking(Claim.on(first.name(), "c"), true)).toCompletableFuture());
    for (CompletableFuture<Attempt> one : asked) {
      assertThat(answer(one)).isInstanceOf(Attempt.Refused.class);
    }
    assertThat(database.rows("show default_transaction_isolation")).isNotEmpty();
  }

  @Test
  void connectingDeletesWhatWasIdleForADay() throws Exception {
    whatWasIdleForADayGoes(database::open);
  }

  @ParameterizedTest
  @ValueSource(strings = {"table", "session"})
  void askAfterAnHourDeletesWhatWasIdleForADay(String form) throws Exception {
    RealTime time = new RealTime();
    Duration day = Duration.ofHours(24);
    LockBackend old =
        database.open(database.url("holdfast=" + form), database.context(time, TIMEOUT, day));
    answer(old.ask(new Ask(newClaim(), day, false, 1, 0)));
    whatWasIdleForADayGoes(
        () -> {
          time.pass(Duration.ofMinutes(61));
          var unused = old.ask(new Ask(newClaim(), day, false, 1, 0));
        });
  }

  private void whatWasIdleForADayGoes(Runnable then) throws Exception {
    Claim released = newClaim();
    Claim expired = newClaim();
    Claim ahead = newClaim();
    Claim fresh = newClaim();
    for (Claim claim : List.of(released, expired, ahead, fresh)) {
      granted(backend, claim);
    }
    answer(backend.release(released, 0, Duration.ZERO));
    answer(backend.release(fresh, 0, Duration.ZERO));
    database.run(
        "update holdfast_lock set expires_at = expires_at - 86400000000 - 700000000,"
            + " token = token - 86400000000, last_token = last_token - 86400000000"
            + " where name <> '"
            + fresh.name()
            + "'");
    database.run(
        "update holdfast_lock set last_token = last_token + 2 * 86400000000 where name = '"
            + ahead.name()
            + "'");
    then.run();
    await()
        .untilAsserted(
            () ->
                assertThat(database.rows("select name from holdfast_lock"))
                    .contains(ahead.name().value(), fresh.name().value())
                    .doesNotContain(released.name().value(), expired.name().value()));
  }

  @Test
  void closingAtOnceWarnsOfNothing() throws Exception {
    try (Connection hand = database.connection();
        Statement statement = hand.createStatement()) {
      hand.setAutoCommit(false);
      statement.execute("insert into holdfast_lock values ('idle', null, '', 1, 1, 1)");
      hand.commit();
      statement.execute("select 1 from holdfast_lock where name = 'idle' for update");
      for (int i = 0; i < 3; i++) {
        database.open().close();
      }
    }
    assertThat(database.warnings()).isEmpty();
  }

  @Test
  void nothingIsAtRestAfterClosing() throws Exception {
    Claim claim = newClaim();
    granted(backend, claim);
    AtomicInteger hints = new AtomicInteger();
    try (Watch watch = another.watch(claim, hints::incrementAndGet)) {
      await().until(() -> hints.get() > 0);
      assertThat(ourThreads()).contains("holdfast-jdbc-notices");
    }
    backend.close();
    another.close();
    await().untilAsserted(() -> assertThat(ourThreads()).isEmpty());
    await()
        .untilAsserted(
            () ->
                assertThat(
                        database.rows(
                            "select pid from pg_stat_activity where datname = current_database()"
                                + " and pid <> pg_backend_pid()"))
                    .isEmpty());
  }

  private static Set<Thread> threads(String what) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("holdfast-jdbc-" + what))
        .collect(Collectors.toSet());
  }

  private static List<String> ourThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("holdfast-jdbc"))
        .toList();
  }

  @Test
  void listeningGoesOnAfterItsSessionWasTerminated() throws Exception {
    Claim claim = newClaim();
    granted(backend, claim);
    refused(another, Claim.on(claim.name(), "waits"), true);
    answer(backend.renew(claim, LONG)); // the connection that will release is open by now
    AtomicInteger hints = new AtomicInteger();
    try (Watch watch = another.watch(claim, hints::incrementAndGet)) {
      await().until(() -> hints.get() == 1);
      // Its last statement may be an empty one by now, which tries whether it is still there.
      database.run(
          "select pg_terminate_backend(pid) from pg_stat_activity"
              + " where datname = current_database() and (query ilike 'listen%' or query = '')");
      await().until(() -> hints.get() == 2);
      answer(backend.release(claim, 0, Duration.ZERO));
      await().until(() -> hints.get() >= 3);
    }
  }

  @Test
  void releaseWakesAWaiterOfAnotherProcessLongBeforeTheLeaseEnds() throws Exception {
    LockOptions longLease =
        LockOptions.DEFAULTS.leaseFor(Duration.ofHours(1)).waitAtMost(Duration.ofMinutes(2));
    try (Locks one = database.connect();
        Locks other = database.connect()) {
      Lease first = one.acquire("machine:42", longLease);
      CompletableFuture<Lease> waiting = other.acquireAsync("machine:42", longLease);
      await().until(() -> !database.rows("select waiting_until from holdfast_lock").contains("0"));
      assertThat(other.inspect("machine:42").holder())
          .hasValueSatisfying(holder -> assertThat(holder.token()).hasValue(first.token()));
      first.close();
      try (Lease second = waiting.get(60, TimeUnit.SECONDS)) {
        assertThat(second.token()).isGreaterThan(first.token());
      }
    }
    assertThat(database.rows("select claim from holdfast_lock")).containsExactly("null");
  }

  @Test
  void prefixSeparatesThoseWhoShareATable() throws Exception {
    LockBackend prefixed = database.open(database.url("holdfast.prefix=b:"), TIMEOUT);
    Claim claim = newClaim();
    granted(backend, claim);
    granted(prefixed, Claim.on(claim.name(), "with a prefix"));
    assertThat(database.rows("select name from holdfast_lock"))
        .containsExactlyInAnyOrder(claim.name().value(), "b:" + claim.name());
  }
}
