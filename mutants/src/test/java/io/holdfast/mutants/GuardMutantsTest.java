package io.holdfast.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import io.holdfast.embedded.EmbeddedPostgreSql;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Mutants of the guard for JDBC: two holders of one lock take turns on a real PostgreSQL, and the
 * mutant loses an update or gives an answer on which its caller would do the wrong thing.
 */
@Tag("slow")
class GuardMutantsTest {

  private static final String GUARD = "guards/jdbc/src/main/";
  private static final String FENCED_TABLE = GUARD + "java/io/holdfast/guard/FencedTable.java";
  private static final String FENCE_TABLE = GUARD + "java/io/holdfast/guard/FenceTable.java";
  private static final String CLAIMED_TABLE = GUARD + "java/io/holdfast/guard/ClaimedTable.java";
  private static final String SQL = GUARD + "resources/io/holdfast/guard/";
  private static final long OLD = 1;
  private static final long NEW = 2;
  private static final long NEWER = 3;

  private static EmbeddedPostgreSql server;
  private static Connection connection;

  @BeforeAll
  static void startServer() throws SQLException {
    server = EmbeddedPostgreSql.start();
    connection = DriverManager.getConnection(server.jdbcUrl());
    execute(
        "CREATE TABLE record (id text PRIMARY KEY, content text NOT NULL, fence bigint NOT NULL,"
            + " version bigint NOT NULL)");
    execute(
        "CREATE TABLE claimed (id text PRIMARY KEY, content text NOT NULL, fence bigint NOT NULL,"
            + " holder text)");
    execute(Mutant.read(SQL + "fence_table.sql"));
  }

  @AfterAll
  static void stopServer() throws SQLException {
    connection.close();
    server.close();
  }

