package io.holdfast.guard;

import static io.holdfast.guard.PostgreSqlDatabase.POSTGRESQL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PGobject;

class FencedTableTest {

  private static final FencedTable RECORDS = FencedTable.of("record");
  private static final long MAX_TOKEN = (1L << 53) - 1;

  private Connection connection;
  private String id;

  @BeforeEach
  void open() throws SQLException {
    connection = POSTGRESQL.connect();
    id = Database.newName();
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  @Test
  void recordCarriesTheTokenAndCountsItsVersions() throws SQLException {
    assertThat(RECORDS.insert(connection, id, 5, Map.of("content", "one"))).isEqualTo(1);
    assertThat(row()).isEqualTo("one 5 1");
    assertThat(RECORDS.update(connection, id, 5, 1, Map.of("content", "two"))).isEqualTo(2);
    assertThat(RECORDS.update(connection, id, 9, 2, Map.of("content", "three"))).isEqualTo(3);
    assertThat(row()).isEqualTo("three 9 3");
    assertThat(RECORDS.update(connection, id, MAX_TOKEN, 3, Map.of())).isEqualTo(4);
    assertThat(row()).isEqualTo("three " + MAX_TOKEN + " 4");
  }

  @Test
  void columnsMayBeSetToNull() throws SQLException {
    RECORDS.insert(connection, id, 5, Collections.singletonMap("content", null));
    RECORDS.update(connection, id, 5, 1, Collections.singletonMap("content", null));
    assertThat(ask("SELECT content IS NULL FROM record WHERE id = '" + id + "'")).isEqualTo("t");
  }

  @Test
  void refusalSaysWhatWasFound() throws SQLException {
    RECORDS.insert(connection, id, 5, Map.of());

    assertThatThrownBy(() -> RECORDS.update(connection, id, 4, 1, Map.of("content", "x")))
        .isInstanceOf(StaleTokenException.class)
        .hasMessage("A newer holder was here: record " + id + ", token 4, stored fence 5");
    assertThatThrownBy(() -> RECORDS.update(connection, id, 4, 7, Map.of("content", "x")))
        .as("a newer fence outweighs another version")
        .isInstanceOf(StaleTokenException.class);
    assertThatThrownBy(() -> RECORDS.update(connection, id, 5, 0, Map.of("content", "x")))
        .isInstanceOf(VersionConflictException.class)
        .hasMessage(
            "The record changed since it was read: record "
                + id
                + ", token 5, version read 0, stored version 1");
    VersionConflictException absent =
        catchThrowableOfType(
            VersionConflictException.class,
            () -> RECORDS.update(connection, id + "x", 5, 1, Map.of("content", "x")));
    assertThat(absent.storedVersion()).isEmpty();
    assertThat(absent).hasMessageEndingWith("version read 1, no such record");
    assertThat(row()).isEqualTo("null 5 1");
  }

  @Test
  void keysInMessagesCannotSpoofALog() {
    String key = "a\nERROR\u001b[31m" + "x".repeat(1_000);
    GuardException refused =
        catchThrowableOfType(
            GuardException.class, () -> RECORDS.update(connection, key, 5, 1, Map.of()));
    assertThat(refused.key()).isEqualTo(key);
    assertThat(refused.getMessage()).contains("a?ERROR?[31mxx").hasSizeLessThan(400);
  }

  @Test
  void insertOfAnExistingRecordIsJudgedLikeAnUpdate() throws SQLException {
    RECORDS.insert(connection, id, 5, Map.of("content", "first"));
    assertThatThrownBy(() -> RECORDS.insert(connection, id, 4, Map.of("content", "x")))
        .isInstanceOf(StaleTokenException.class);
    assertThatThrownBy(() -> RECORDS.insert(connection, id, 6, Map.of("content", "x")))
        .isInstanceOfSatisfying(
            VersionConflictException.class,
            e -> {
              assertThat(e.versionRead()).isZero();
              assertThat(e.storedVersion()).hasValue(1);
            });
    assertThat(row()).isEqualTo("first 5 1");
  }

  @ParameterizedTest
  @EnumSource
  void ofTwoFirstWritersOneSucceeds(Isolation isolation) throws Exception {
    try (Session a = new Session(isolation);
        Session b = new Session(isolation)) {
      a.run(c -> Database.ask(c, "SELECT count(*) FROM record"));
      b.run(c -> Database.ask(c, "SELECT count(*) FROM record"));
      a.run(c -> RECORDS.insert(c, id, 1, Map.of("content", "A")));
      Future<Long> waiting = b.begin(c -> RECORDS.insert(c, id, 2, Map.of("content", "B")));
      assertThat(waiting).isNotDone();
      a.commit();
      if (isolation == Isolation.READ_COMMITTED) {
        assertThatThrownBy(() -> Session.result(waiting))
            .isInstanceOf(VersionConflictException.class);
      } else {
        LostUpdateTest.assertAgain("40001", () -> Session.result(waiting));
      }
      b.rollback();
      Session.Seen again = b.run(c -> Session.read(c, id));
      b.run(c -> RECORDS.update(c, id, 2, again.version(), Map.of("content", "AB")));
      b.commit();
      assertThatThrownBy(() -> a.run(c -> RECORDS.insert(c, id, 1, Map.of("content", "A"))))
          .isInstanceOf(StaleTokenException.class);
    }
    assertThat(row()).isEqualTo("AB 2 2");
  }

  @ParameterizedTest
  @EnumSource
  void firstWriterThatRollsBackLeavesTheWayToTheSecond(Isolation isolation) throws Exception {
    try (Session a = new Session(isolation);
        Session b = new Session(isolation)) {
      a.run(c -> RECORDS.insert(c, id, 1, Map.of("content", "A")));
      Future<Long> waiting = b.begin(c -> RECORDS.insert(c, id, 2, Map.of("content", "B")));
      assertThat(waiting).isNotDone();
      a.rollback();
      assertThat(Session.result(waiting)).isEqualTo(1);
      b.commit();
    }
    assertThat(row()).isEqualTo("B 2 1");
  }

  @Test
  void valueThatMustBeUniqueIsNoConflictOfVersions() throws SQLException {
    execute(
        "CREATE TEMP TABLE host (id text PRIMARY KEY, name text UNIQUE, fence bigint, version bigint)");
    FencedTable hosts = FencedTable.of("host");
    hosts.insert(connection, "1", 1, Map.of("name", "a"));
    SQLException refused =
        catchThrowableOfType(
            SQLException.class, () -> hosts.insert(connection, "2", 1, Map.of("name", "a")));
    assertThat(refused.getSQLState()).isEqualTo("23505");
    assertThat(SqlFailure.of(refused)).isEqualTo(SqlFailure.STOP);
  }

  @Test
  void ownStatementsAreJudgedByTheRowsTheyChanged() throws SQLException {
    RECORDS.insert(connection, id, 5, Map.of());
    RECORDS.check(connection, ownUpdate(5, 1), id, 5, 1);
    assertThatThrownBy(() -> RECORDS.check(connection, ownUpdate(4, 2), id, 4, 2))
        .isInstanceOf(StaleTokenException.class);
    assertThatThrownBy(() -> RECORDS.check(connection, ownUpdate(6, 1), id, 6, 1))
        .isInstanceOf(VersionConflictException.class);
    assertThatThrownBy(() -> RECORDS.check(connection, Statement.SUCCESS_NO_INFO, id, 5, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(row()).isEqualTo("mine 5 2");
  }

  @Test
  void recordThatFitsAndYetIsNotWrittenIsAConflict() throws SQLException {
    RECORDS.insert(connection, id, 5, Map.of());
    assertThatThrownBy(() -> RECORDS.check(connection, 0, id, 5, 1))
        .isInstanceOf(VersionConflictException.class);
  }

  @Test
  void severalRecordsOfOneIdAreAnErrorOfTheTable() throws SQLException {
    execute("CREATE TEMP TABLE twice (id text, fence bigint, version bigint)");
    execute("INSERT INTO twice VALUES ('1', 0, 0), ('1', 0, 0)");
    assertThatThrownBy(() -> FencedTable.of("twice").update(connection, "1", 1, 0, Map.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("not unique");
  }

  @Test
  void tablesAndColumnsMayHaveOtherNames() throws SQLException {
    execute("CREATE SCHEMA IF NOT EXISTS other");
    execute("CREATE TABLE other.thing (k uuid PRIMARY KEY, tok bigint, ver bigint, body jsonb)");
    FencedTable things = FencedTable.of("other.thing").id("k").fence("tok").version("ver");
    UUID key = UUID.randomUUID();
    things.insert(connection, key, 5, Map.of());
    things.update(connection, key, 6, 1, Map.of("body", json("{\"a\": 1}")));
    assertThat(ask("SELECT concat_ws(' ', tok, ver, body) FROM other.thing"))
        .isEqualTo("6 2 {\"a\": 1}");
    assertThatThrownBy(() -> things.update(connection, key, 5, 2, Map.of()))
        .isInstanceOfSatisfying(
            StaleTokenException.class,
            e -> {
              assertThat(e.table()).isEqualTo("other.thing");
              assertThat(e.key()).isEqualTo(key.toString());
            });
    assertThat(things).hasToString("FencedTable[other.thing(k, tok, ver)]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", " ", "1a", "a b", "a;b", "a'b", "a\"b", "a--", "a.b.c", ".a", "a.", "é", "a\n", "{id}"
      })
  void namesThatAreNoIdentifiersAreRefused(String name) {
    assertThatThrownBy(() -> FencedTable.of(name)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RECORDS.id(name)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RECORDS.fence(name)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RECORDS.version(name)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RECORDS.update(connection, id, 1, 1, Map.of(name, "x")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RECORDS.insert(connection, id, 1, Map.of(name, "x")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void columnsHaveNoSchemaAndNoName64CharactersLong() {
    assertThatThrownBy(() -> RECORDS.id("a.b")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RECORDS.id("x".repeat(64)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(RECORDS.id("x".repeat(63))).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"id", "fence", "version", "FENCE", "Version"})
  void guardedColumnsCannotBeSetByHand(String column) {
    assertThatThrownBy(() -> RECORDS.update(connection, id, 1, 1, Map.of(column, "x")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RECORDS.insert(connection, id, 1, Map.of(column, "x")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RECORDS.update(connection, id, 1, 1, Map.of("a", 1, "A", 2)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void oneColumnCannotHaveTwoParts() {
    assertThatThrownBy(() -> RECORDS.id("fence")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RECORDS.version("Fence")).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, 0, 1L << 53, Long.MAX_VALUE})
  void tokensOutOfRangeAreRefused(long token) throws SQLException {
    RECORDS.insert(connection, id, 1, Map.of());
    assertThatThrownBy(() -> RECORDS.update(connection, id, token, 1, Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RECORDS.insert(connection, id + "x", token, Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RECORDS.check(connection, 1, id, token, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(row()).isEqualTo("null 1 1");
  }

  @Test
  void negativeVersionsAreRefused() {
    assertThatThrownBy(() -> RECORDS.update(connection, id, 1, -1, Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RECORDS.check(connection, 1, id, 1, -1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void valuesAreBound() throws SQLException {
    String evil = "x' WHERE true; DROP TABLE record; --";
    RECORDS.insert(connection, evil + id, 1, Map.of("content", evil));
    RECORDS.update(connection, evil + id, 1, 1, Map.of("content", "{id}?" + evil));
    try (PreparedStatement read =
        connection.prepareStatement("SELECT count(*) FROM record WHERE content = ?")) {
      read.setString(1, "{id}?" + evil);
      read.execute();
    }
    assertThat(POSTGRESQL.content(evil.replace("'", "''") + id)).isEqualTo("{id}?" + evil);
  }

  @Test
  void aDeletedRecordForgetsItsFenceWhichATombstoneKeeps() throws SQLException {
    RECORDS.insert(connection, id, 7, Map.of("content", "x"));
    RECORDS.update(connection, id, 7, 1, Map.of("content", "deleted"));
    assertThatThrownBy(() -> RECORDS.insert(connection, id, 5, Map.of("content", "back")))
        .isInstanceOf(StaleTokenException.class);
    execute("DELETE FROM record WHERE id = '" + id + "'");
    RECORDS.insert(connection, id, 5, Map.of("content", "back")); // the hole, as documented
    assertThat(row()).isEqualTo("back 5 1");
  }

  private int ownUpdate(long token, long versionRead) throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            "UPDATE record SET content = 'mine', fence = ?, version = version + 1"
                + " WHERE id = ? AND fence <= ? AND version = ?")) {
      update.setLong(1, token);
      update.setString(2, id);
      update.setLong(3, token);
      update.setLong(4, versionRead);
      return update.executeUpdate();
    }
  }

  private static Object json(String text) throws SQLException {
    PGobject json = new PGobject();
    json.setType("jsonb");
    json.setValue(text);
    return json;
  }

  private String row() throws SQLException {
    return ask(
        "SELECT coalesce(content, 'null') || ' ' || fence || ' ' || version FROM record"
            + " WHERE id = '"
            + id
            + "'");
  }

  private String ask(String query) throws SQLException {
    return Database.ask(connection, query);
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
