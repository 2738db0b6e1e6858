package io.holdfast.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.NativeQuery;
import org.postgresql.core.Parser;

/** The trigger against writers that do not care, on a schema with a guarded {@code record}. */
class GuardTriggerTest {

  private static final FencedTable RECORDS = FencedTable.of("record");
  private static final GuardTrigger TRIGGER = GuardTrigger.on(RECORDS);
  private static final Database GUARDED = new Guarded();

  /** With a record at fence 1 and version 1 for a new one. */
  private static final class Guarded extends PostgreSqlDatabase {
    Guarded() {
      super("guarded");
      try (Connection connection = connect()) {
        TRIGGER.install(connection);
        TRIGGER.install(connection); // a migration may run twice
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    String newRecord(String content) throws SQLException {
      String id = newName();
      try (Connection connection = connect()) {
        connection.setAutoCommit(false);
        TRIGGER.allowNext(connection, id, 1, 0);
        RECORDS.insert(connection, id, 1, Map.of("content", content));
        connection.commit();
      }
      return id;
    }
  }

  private Connection connection;
  private String id;

  @BeforeEach
  void open() throws SQLException {
    connection = GUARDED.connect();
    connection.setAutoCommit(false);
    id = GUARDED.newRecord("one");
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  @Test
  void announcedWritesAreTakenAndCarryTokenAndVersion() throws SQLException {
    TRIGGER.allowNext(connection, id, 5, 1);
    execute("UPDATE record SET content = 'two' WHERE id = '" + id + "'");
    TRIGGER.allowNext(connection, id, 5, 2);
    execute("UPDATE record SET content = 'three', fence = 3, version = 0 WHERE id = '" + id + "'");
    assertThat(row()).isEqualTo("three 5 3");
    TRIGGER.allowNext(connection, id, 6, 3);
    RECORDS.update(connection, id, 6, 3, Map.of("content", "four"));
    assertThat(row()).isEqualTo("four 6 4");
    connection.commit();
  }

  // The holes of a guard that keeps token and base version in columns.

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UPDATE record SET content = 'x' WHERE id = '%s'",
        "UPDATE record SET content = 'x', version = version WHERE id = '%s'", // copies what is
        // there
        "UPDATE record SET content = 'x', version = version + 1, fence = fence + 1 WHERE id = '%s'",
        "UPDATE record SET content = 'x', fence = 1152921504606846976 WHERE id = '%s'", // 2^60
        "UPDATE record SET holder = 'x' WHERE id = '%s'", // another column
        "UPDATE record SET content = content WHERE id = '%s'",
        "UPDATE record SET id = 'y' WHERE id = '%s'",
        "INSERT INTO record VALUES ('%s' || 'x', 'x', 1, 1, NULL)",
        "INSERT INTO record VALUES ('%s', 'x', 0, 0) ON CONFLICT (id) DO UPDATE SET content = 'x'",
        "MERGE INTO record USING (VALUES ('%s')) AS r (id) ON record.id = r.id"
            + " WHEN MATCHED THEN UPDATE SET content = 'x'",
        "DELETE FROM record WHERE id = '%s'",
        "TRUNCATE record -- %s"
      })
  void writerThatNeverHeardOfTheLockIsRefused(String statement) throws SQLException {
    refused("LK003", () -> execute(statement.formatted(id)));
    assertThat(row()).isEqualTo("one 1 1");
  }

  @Test
  void noColumnIsWrittenFromAnOldReading() throws SQLException {
    TRIGGER.allowNext(connection, id, 5, 0);
    refused("LK002", () -> execute("UPDATE record SET holder = 'x' WHERE id = '" + id + "'"));
    TRIGGER.allowNext(connection, id, 5, 0);
    refused("LK002", () -> execute("UPDATE record SET version = 0 WHERE id = '" + id + "'"));
    TRIGGER.allowNext(connection, id + "x", 5, 1); // was there when it was read
    refused("LK002", () -> execute("INSERT INTO record VALUES ('" + id + "x', 'x', 5, 1)"));
  }

  @Test
  void olderTokenIsRefusedAndItsHolderStops() throws SQLException {
    TRIGGER.allowNext(connection, id, 5, 1);
    execute("UPDATE record SET content = 'two' WHERE id = '" + id + "'");
    connection.commit();
    TRIGGER.allowNext(connection, id, 4, 2);
    SQLException refusal =
        refused("LK001", () -> execute("UPDATE record SET content = 'x' WHERE id = '" + id + "'"));
    assertThat(SqlFailure.of(refusal)).isEqualTo(SqlFailure.STOP);
    assertThat(refusal.getMessage()).contains(id + ", token 4, stored fence 5");
  }