  static Stream<Mutant> mutants() {
    return Stream.of(
        Mutant.of(
            "version not checked (textbook)",
            SQL + "update.sql",
            "{fence} <= ? AND {version} = ?",
            "{fence} <= ? AND ?::bigint IS NOT NULL"),
        Mutant.of(
            "version not counted up",
            SQL + "update.sql",
            "{version} = {version} + 1",
            "{version} = {version}"),
        Mutant.of(
            "token not checked",
            SQL + "update.sql",
            "{fence} <= ? AND {version} = ?",
            "?::bigint IS NOT NULL AND {version} = ?"),
        Mutant.of(
            "token read at write time instead of at the grant",
            SQL + "update.sql",
            "{fence} <= ? AND {version} = ?",
            "{fence} <= greatest(?, {fence}) AND {version} = ?"),
        Mutant.of(
            "token not stored",
            SQL + "update.sql",
            "{columns}{fence} = ?,",
            "{columns}{fence} = least(?, {fence}),"),
        Mutant.of(
            "zero rows are success",
            FENCED_TABLE,
            "if (changedRows == 0) {",
            "if (changedRows < 0) {"),
        Mutant.of(
            "a stale token is told as a conflict",
            FENCED_TABLE,
            "if (storedFence > token) {",
            "if (storedFence < 0) {"),
        Mutant.of(
            "a conflict is told as a stale token",
            FENCED_TABLE,
            "if (storedFence > token) {",
            "if (storedFence >= token) {"),
        Mutant.of(
            "a first write takes the place of another's",
            SQL + "postgresql/insert.sql",
            "DO NOTHING",
            "DO UPDATE SET content = excluded.content"),
        Mutant.of(
            "an old holder enters",
            SQL + "postgresql/enter.sql",
            "DO UPDATE SET fence = excluded.fence WHERE f.fence <= excluded.fence",
            "DO UPDATE SET fence = excluded.fence"),
        Mutant.of(
            "a holder enters once only",
            SQL + "postgresql/enter.sql",
            "WHERE f.fence <= excluded.fence",
            "WHERE f.fence < excluded.fence"),
        Mutant.of(
            "zero rows are an entry",
            FENCE_TABLE,
            "if (enter.executeUpdate() == 1) {",
            "if (enter.executeUpdate() >= 0) {"),
        Mutant.of(
            "a claim does not raise the fence",
            SQL + "postgresql/claim.sql",
            "SET {fence} = ?, {holder} = ?",
            "SET {fence} = least(?, {fence}), {holder} = ?"),
        Mutant.of(
            "a claim leaves the holder before",
            SQL + "postgresql/claim.sql",
            "SET {fence} = ?, {holder} = ?",
            "SET {fence} = ?, {holder} = coalesce({holder}, ?)"),
        Mutant.of(
            "an old holder claims",
            SQL + "postgresql/claim.sql",
            "({fence} < ? OR",
            "(?::bigint IS NOT NULL OR"),
        Mutant.of(
            "of two holders with one token both claim",
            SQL + "postgresql/claim.sql",
            "{fence} = ? AND {holder} = ?",
            "{fence} = ? AND ?::text IS NOT NULL"),
        Mutant.of(
            "of two holders with one token both write",
            SQL + "write.sql",
            "{fence} = ? AND {holder} = ?",
            "{fence} = ? AND ?::text IS NOT NULL"),
        Mutant.of(
            "a claimed record is written by whoever is not older",
            SQL + "write.sql",
            "{fence} = ? AND {holder} = ?",
            "{fence} <= ? AND ?::text IS NOT NULL"),
        Mutant.of(
            "zero rows are a claimed record's write",
            CLAIMED_TABLE,
            "if (changedRows == 1) {",
            "if (changedRows >= 0) {"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mutants")
  void twoHoldersFindTheMutant(Mutant mutant) throws Exception {
    List<String> wrong = wrongWith(List.of(mutant));
    assertThat(wrong).isNotEmpty();
    System.out.printf("%-60s  %s%n", mutant, wrong.get(0));
  }

  @Test
  void twoHoldersFindNothingWrongWithTheUnmutatedGuard() throws Exception {
    assertThat(wrongWith(List.of())).isEmpty();
  }

  /** What the two holders find, in the order in which they do; the first is proof enough. */
  private static List<String> wrongWith(List<Mutant> mutants) throws Exception {
    Guard guard = new Guard(MutatedClasses.of(mutants));
    List<String> wrong = new ArrayList<>();
    execute("TRUNCATE record, claimed, holdfast_fence");

    // Both have read; the old holder wakes up and writes first, the new one merged without it.
    execute("INSERT INTO record VALUES ('r', '', 0, 0)");
    expect(wrong, "the old holder's write", "done", guard.update(OLD, 0, "a"));
    expect(wrong, "a merge without it", "VersionConflictException", guard.update(NEW, 0, "b"));
    expect(wrong, "the merge with it", "done", guard.update(NEW, 1, "ab"));
    expect(wrong, "what is there", "ab", content("r"));

    // The new one has written; the old one has read again, or not.
    expect(wrong, "the old holder's late write", "StaleTokenException", guard.update(OLD, 1, "c"));
    expect(wrong, "its write of a new merge", "StaleTokenException", guard.update(OLD, 2, "abc"));
    expect(
        wrong,
        "the new one's write of an old merge",
        "VersionConflictException",
        guard.update(NEW, 1, "d"));
    expect(wrong, "what is there", "ab", content("r"));

    // Both found no record.
    expect(wrong, "the first write", "done", guard.insert(OLD, "a"));
    expect(wrong, "a first write again", "VersionConflictException", guard.insert(NEW, "b"));
    expect(wrong, "what is there", "a", content("s"));

    // The fence beside the rows.
    expect(wrong, "the new holder's entry", "done", guard.enter(NEW));
    expect(wrong, "the old holder's entry", "StaleTokenException", guard.enter(OLD));
    expect(wrong, "the new holder's entry again", "done", guard.enter(NEW));

    // Who reads claims. A store that was split in two gave one token twice.
    execute("INSERT INTO claimed VALUES ('r', '', 0, NULL)");
    Object old = guard.holder(OLD);
    Object twin = guard.holder(OLD);
    Object newHolder = guard.holder(NEW);
    expect(wrong, "the old holder's claim", "done", guard.claim(old));
    expect(wrong, "its claim again", "done", guard.claim(old));
    expect(wrong, "its twin's claim", "StaleTokenException", guard.claim(twin));
    expect(wrong, "its twin's write", "StaleTokenException", guard.write(twin, "x"));
    expect(wrong, "the old holder's write", "done", guard.write(old, "a"));
    expect(wrong, "the new holder's claim", "done", guard.claim(newHolder));
    expect(wrong, "the old holder's late write", "StaleTokenException", guard.write(old, "b"));
    expect(wrong, "the old holder's late claim", "StaleTokenException", guard.claim(old));
    expect(wrong, "the new holder's write", "done", guard.write(newHolder, "ab"));
    String unclaimed = guard.write(guard.holder(NEWER), "y");
    expect(wrong, "a write without a claim", "IllegalStateException", unclaimed);
    expect(wrong, "what is there", "ab", content("claimed", "r"));
    return wrong;
  }

  private static void expect(List<String> wrong, String what, String expected, String found) {
    if (!expected.equals(found)) {
      wrong.add("%s: %s instead of %s".formatted(what, found, expected));
    }
  }

  private static void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String content(String id) throws SQLException {
    return content("record", id);
  }

  private static String content(String table, String id) throws SQLException {
    try (PreparedStatement read =
        connection.prepareStatement("SELECT content FROM " + table + " WHERE id = ?")) {
      read.setString(1, id);
      try (ResultSet row = read.executeQuery()) {
        return row.next() ? row.getString(1) : "nothing";
      }
    }
  }

  /** The guard of some classes; each step says what came of it. */
  private static final class Guard {
    private final Object table;
    private final Method update;
    private final Method insert;
    private final Method enter;
    private final Object claimed;
    private final Method holder;
    private final Method claim;
    private final Method write;
    private final Object readsNothing;

    Guard(ClassLoader classes) throws ReflectiveOperationException {
      Class<?> fenced = classes.loadClass("io.holdfast.guard.FencedTable");
      table = fenced.getMethod("of", String.class).invoke(null, "record");
      update =
          fenced.getMethod(
              "update", Connection.class, Object.class, long.class, long.class, Map.class);
      insert = fenced.getMethod("insert", Connection.class, Object.class, long.class, Map.class);
      enter =
          classes
              .loadClass("io.holdfast.guard.FenceTable")
              .getMethod("enter", Connection.class, String.class, long.class, Duration.class);
      Class<?> holders = classes.loadClass("io.holdfast.guard.Holder");
      Class<?> reader = classes.loadClass("io.holdfast.guard.ClaimedTable$RowReader");
      Class<?> claims = classes.loadClass("io.holdfast.guard.ClaimedTable");
      holder = holders.getMethod("of", long.class);
      claimed = claims.getMethod("of", String.class).invoke(null, "claimed");
      claim = claims.getMethod("claim", Connection.class, Object.class, holders, reader);
      write = claims.getMethod("update", Connection.class, Object.class, holders, Map.class);
      readsNothing =
          Proxy.newProxyInstance(classes, new Class<?>[] {reader}, (proxy, method, row) -> "read");
    }

    String update(long token, long versionRead, String content) throws IllegalAccessException {
      return outcome(
          table, update, connection, "r", token, versionRead, Map.of("content", content));
    }

    String insert(long token, String content) throws IllegalAccessException {
      return outcome(table, insert, connection, "s", token, Map.of("content", content));
    }

    String enter(long token) throws Exception {
      connection.setAutoCommit(false);
      try {
        String outcome = outcome(table, enter, connection, "rack:7", token, Duration.ofMinutes(1));
        connection.commit();
        return outcome;
      } finally {
        connection.setAutoCommit(true);
      }
    }

    Object holder(long token) throws ReflectiveOperationException {
      return holder.invoke(null, token);
    }

    String claim(Object by) throws IllegalAccessException {
      return outcome(claimed, claim, connection, "r", by, readsNothing);
    }

    String write(Object by, String content) throws IllegalAccessException {
      return outcome(claimed, write, connection, "r", by, Map.of("content", content));
    }

    private static String outcome(Object guard, Method step, Object... arguments)
        throws IllegalAccessException {
      try {
        Object unused = step.invoke(guard, arguments);
        return "done";
      } catch (InvocationTargetException e) {
        return e.getTargetException().getClass().getSimpleName();
      }
    }
  }
}
