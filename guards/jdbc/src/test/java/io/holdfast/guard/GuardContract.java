package io.holdfast.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What the guards do on every database. */
abstract class GuardContract {

  static final FencedTable FENCED = FencedTable.of("record");
  static final ClaimedTable CLAIMED = ClaimedTable.of("record");
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final long MAX_TOKEN = (1L << 53) - 1;

  final Database database;
  private Connection connection;
  private String id = "";

  GuardContract(Database database) {
    this.database = database;
  }

  @BeforeEach
  void open() throws SQLException {
    connection = database.connect();
    id = database.newRecord("");
    database.execute(FenceTable.ddl(connection));
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
  }

  // Fence and version.

  @ParameterizedTest
  @CsvSource({
    "READ_COMMITTED, true",
    "READ_COMMITTED, false",
    "REPEATABLE_READ, true",
    "REPEATABLE_READ, false",
    "SERIALIZABLE, true",
    "SERIALIZABLE, false"
  })
  void noOrderLosesAnAcknowledgedUpdate(Isolation isolation, boolean readsInOwnTransaction)
      throws SQLException {
    Interleavings.runAll(database, isolation, readsInOwnTransaction, Protocols::fenced)
        .assertGuarded();
  }

  @Test
  void recordCarriesTheTokenAndCountsItsVersions() throws SQLException {
    String fresh = Database.newName();
    assertThat(FENCED.insert(connection, fresh, 5, Map.of("content", "one"))).isEqualTo(1);
    assertThat(row(fresh)).isEqualTo("one 5 1");
    assertThat(FENCED.update(connection, fresh, 5, 1, Map.of("content", "one"))).isEqualTo(2);
    assertThat(FENCED.update(connection, fresh, MAX_TOKEN, 2, Map.of())).isEqualTo(3);
    assertThat(row(fresh)).isEqualTo("one " + MAX_TOKEN + " 3");
  }

  @Test
  void refusalSaysWhatWasFound() throws SQLException {
    FENCED.update(connection, id, 5, 0, Map.of());
    StaleTokenException stale =
        catchThrowableOfType(
            StaleTokenException.class, () -> FENCED.update(connection, id, 4, 1, Map.of()));
    assertThat(stale.storedFence()).isEqualTo(5);
    VersionConflictException changed =
        catchThrowableOfType(
            VersionConflictException.class, () -> FENCED.update(connection, id, 5, 0, Map.of()));
    assertThat(changed.storedVersion()).hasValue(1);
    VersionConflictException absent =
        catchThrowableOfType(
            VersionConflictException.class,
            () -> FENCED.update(connection, id + "x", 5, 0, Map.of()));
    assertThat(absent.storedVersion()).isEmpty();
  }

  /** Whether what a first writer hears who was not the first is a conflict, and not just a key. */
  boolean tellsFirstWritersApartAt(Isolation isolation) {
    return true;
  }

  /** A snapshot from before the refusal must not decide what the caller is told. */
  @ParameterizedTest
  @EnumSource
  void staleHolderWithAnOldSnapshotIsNotToldToTryAgainForEver(Isolation isolation)
      throws Exception {
    try (Session a = new Session(database, isolation)) {
      a.run(c -> Database.ask(c, "SELECT count(*) FROM record"));
      a.commit();
      Session.Seen seen = a.run(c -> Session.read(c, id));
      if (isolation == Isolation.SERIALIZABLE) {
        a.commit(); // some databases lock there what is read
        a.run(c -> Database.ask(c, "SELECT 1"));
      }
      FENCED.update(connection, id, 2, 0, Map.of("content", "B"));
      assertConflictOrAgain(
          StaleTokenException.class,
          catchThrowable(
              () -> a.run(c -> FENCED.update(c, id, 1, seen.version(), Map.of("content", "A")))));
      a.rollback();
    }
    assertThat(database.content(id)).isEqualTo("B");
  }