  @Test
  void conflictOfVersionsSaysAgain() throws SQLException {
    TRIGGER.allowNext(connection, id, 5, 0);
    SQLException refusal =
        refused("LK002", () -> execute("UPDATE record SET content = 'x' WHERE id = '" + id + "'"));
    assertThat(SqlFailure.of(refusal)).isEqualTo(SqlFailure.AGAIN);
  }

  @Test
  void tokenFarAheadOfTheClockIsRefusedByHandAnnouncedToo() throws SQLException {
    for (long token : new long[] {1L << 60, 1L << 53, 0, -1, inDays(401)}) {
      announceByHand(token);
      refused("LK003", () -> execute("UPDATE record SET content = 'x' WHERE id = '" + id + "'"));
    }
    announceByHand(inDays(399));
    execute("UPDATE record SET content = 'x' WHERE id = '" + id + "'");
  }

  @Test
  void recordWithoutAFenceOrAVersionLetsNobodyIn() throws SQLException {
    execute("CREATE TABLE hollow (id text PRIMARY KEY, fence bigint, version bigint)");
    execute("INSERT INTO hollow VALUES ('f', NULL, 0), ('v', 0, NULL)");
    GuardTrigger hollow = GuardTrigger.on(FencedTable.of("hollow"));
    hollow.install(connection);
    connection.commit();
    for (String record : new String[] {"f", "v"}) {
      hollow.allowNext(connection, record, 5, 0);
      SQLException refusal =
          refused("LK003", () -> execute("UPDATE hollow SET id = id WHERE id = '" + record + "'"));
      assertThat(refusal.getMessage()).contains("hollow " + record + ", fence or version is null");
    }
  }

  @Test
  void announcedRecordIsNotDeletedTruncatedOrRenamedEither() throws SQLException {
    for (String statement :
        new String[] {
          "DELETE FROM record WHERE id = '" + id + "'",
          "TRUNCATE record",
          "UPDATE record SET id = id || 'x' WHERE id = '" + id + "'"
        }) {
      TRIGGER.allowNext(connection, id, 5, 1);
      refused("LK003", () -> execute(statement));
    }
    TRIGGER.allowNext(connection, id + "x", 5, 1); // under its new name
    refused("LK003", () -> execute("UPDATE record SET id = id || 'x' WHERE id = '" + id + "'"));
  }

  @Test
  void whatWasAnnouncedIsUsedUpByTheNextStatement() throws SQLException {
    String update = "UPDATE record SET content = 'x' WHERE id = '" + id + "'";
    TRIGGER.allowNext(connection, id, 5, 1);
    execute(update);
    refused("LK003", () -> execute(update));

    TRIGGER.allowNext(connection, id, 5, 1);
    execute("UPDATE record SET content = 'x' WHERE id = 'nobody'"); // writes nothing
    refused("LK003", () -> execute(update));

    TRIGGER.allowNext(connection, id, 5, 1);
    execute("INSERT INTO record VALUES ('" + id + "', 'x', 0, 0) ON CONFLICT DO NOTHING", "LK002");

    TRIGGER.allowNext(connection, id, 5, 1);
    connection.commit();
    refused("LK003", () -> execute(update));
  }

  @Test
  void announcementIsForOneRecordOnly() throws SQLException {
    String other = GUARDED.newRecord("other");
    TRIGGER.allowNext(connection, id, 5, 1);
    refused("LK003", () -> execute("UPDATE record SET content = 'x' WHERE id = '" + other + "'"));
    TRIGGER.allowNext(connection, id, 5, 1);
    refused(
        "LK003",
        () ->
            execute("UPDATE record SET content = 'x' WHERE id IN ('" + id + "', '" + other + "')"));
  }

  @Test
  void statementThatIsUndoneMayBeRepeated() throws SQLException {
    TRIGGER.allowNext(connection, id, 5, 1);
    Savepoint before = connection.setSavepoint();
    execute("UPDATE record SET content = 'x' WHERE id = '" + id + "'");
    connection.rollback(before);
    execute("UPDATE record SET content = 'y' WHERE id = '" + id + "'");
    assertThat(row()).isEqualTo("y 5 2");
  }

  @Test
  void autocommitIsRefusedBecauseTheAnnouncementWouldBeGone() throws SQLException {
    connection.setAutoCommit(true);
    assertThatThrownBy(() -> TRIGGER.allowNext(connection, id, 5, 1))
        .isInstanceOf(IllegalStateException.class);
  }

