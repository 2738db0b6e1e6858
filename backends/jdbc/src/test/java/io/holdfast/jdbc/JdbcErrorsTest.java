package io.holdfast.jdbc;

import static io.holdfast.jdbc.TestDatabase.answer;
import static io.holdfast.jdbc.TestDatabase.asking;
import static io.holdfast.jdbc.TestDatabase.newClaim;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.holdfast.BackendException;
import io.holdfast.Finding;
import io.holdfast.StoreRefusedException;
import io.holdfast.spi.Attempt;
import io.holdfast.spi.LockBackend;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Each mistake of a configuration is one line that says what to do, and has no secret in it. */
class JdbcErrorsTest {

  private static final String SECRET = "s3cr-et";
  private static final Duration TIMEOUT = TestDatabase.PATIENT;

  static Stream<Arguments> servers() {
    return Stream.of(
        Arguments.of("PostgreSQL", (Supplier<TestDatabase>) TestDatabase::postgreSql),
        Arguments.of("MariaDB", (Supplier<TestDatabase>) TestDatabase::mariaDb));
  }

  static Stream<Arguments> databases() {
    return Stream.concat(
        servers(), Stream.of(Arguments.of("H2", (Supplier<TestDatabase>) TestDatabase::h2)));
  }

  /** Connecting and examining say the same. */
  private static void refuses(TestDatabase database, String url, String... words) {
    Throwable refusal = catchThrowable(() -> database.open(url, TIMEOUT));
    assertThat(refusal).isInstanceOf(StoreRefusedException.class).hasNoCause();
    assertThat(refusal).message().contains(words).doesNotContain("\n").doesNotContain(SECRET);
    List<Finding> findings = new JdbcBackendProvider().examine(url, database.context(TIMEOUT));
    assertThat(findings)
        .filteredOn(finding -> finding.level() == Finding.Level.REFUSED)
        .first()
        .satisfies(
            finding -> {
              assertThat(finding.found() + finding.cure()).contains(words).doesNotContain(SECRET);
              assertThat(finding.cure()).isNotEmpty();
            });
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("servers")
  void wrongPasswordIsRefused(String product, Supplier<TestDatabase> start) {
    try (TestDatabase database = start.get()) {
      String wrong = database.url().replaceFirst("password=[^&]*", "password=" + SECRET);
      refuses(database, wrong, "knows no such user and password: correct the URL");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("servers")
  void missingDatabaseIsRefused(String product, Supplier<TestDatabase> start) {
    try (TestDatabase database = start.get()) {
      String elsewhere = database.url().replaceFirst("/test[0-9]+", "/no_such_database");
      refuses(database, elsewhere, "has no such database", "/no_such_database");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("databases")
  void missingTableIsRefusedAndNeverCreatedUnasked(String product, Supplier<TestDatabase> start) {
    try (TestDatabase database = start.get()) {
      String url = database.url("holdfast.table=locks_of_ours");
      refuses(database, url, "run `holdfast doctor URL --ddl`");
      refuses(database, url, "run `holdfast doctor URL --ddl`");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("databases")
  void scriptThatDoctorPrintsIsEnough(String product, Supplier<TestDatabase> start)
      throws Exception {
    try (TestDatabase database = start.get()) {
      String url = database.url("holdfast.table=locks_of_ours");
      database.run(new JdbcBackendProvider().schema(url).orElseThrow());
      LockBackend backend = database.open(url, TIMEOUT);
      assertThat(answer(backend.ask(asking(newClaim())))).isInstanceOf(Attempt.Granted.class);
      assertThat(new JdbcBackendProvider().examine(url, database.context(TIMEOUT)))
          .isNotEmpty()
          .allMatch(finding -> finding.level() == Finding.Level.OK);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("databases")
  void tableOfAnotherKindIsRefused(String product, Supplier<TestDatabase> start) {
    try (TestDatabase database = start.get()) {
      database.run("create table holdfast_lock (name varchar(300), claim varchar(32))");
      refuses(database, database.url(), "other columns");
      database.run("drop table holdfast_lock");
      database.run(
          new JdbcBackendProvider()
              .schema(database.url())
              .orElseThrow()
              .replaceFirst("token( +)bigint", "token$1 varchar(20)"));
      refuses(database, database.url(), "make it bigint");
      database.run("drop table holdfast_lock");
      database.run(
          new JdbcBackendProvider()
              .schema(database.url())
              .orElseThrow()
              .replaceFirst("varchar\\(300\\)", "varchar(200)"));
      refuses(database, database.url(), "make it varchar(300)");
    }
  }

  @Test
  void nameThatIgnoresCaseIsRefused() {
    try (TestDatabase database = TestDatabase.mariaDb()) {
      database.run(
          new JdbcBackendProvider()
              .schema(database.url())
              .orElseThrow()
              .replace("ascii_bin", "ascii_general_ci"));
      refuses(database, database.url(), "takes a and A for one");
    }
  }

  @Test
  void settingsThatForgetAreWarnedOf() {
    try (TestDatabase database = TestDatabase.postgreSql()) {
      database.open();
      String url = database.url("options=-c%20synchronous_commit=off");
      assertThat(new JdbcBackendProvider().examine(url, database.context(TIMEOUT)))
          .filteredOn(finding -> finding.level() == Finding.Level.WARNING)
          .singleElement()
          .satisfies(finding -> assertThat(finding.subject()).isEqualTo("synchronous_commit"));
    }
  }

  @Test
  void tableThatVanishesIsRefusedAndNeverFree() throws Exception {
    try (TestDatabase database = TestDatabase.postgreSql()) {
      LockBackend backend = database.open();
      database.run("drop table holdfast_lock");
      assertThatThrownBy(() -> answer(backend.ask(asking(newClaim()))))
          .cause()
          .isInstanceOf(StoreRefusedException.class)
          .hasMessageContaining("has no lease table of this name");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "jdbc:postgresql://127.0.0.1:PORT/d?user=u&password=" + SECRET,
    "jdbc:mariadb://u:" + SECRET + "@127.0.0.1:PORT/d",
    "jdbc:sqlserver://127.0.0.1:PORT;user=u;password=" + SECRET,
    "jdbc:h2:tcp://127.0.0.1:PORT/mem:d;USER=u;PASSWORD=" + SECRET
  })
  void absentServerIsNoAnswer(String url) throws IOException {
    try (Socket taken = new Socket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      isNoAnswer(url.replace("PORT", Integer.toString(taken.getLocalPort())), TIMEOUT);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "jdbc:postgresql://127.0.0.1:PORT/d?user=u&password=" + SECRET,
    "jdbc:mariadb://u:" + SECRET + "@127.0.0.1:PORT/d",
    "jdbc:sqlserver://127.0.0.1:PORT;user=u;password=" + SECRET,
    "jdbc:h2:tcp://127.0.0.1:PORT/mem:d;USER=u;PASSWORD=" + SECRET
  })
  void silentServerIsNoAnswerInTime(String url) throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      long since = System.nanoTime();
      isNoAnswer(
          url.replace("PORT", Integer.toString(silent.getLocalPort())), Duration.ofSeconds(1));
      assertThat(Duration.ofNanos(System.nanoTime() - since)).isLessThan(TIMEOUT);
    }
  }

  private static void isNoAnswer(String url, Duration requestTimeout) {
    try (TestDatabase any = TestDatabase.h2()) {
      assertThatThrownBy(() -> any.open(url, requestTimeout))
          .isInstanceOf(BackendException.class)
          .message()
          .contains("127.0.0.1")
          .doesNotContain("\n")
          .doesNotContain(SECRET);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "28P01, 0, true",
    "28000, 1045, true",
    "42000, 1044, true",
    "42000, 1142, true",
    "42000, 1049, true",
    "42S02, 1146, true",
    "HY000, 1665, true",
    "42P01, 0, true",
    "42501, 0, true",
    "3D000, 0, true",
    "S0001, 18456, true",
    "S0005, 229, true",
    "S0002, 208, true",
    "S0001, 4060, true",
    "08006, 0, false",
    "57P01, 0, false",
    "53300, 0, false",
    "40001, 1213, false",
    "40001, 1205, false",
    "25006, 0, false",
    "42000, 1226, false",
    "XX000, 0, false",
    ", 0, false",
  })
  void errorsAreRefusedForGoodOrNoAnswer(String state, int number, boolean forGood) {
    SQLException error = new SQLException("repeats " + SECRET, state, number);
    assertThat(JdbcFailure.of(error, "the server"))
        .isInstanceOf(forGood ? StoreRefusedException.class : BackendException.class)
        .hasNoCause()
        .message()
        .startsWith("the server ")
        .doesNotContain(SECRET);
  }

  @Test
  void endOfASessionIsKnownOnlyFromTheServer() {
    assertThat(JdbcFailure.isEndOfSession(new SQLException("", "57P01"))).isTrue();
    assertThat(JdbcFailure.isEndOfSession(new SQLException("", "57P05"))).isTrue();
    assertThat(JdbcFailure.isEndOfSession(new SQLException("", "70100", 1927))).isTrue();
    assertThat(JdbcFailure.isEndOfSession(new SQLException("", "08006"))).isFalse();
    assertThat(JdbcFailure.isEndOfSession(null)).isFalse();
  }
}