  @Test
  void insertOfAnExistingRecordIsJudgedLikeAnUpdate() throws SQLException {
    FENCED.update(connection, id, 5, 0, Map.of("content", "first"));
    assertThatThrownBy(() -> FENCED.insert(connection, id, 4, Map.of("content", "x")))
        .isInstanceOf(StaleTokenException.class);
    assertThatThrownBy(() -> FENCED.insert(connection, id, 6, Map.of("content", "x")))
        .isInstanceOfSatisfying(
            VersionConflictException.class, e -> assertThat(e.storedVersion()).hasValue(1));
    assertThat(row(id)).isEqualTo("first 5 1");
  }

  @ParameterizedTest
  @EnumSource
  void ofTwoFirstWritersOneSucceeds(Isolation isolation) throws Exception {
    String fresh = Database.newName();
    try (Session a = new Session(database, isolation);
        Session b = new Session(database, isolation)) {
      a.run(c -> FENCED.insert(c, fresh, 1, Map.of("content", "A")));
      Future<Long> waiting = b.begin(c -> FENCED.insert(c, fresh, 2, Map.of("content", "B")));
      assertThat(waiting).isNotDone();
      a.commit();
      Throwable refused = catchThrowable(() -> Session.result(waiting));
      if (tellsFirstWritersApartAt(isolation)) {
        assertConflictOrAgain(VersionConflictException.class, refused);
      } else {
        assertThat(refused).isInstanceOf(SQLIntegrityConstraintViolationException.class);
      }
      b.rollback();
    }
    assertThat(row(fresh)).isEqualTo("A 1 1");
  }

  @Test
  void valueThatMustBeUniqueIsNoConflictOfVersions() throws SQLException {
    String table = Database.newName().replace('-', '_');
    database.execute(
        "CREATE TABLE "
            + table
            + " (id varchar(9) PRIMARY KEY, n varchar(9) UNIQUE, fence bigint, version bigint)");
    FencedTable hosts = FencedTable.of(table);
    hosts.insert(connection, "1", 1, Map.of("n", "a"));
    assertThatThrownBy(() -> hosts.insert(connection, "2", 1, Map.of("n", "a")))
        .isInstanceOfSatisfying(
            SQLException.class,
            e -> {
              assertThat(e.getSQLState()).startsWith("23");
              assertThat(SqlFailure.of(e)).isEqualTo(SqlFailure.STOP);
            });
  }

  // Claim on read.

  @ParameterizedTest
  @EnumSource
  void noOrderLosesAnAcknowledgedUpdateOfOneWhoClaimed(Isolation isolation) throws SQLException {
    Interleavings.runAll(database, isolation, true, Protocols::claimed).assertGuarded();
  }

  @Test
  void claimReadsTheRecordAndRefusesAllHoldersBefore() throws SQLException {
    FENCED.update(connection, id, 1, 0, Map.of("content", "one"));
    Holder old = Holder.of(5);
    Holder next = Holder.of(6);
    assertThat(claim(old)).contains("one");
    assertThat(claim(next)).contains("one");
    assertThatThrownBy(() -> write(old, "late")).isInstanceOf(StaleTokenException.class);
    assertThatThrownBy(() -> claim(old))
        .isInstanceOfSatisfying(
            StaleTokenException.class, e -> assertThat(e.storedFence()).isEqualTo(6));
    write(next, "two");
    write(next, "three");
    assertThat(database.content(id)).isEqualTo("three");
  }

  /** As a store mints it that is split in two. */
  @Test
  void ofTwoHoldersWithOneTokenTheFirstToClaimIsTheOnlyOne() throws SQLException {
    Holder one = Holder.of(5);
    Holder other = Holder.of(5);
    claim(one);
    assertThatThrownBy(() -> claim(other))
        .isInstanceOf(StaleTokenException.class)
        .hasMessageStartingWith("Another holder of the same token was here");
    assertThatThrownBy(() -> write(other, "x")).isInstanceOf(StaleTokenException.class);
    write(one, "mine");
    assertThat(database.content(id)).isEqualTo("mine");
  }