  @ParameterizedTest
  @CsvSource({"READ_COMMITTED, true", "SERIALIZABLE, false"})
  void noOrderLosesAnAcknowledgedUpdate(Isolation isolation, boolean readsInOwnTransaction)
      throws SQLException {
    assertThatNoOrderLosesAny(isolation, readsInOwnTransaction);
  }

  @Tag("slow")
  @ParameterizedTest
  @CsvSource({
    "READ_COMMITTED, false",
    "REPEATABLE_READ, true",
    "REPEATABLE_READ, false",
    "SERIALIZABLE, true"
  })
  void noOrderLosesOneInTheOtherIsolations(Isolation isolation, boolean readsInOwnTransaction)
      throws SQLException {
    assertThatNoOrderLosesAny(isolation, readsInOwnTransaction);
  }

  private static void assertThatNoOrderLosesAny(Isolation isolation, boolean readsInOwnTransaction)
      throws SQLException {
    Interleavings.runAll(
            GUARDED, isolation, readsInOwnTransaction, token -> Protocols.triggered(TRIGGER, token))
        .assertGuarded();
  }

  /** What no ordinary trigger stops: said in the documentation, and seen here. */
  @Test
  void superuserWithSessionReplicationRoleIsNotStopped() throws SQLException {
    execute("SET LOCAL session_replication_role = replica");
    execute("UPDATE record SET content = 'x' WHERE id = '" + id + "'");
    assertThat(row()).isEqualTo("x 1 1");
    connection.rollback();
  }

  @Test
  void tablesAndColumnsMayHaveOtherNames() throws SQLException {
    execute("CREATE TABLE guarded.thing (k uuid PRIMARY KEY, tok bigint, ver bigint, body jsonb)");
    GuardTrigger things =
        GuardTrigger.on(FencedTable.of("guarded.thing").id("k").fence("tok").version("ver"));
    things.install(connection);
    String key = "6f2c0c4e-7a39-4c43-9a52-0d3a1f6d2b11";
    things.allowNext(connection, key, 5, 0);
    execute("INSERT INTO guarded.thing (k, body) VALUES ('" + key + "', '{}')");
    things.allowNext(connection, key, 6, 1);
    execute("UPDATE guarded.thing SET body = '{\"a\": 1}'");
    assertThat(Database.ask(connection, "SELECT concat_ws(' ', tok, ver, body) FROM guarded.thing"))
        .isEqualTo("6 2 {\"a\": 1}");
    refused("LK003", () -> execute("UPDATE guarded.thing SET body = '{}'"));
  }

  @Test
  void partitionsAreGuardedLikeTheirTable() throws SQLException {
    execute(
        "CREATE TABLE parted (id text PRIMARY KEY, fence bigint, version bigint, content text)"
            + " PARTITION BY RANGE (id)");
    execute("CREATE TABLE parted_a PARTITION OF parted FOR VALUES FROM ('a') TO ('n')");
    FencedTable records = FencedTable.of("parted");
    GuardTrigger parted = GuardTrigger.on(records);
    parted.install(connection);
    execute("CREATE TABLE parted_n PARTITION OF parted FOR VALUES FROM ('n') TO ('z')");
    parted.install(connection); // a partition came
    parted.allowNext(connection, "b", 5, 0);
    records.insert(connection, "b", 5, Map.of("content", "one"));
    parted.allowNext(connection, "b", 6, 1);
    execute("UPDATE parted_a SET content = 'two'");
    connection.commit();
    refused("LK003", () -> execute("UPDATE parted_a SET content = 'x'"));
    refused("LK003", () -> execute("TRUNCATE parted"));
    refused("LK003", () -> execute("TRUNCATE parted_a"));
    refused("LK003", () -> execute("TRUNCATE parted_n"));
    refused("LK003", () -> execute("DELETE FROM parted_a"));
    parted.allowNext(connection, "b", 7, 2);
    execute("UPDATE parted_a SET content = 'three'");
    refused("LK003", () -> execute("UPDATE parted_a SET content = 'x'")); // used up
    assertThat(
            Database.ask(connection, "SELECT concat_ws(' ', fence, version, content) FROM parted"))
        .isEqualTo("6 2 two");
  }

