package io.holdfast.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.embedded.EmbeddedPostgreSql;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Mutants of the lease table and of the locks of sessions, as they are, on a real PostgreSQL. */
@Tag("slow")
class SqlMutantsTest {

  private static final String PROVIDER = "io.holdfast.jdbc.JdbcBackendProvider";
  private static final String JAVA = "backends/jdbc/src/main/java/io/holdfast/jdbc/";
  private static final String SQL = "backends/jdbc/src/main/resources/io/holdfast/jdbc/";
  private static final String TABLE_ASK = SQL + "table/postgresql/ask.sql";
  private static final String TABLE_RENEW = SQL + "table/renew.sql";
  private static final String TABLE_RELEASE = SQL + "table/postgresql/release.sql";
  private static final String SESSION_ASK = SQL + "session/postgresql/ask.sql";
  private static final String SESSION_BACKEND = JAVA + "SessionBackend.java";

  private static final AtomicInteger NAMES = new AtomicInteger();

  private static EmbeddedPostgreSql server;

  @BeforeAll
  static void startServer() {
    server = EmbeddedPostgreSql.start();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  static Stream<Mutant> ofTheTable() {
    return Stream.of(
        Mutant.of(
            "a held lock is taken",
            TABLE_ASK,
            "or (held.claim is null or held.expires_at <= {now})",
            "or true"),
        Mutant.of(
                "a claim that asks again gets another token",
                TABLE_ASK,
                "when held.claim = excluded.claim then held.token\n",
                "when false then held.token\n")
            .and(
                "when held.claim = excluded.claim then held.last_token",
                "when false then held.last_token"),
        Mutant.of(
                "token from the clock alone",
                TABLE_ASK,
                """
            else greatest(held.last_token + 1, excluded.token)
            end,
            last_token =\
            """,
                """
            else excluded.token
            end,
            last_token =\
            """)
            .and(
                "else greatest(held.last_token + 1, excluded.token) + :span - 1",
                "else excluded.token + :span - 1"),
        Mutant.of(
            "token from a bare counter",
            TABLE_ASK,
            "greatest(:above + 1, now) as first",
            "greatest(:above + 1, 1) as first"),
        Mutant.of(
            "tokenAbove ignored", TABLE_ASK, "greatest(:above + 1, now) as first", "now as first"),
        Mutant.of(
            "nobody is noted to wait",
            TABLE_ASK,
            "where :waits and name = :name and claim <> :claim and waiting_until < expires_at",
            "where :waits and name = :name and claim <> :claim and waiting_until > expires_at"),
        Mutant.of(
            "a renewal does not compare the end",
            TABLE_RENEW,
            "and claim = :claim and expires_at > {now}",
            "and claim = :claim"),
        Mutant.of("a renewal by name", TABLE_RENEW, "and claim = :claim", "and :claim is not null"),
        Mutant.of(
            "a release does not compare the end",
            TABLE_RELEASE,
            "where name = :name and claim = :claim and expires_at > {now}",
            "where name = :name and claim = :claim"),
        Mutant.of(
                "release by name",
                TABLE_RELEASE,
                """
                where name = :name and claim = :claim
                for update
                """,
                """
                where name = :name and :claim is not null
                for update
                """)
            .and(
                "where name = :name and claim = :claim and expires_at > {now}",
                "where name = :name and :claim is not null and expires_at > {now}"),
        Mutant.of(
            "a release tells nobody",
            TABLE_RELEASE,
            "returning held.waiting_until > {now} and :keep = 0 as tell",
            "returning false and :keep = 0 as tell"),
        Mutant.of(
            "a kept lock is free",
            TABLE_RELEASE,
            "claim = case when :keep > 0 then 'kept' end,",
            "claim = null,"));
  }

  static Stream<Mutant> ofSessions() {
    return Stream.of(
        Mutant.of(
            "a second claim granted by the server's re-entrancy",
            SESSION_BACKEND,
            "if (session.locks().containsKey(key) && session.isIntact(server)) {",
            "if (session.locks().isEmpty() && session.locks().containsKey(key)) {"),
        Mutant.of(
            "a claim that asks again is asked for again",
            SESSION_BACKEND,
            "if (mine != null) {",
            "if (mine != null && isClosed) {"),
        Mutant.of(
            "a release leaves the lock",
            SESSION_BACKEND,
            "boolean wasOurs = sql.release(server, held.key());",
            "boolean wasOurs = held.firstToken() > 0;"),
        Mutant.of(
            "a release is not remembered",
            SESSION_BACKEND,
            """
            boolean wasOurs = sql.release(server, held.key());
            forget(held, claim);
            """,
            "boolean wasOurs = sql.release(server, held.key());\n"),
        Mutant.of(
            "token from a bare counter",
            SESSION_ASK,
            "select :name, :label, greatest(micros, :above + 1), greatest(micros, :above + 1) + :span - 1, micros",
            "select :name, :label, greatest(1, :above + 1), greatest(1, :above + 1) + :span - 1, micros"),
        Mutant.of(
            "token from the clock alone",
            SESSION_ASK,
            "set label = excluded.label,\ntoken = greatest(excluded.token, kept.last_token + 1),",
            "set label = excluded.label,\ntoken = excluded.token,"),
        Mutant.of(
            "tokenAbove ignored",
            SESSION_ASK,
            "select :name, :label, greatest(micros, :above + 1), greatest(micros, :above + 1) + :span - 1, micros",
            "select :name, :label, micros, micros + :span - 1, micros"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ofTheTable")
  void twoProcessesFindTheMutantOfTheTable(Mutant mutant) throws Exception {
    found(mutant, "table");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ofSessions")
  void twoProcessesFindTheMutantOfSessions(Mutant mutant) throws Exception {
    found(mutant, "session");
  }

  @Test
  void twoProcessesFindNothingWrongWithThemAsTheyAre() throws Exception {
    assertThat(wrongWith(List.of(), "table")).isEmpty();
    assertThat(wrongWith(List.of(), "session")).isEmpty();
  }

  private static void found(Mutant mutant, String form) throws Exception {
    List<String> wrong = wrongWith(List.of(mutant), form);
    assertThat(wrong).isNotEmpty();
    System.out.printf("%-10s %-60s  %s%n", form, mutant, wrong.get(0));
  }

  private static List<String> wrongWith(List<Mutant> mutants, String form) throws Exception {
    String url = server.jdbcUrl() + "&holdfast.create=true&holdfast=" + form;
    Object wrong =
        MutatedClasses.of(mutants)
            .loadClass("io.holdfast.mutated.Conversation")
            .getMethod("wrongWith", String.class, String.class, String.class)
            .invoke(null, PROVIDER, url, "machine:" + NAMES.incrementAndGet());
    List<String> said = new ArrayList<>();
    for (Object each : (List<?>) wrong) {
      said.add((String) each);
    }
    return said;
  }
}
