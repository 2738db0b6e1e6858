package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.LONG;
import static io.holdfast.jdbc.TestDatabase.answer;
import static io.holdfast.jdbc.TestDatabase.asking;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.holdfast.Finding;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.Claim;
import io.holdfast.spi.Inspectable;
import io.holdfast.spi.LockBackend;
import io.holdfast.spi.Release;
import io.holdfast.spi.Renewal;
import io.holdfast.spi.Watch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The grants that the documentation names are enough, and each of them is needed. */
class LeaseTableRightsTest {

  private static final Duration TIMEOUT = TestDatabase.PATIENT;
  private static final List<String> RIGHTS = List.of("select", "insert", "update", "delete");

  private static List<String> grants(String page) throws IOException {
    List<String> lines =
        Files.readAllLines(Path.of("../../docs/backends/" + page)).stream()
            .filter(line -> line.matches("(create user|grant) .*;"))
            .map(line -> line.replaceFirst(";$", ""))
            .toList();
    assertThat(lines).hasSizeGreaterThan(1);
    return lines;
  }

  static Stream<Arguments> postgreSqlWithout() {
    return RIGHTS.stream()
        .map(
            right ->
                Arguments.of(
                    (Supplier<TestDatabase>) TestDatabase::postgreSql, "postgresql.md", right));
  }

  static Stream<Arguments> mariaDbWithout() {
    return RIGHTS.stream()
        .map(
            right ->
                Arguments.of(
                    (Supplier<TestDatabase>) TestDatabase::mariaDb, "mysql-mariadb.md", right));
  }

  private static String as(TestDatabase database, List<String> grants, String dropped) {
    String first = grants.get(0);
    database.run(dropped);
    grants.forEach(database::run);
    String password = first.replaceFirst(".*'([^']*)'$", "$1");
    return database
        .url()
        .replaceFirst("user=[^&]*", "user=locks")
        .replaceFirst("password=[^&]*", "password=" + password);
  }

  private static void enough(TestDatabase database, String url) throws Exception {
    assertThat(new JdbcBackendProvider().examine(url, database.context(TIMEOUT)))
        .allMatch(finding -> finding.level() == Finding.Level.OK);
    LockBackend backend = database.open(url, TIMEOUT);
    LockBackend another = database.open(url, TIMEOUT);
    Claim claim = newClaim();
    Claim waiting = Claim.on(claim.name(), "waiting");
    long token = ((Attempt.Granted) answer(backend.ask(asking(claim)))).firstToken();
    assertThat(answer(another.ask(asking(waiting, true)))).isInstanceOf(Attempt.Refused.class);
    assertThat(answer(((Inspectable) another).inspect(claim.name())).holder()).isPresent();
    AtomicInteger hints = new AtomicInteger();
    boolean tells = another.guarantees().tellsOfRelease();
    try (Watch watch = another.watch(waiting, hints::incrementAndGet)) {
      await().until(() -> !tells || hints.get() > 0);
      int before = hints.get();
      assertThat(answer(backend.renew(claim, LONG))).isInstanceOf(Renewal.Renewed.class);
      assertThat(answer(backend.release(claim, token, Duration.ZERO))).isEqualTo(Release.RELEASED);
      await().until(() -> !tells || hints.get() > before);
    }
    assertThat(answer(another.ask(asking(waiting)))).isInstanceOf(Attempt.Granted.class);
    assertThat(database.warnings()).isEmpty();
  }

  private static void needed(TestDatabase database, String url, String right) {
    assertThatThrownBy(() -> database.open(url, TIMEOUT))
        .isInstanceOf(StoreRefusedException.class)
        .hasNoCause()
        .hasMessageContaining("does not permit this user what locks need");
    assertThat(new JdbcBackendProvider().examine(url, database.context(TIMEOUT)))
        .anyMatch(
            finding ->
                finding.level() == Finding.Level.REFUSED
                    && (finding.subject().equals("right to " + right)
                        || finding.subject().startsWith("table")));
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("postgreSqlWithout")
  void documentedGrantsAreEnoughAndEachIsNeededOnPostgreSql(
      Supplier<TestDatabase> start, String page, String right) throws Exception {
    try (TestDatabase database = start.get()) {
      database.open();
      String url =
          as(
              database,
              grants(page),
              "do $$ begin if exists (select from pg_roles where rolname = 'locks') then"
                  + " reassign owned by locks to postgres; drop owned by locks; drop role locks;"
                  + " end if; end $$");
      try {
        enough(database, url);
        database.run("revoke " + right + " on holdfast_lock from locks");
        needed(database, url, right);
      } finally {
        database.run("drop owned by locks");
        database.run("drop role locks");
      }
    }
  }

  @Tag("slow")
  @ParameterizedTest(name = "{2}")
  @MethodSource("mariaDbWithout")
  void documentedGrantsAreEnoughAndEachIsNeededOnMariaDb(
      Supplier<TestDatabase> start, String page, String right) throws Exception {
    try (TestDatabase database = start.get()) {
      database.open();
      String url = as(database, grants(page), "drop user if exists locks");
      enough(database, url);
      database.run("revoke " + right + " on holdfast_lock from locks");
      needed(database, url, right);
    }
  }
}