  @Test
  void laterTriggersDoNotChangeFenceVersionOrId() throws SQLException {
    for (String change :
        new String[] {"fence := 1", "fence := NULL", "version := 7", "id := new.id || 'x'"}) {
      execute(
          "CREATE TABLE later (id text PRIMARY KEY, fence bigint, version bigint, content text)");
      execute(
          "CREATE FUNCTION later_changes() RETURNS trigger LANGUAGE plpgsql"
              + " AS $$ BEGIN new."
              + change
              + "; RETURN new; END $$");
      execute(
          "CREATE TRIGGER zzz BEFORE INSERT OR UPDATE ON later"
              + " FOR EACH ROW EXECUTE FUNCTION later_changes()");
      GuardTrigger later = GuardTrigger.on(FencedTable.of("later"));
      later.install(connection);
      later.allowNext(connection, "b", 5, 0);
      execute("INSERT INTO later (id, content) VALUES ('b', 'x')", "LK003");
    }
  }

  /** As psql does, which commits each statement by itself. */
  @Test
  void scriptThatRunsAgainByTheStatementLeavesNoMomentWithoutTheTrigger() throws SQLException {
    String script = TRIGGER.ddl();
    connection.setAutoCommit(true);
    for (NativeQuery statement : Parser.parseJdbcSql(script, true, false, true, false, false)) {
      execute(statement.nativeSql);
      for (String careless :
          new String[] {
            "UPDATE record SET content = 'x' WHERE id = '" + id + "'",
            "DELETE FROM record WHERE id = '" + id + "'",
            "TRUNCATE record"
          }) {
        assertThatThrownBy(() -> execute(careless))
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("LK003"));
      }
    }
    assertThat(row()).isEqualTo("one 1 1");
  }

  @Test
  void functionOfSomebodyElseIsNotReplaced() throws SQLException {
    execute("CREATE TABLE others (id text PRIMARY KEY, fence bigint, version bigint)");
    execute("CREATE FUNCTION others_guard() RETURNS int LANGUAGE sql AS 'SELECT 42'");
    connection.commit();
    refused("42723", () -> GuardTrigger.on(FencedTable.of("others")).install(connection));
    execute("DROP FUNCTION others_guard");
    execute(
        "CREATE FUNCTION others_guard() RETURNS trigger LANGUAGE plpgsql"
            + " AS 'BEGIN RETURN NULL; END'");
    connection.commit();
    refused("42723", () -> GuardTrigger.on(FencedTable.of("others")).install(connection));
  }

  @Test
  void tableOfTheSameNameInAnotherSchemaTakesNoAnnouncement() throws SQLException {
    execute("CREATE SCHEMA elsewhere");
    execute("CREATE TABLE elsewhere.record (LIKE record INCLUDING ALL)");
    execute("SET LOCAL search_path = elsewhere");
    TRIGGER.install(connection);
    execute("SET LOCAL search_path = guarded, elsewhere");
    TRIGGER.allowNext(connection, id, 5, 0); // for the first of them
    execute("INSERT INTO elsewhere.record (id, content) VALUES ('" + id + "', 'x')", "LK003");
  }

  @Test
  void nameThatPostgreSqlWouldCutIsRefused() {
    assertThat(GuardTrigger.on(FencedTable.of("other." + "x".repeat(57)))).isNotNull();
    assertThatThrownBy(() -> GuardTrigger.on(FencedTable.of("x".repeat(58))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static long inDays(int days) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now().plus(days, ChronoUnit.DAYS));
  }

  /** As SQL of somebody's own may: the Java side would refuse the token itself. */
  private void announceByHand(long token) throws SQLException {
    try (PreparedStatement announce =
        connection.prepareStatement(Statements.load(Dialect.POSTGRESQL, "allow_next.sql"))) {
      announce.setString(1, "record");
      announce.setString(2, id);
      announce.setString(3, Long.toString(token));
      announce.setString(4, "1");
      announce.execute();
    }
  }

  private void execute(String sql) throws SQLException {
    boolean unused = GuardContract.execute(connection, sql);
  }

  private void execute(String sql, String refusal) throws SQLException {
    refused(refusal, () -> execute(sql));
  }

  /** Refused with this SQLSTATE; rolled back. */
  private SQLException refused(String state, ThrowingCallable step) throws SQLException {
    SQLException refusal = catchThrowableOfType(SQLException.class, step);
    assertThat((Throwable) refusal).as("it was not refused").isNotNull();
    assertThat(refusal.getSQLState()).as("%s", refusal).isEqualTo(state);
    connection.rollback();
    return refusal;
  }

  private String row() throws SQLException {
    return Database.ask(
        connection,
        "SELECT concat_ws(' ', content, fence, version) FROM record WHERE id = '" + id + "'");
  }
}