  @Test
  void claimMayBeRepeatedAndAWriteThatChangesNothingIsAWrite() throws SQLException {
    Holder holder = Holder.of(5);
    claim(holder);
    write(holder, "same");
    assertThat(claim(holder)).contains("same");
    write(holder, "same");
    assertThat(database.content(id)).isEqualTo("same");
  }

  @Test
  void recordThatIsNotThereIsNotClaimedAndNotWritten() throws SQLException {
    Holder holder = Holder.of(5);
    assertThat(CLAIMED.claim(connection, id + "x", holder, row -> "there")).isEmpty();
    assertThatThrownBy(() -> CLAIMED.update(connection, id + "x", holder, Map.of("content", "x")))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void recordThatWasNotClaimedIsNotWritten() {
    assertThatThrownBy(() -> write(Holder.of(5), "x"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(id);
  }

  @Test
  void claimThatWouldNotBeCommittedIsRefused() throws SQLException {
    connection.setAutoCommit(false);
    assertThatThrownBy(() -> claim(Holder.of(5))).isInstanceOf(IllegalStateException.class);
    connection.rollback();
    assertThat(row(id)).isEqualTo(" 0 0");
  }

  @Test
  void lateWriteThatWaitedForTheClaimOfAnotherIsRefused() throws Exception {
    Holder old = Holder.of(1);
    claim(old);
    try (Session a = new Session(database, Isolation.READ_COMMITTED);
        Session b = new Session(database, Isolation.READ_COMMITTED)) {
      b.run(c -> execute(c, "UPDATE record SET fence = 2, holder = 'b' WHERE id = '" + id + "'"));
      Future<Boolean> waiting =
          a.begin(
              c -> {
                CLAIMED.update(c, id, old, Map.of("content", "late"));
                return true;
              });
      assertThat(waiting).isNotDone();
      b.commit();
      assertThatThrownBy(() -> Session.result(waiting)).isInstanceOf(StaleTokenException.class);
      a.rollback();
    }
  }

  // The fence beside the rows.

  /** Whether one may enter at that level at all; if not, this has seen the refusal. */
  boolean mayEnterAt(Isolation isolation) throws SQLException {
    return true;
  }

  @ParameterizedTest
  @EnumSource
  void olderTokenIsRefusedAndTheSameEntersAgain(Isolation isolation) throws Exception {
    if (!mayEnterAt(isolation)) {
      return;
    }
    try (Session session = new Session(database, isolation)) {
      session.run(c -> enter(c, 5));
      session.run(c -> enter(c, 5)); // in one transaction
      session.commit();
      session.run(c -> enter(c, 5)); // and in the next
      session.commit();
      session.run(c -> enter(c, 7));
      session.commit();
      StaleTokenException stale =
          catchThrowableOfType(StaleTokenException.class, () -> session.run(c -> enter(c, 6)));
      assertThat(stale.storedFence()).isEqualTo(7);
      session.rollback();
      session.run(c -> enter(c, MAX_TOKEN));
      session.rollback();
      assertThat(fence()).isEqualTo("7");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "READ_COMMITTED, true",
    "READ_COMMITTED, false",
    "REPEATABLE_READ, true",
    "REPEATABLE_READ, false",
    "SERIALIZABLE, true",
    "SERIALIZABLE, false"
  })
  void transactionsUnderOneNameFollowOneAnother(Isolation isolation, boolean isFirstEntry)
      throws Exception {
    if (!mayEnterAt(isolation)) {
      return;
    }
    try (Session a = new Session(database, isolation);
        Session b = new Session(database, isolation)) {
      if (!isFirstEntry) {
        a.run(c -> enter(c, 1));
        a.commit();
      }
      a.run(c -> enter(c, 1));
      Future<Boolean> waiting = b.begin(c -> enter(c, 2));
      assertThat(waiting).isNotDone();
      append(a, "A");
      assertThat(waiting).isNotDone();
      a.commit();
      try {
        assertThat(Session.result(waiting)).isTrue();
      } catch (SQLException e) {
        assertThat(isolation).isNotEqualTo(Isolation.READ_COMMITTED);
        assertThat(SqlFailure.of(e)).isEqualTo(SqlFailure.AGAIN);
        b.rollback();
        b.run(c -> enter(c, 2));
      }
      append(b, "B");
      b.commit();
      assertThatThrownBy(() -> a.run(c -> enter(c, 1))).isInstanceOf(StaleTokenException.class);
    }
    assertThat(database.content(id)).isEqualTo("AB");
  }

  @ParameterizedTest
  @EnumSource
  void staleHolderThatWaitedForTheNewerOneIsRefused(Isolation isolation) throws Exception {
    if (!mayEnterAt(isolation)) {
      return;
    }
    try (Session a = new Session(database, isolation);
        Session b = new Session(database, isolation)) {
      b.run(c -> enter(c, 2));
      Future<Boolean> waiting = a.begin(c -> enter(c, 1));
      assertThat(waiting).isNotDone();
      b.commit();
      assertConflictOrAgain(
          StaleTokenException.class, catchThrowable(() -> Session.result(waiting)));
      a.rollback();
      assertThatThrownBy(() -> a.run(c -> enter(c, 1))).isInstanceOf(StaleTokenException.class);
    }
  }

  @Test
  void namesThatDifferInCaseAreTwo() throws Exception {
    try (Session session = new Session(database, Isolation.READ_COMMITTED)) {
      session.run(
          c -> {
            FenceTable.enter(c, id + "a", 7, LONG);
            FenceTable.enter(c, id + "A", 5, LONG);
            FenceTable.enter(c, id + "\u00e4", 3, LONG);
            FenceTable.enter(c, id + "\u00e9".repeat(200 - id.length()), 1, LONG);
            return true;
          });
      session.rollback();
    }
  }

  // What somebody has set to NULL: nobody knows any more who wrote last.

  @Test
  void recordWithoutAFenceOrAVersionLetsNobodyIn() throws SQLException {
    String table = Database.newName().replace('-', '_');
    database.execute(
        "CREATE TABLE "
            + table
            + " (id varchar(9) PRIMARY KEY, fence bigint, version bigint, holder varchar(32))");
    database.execute("INSERT INTO " + table + " (id, fence, version) VALUES ('f', NULL, 0)");
    database.execute("INSERT INTO " + table + " (id, fence, version) VALUES ('v', 0, NULL)");
    FencedTable fenced = FencedTable.of(table);
    ClaimedTable claimed = ClaimedTable.of(table);
    Map<String, String> columns = Map.of("holder", "x");
    letsNobodyIn("fence is null", () -> fenced.update(connection, "f", 5, 0, columns));
    letsNobodyIn("fence is null", () -> fenced.insert(connection, "f", 5, columns));
    letsNobodyIn("version is null", () -> fenced.update(connection, "v", 5, 0, columns));
    letsNobodyIn("version is null", () -> fenced.insert(connection, "v", 5, columns));
    Holder holder = Holder.of(5);
    letsNobodyIn("fence is null", () -> claimed.claim(connection, "f", holder, row -> "there"));
    letsNobodyIn(
        "fence is null", () -> claimed.update(connection, "f", holder, Map.of("version", 1)));
    assertThat(
            database.ask(
                "SELECT count(*) FROM "
                    + table
                    + " WHERE holder IS NULL AND (fence IS NULL OR version IS NULL)"))
        .isEqualTo("2");
  }

  /** Not in a table that was made by our script, which says NOT NULL. */
  @Test
  void nameWithoutAFenceLetsNobodyEnter() throws Exception {
    database.execute(
        "ALTER TABLE holdfast_fence "
            + (database instanceof MariaDbDatabase
                ? "MODIFY fence bigint"
                : "ALTER COLUMN fence DROP NOT NULL"));
    database.execute("INSERT INTO holdfast_fence (name, fence) VALUES ('" + id + "', NULL)");
    try (Session session = new Session(database, Isolation.READ_COMMITTED)) {
      letsNobodyIn("fence is null", () -> session.run(c -> enter(c, 5)));
      session.rollback();
    }
  }

  private static void letsNobodyIn(String reason, ThrowingCallable step) {
    assertThatThrownBy(step).isInstanceOf(IllegalStateException.class).hasMessageContaining(reason);
  }

  // What the database answers because of others.

  @Test
  void deadlockSaysAgainToOneOfTwo() throws Exception {
    String other = database.newRecord("");
    try (Session a = new Session(database, Isolation.READ_COMMITTED);
        Session b = new Session(database, Isolation.READ_COMMITTED)) {
      a.run(c -> touch(c, id));
      b.run(c -> touch(c, other));
      Future<Integer> waiting = a.begin(c -> touch(c, other));
      assertThat(waiting).isNotDone();
      Future<Integer> crossing = b.begin(c -> touch(c, id));
      SQLException victim =
          catchThrowableOfType(
              SQLException.class,
              () -> {
                try {
                  Session.result(crossing);
                } finally {
                  b.rollback();
                }
                Session.result(waiting);
              });
      assertThat(SqlFailure.of(victim)).as("%s", victim).isEqualTo(SqlFailure.AGAIN);
    }
  }

  /** The guard's word, or the database's own for it above READ COMMITTED. */
  private static void assertConflictOrAgain(
      Class<? extends GuardException> conflict, Throwable thrown) {
    if (thrown instanceof SQLException e) {
      assertThat(SqlFailure.of(e)).as("%s", thrown).isEqualTo(SqlFailure.AGAIN);
    } else {
      assertThat(thrown).isInstanceOf(conflict);
    }
  }

  private Optional<String> claim(Holder holder) throws SQLException {
    return CLAIMED.claim(connection, id, holder, row -> row.getString("content"));
  }

  private void write(Holder holder, String content) throws SQLException {
    CLAIMED.update(connection, id, holder, Map.of("content", content));
  }

  private boolean enter(Connection own, long token) throws SQLException {
    return enter(own, id, token, LONG);
  }

  static boolean enter(Connection own, String name, long token, Duration remaining)
      throws SQLException {
    FenceTable.enter(own, name, token, remaining);
    return true;
  }

  static int touch(Connection own, String recordId) throws SQLException {
    try (PreparedStatement update =
        own.prepareStatement("UPDATE record SET version = version + 1 WHERE id = ?")) {
      update.setString(1, recordId);
      return update.executeUpdate();
    }
  }

  /** Reads, merges and writes without looking at any version: the fence beside it must do. */
  private void append(Session session, String addition) throws SQLException {
    String merged = session.run(c -> Session.read(c, id)).content() + addition;
    session.run(
        c -> execute(c, "UPDATE record SET content = '" + merged + "' WHERE id = '" + id + "'"));
  }

  static boolean execute(Connection own, String sql) throws SQLException {
    try (PreparedStatement statement = own.prepareStatement(sql)) {
      return statement.execute();
    }
  }

  private String fence() throws SQLException {
    return database.ask("SELECT fence FROM holdfast_fence WHERE name = '" + id + "'");
  }

  private String row(String recordId) throws SQLException {
    return database.content(recordId)
        + " "
        + database.ask("SELECT fence FROM record WHERE id = '" + recordId + "'")
        + " "
        + database.ask("SELECT version FROM record WHERE id = '" + recordId + "'");
  }
}
