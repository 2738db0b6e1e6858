package io.holdfast.guard;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * All orders in which an old holder A (token 1) and a new holder B (token 2) can read, write and
 * commit: no acknowledged update may be lost. The textbook fence, judged by the same eyes, loses
 * some.
 */
class InterleavingsTest {

  private static final FencedTable RECORDS = FencedTable.of("record");
  private static final List<String> ORDERS = orders("", 3, 3);

  /** Writes content that was merged into what was seen, or throws; never writes and throws. */
  private interface Protocol {
    void write(Connection connection, String id, long token, long version, String content)
        throws SQLException;
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
  void noOrderLosesAnAcknowledgedUpdate(Isolation isolation, boolean readsInOwnTransaction)
      throws SQLException {
    assertThat(ORDERS).hasSize(20).doesNotHaveDuplicates();

    Tally guarded = runAll(isolation, readsInOwnTransaction, InterleavingsTest::guarded);
    assertThat(guarded.lossy).as("orders in which the guard loses an update").isEmpty();
    assertThat(guarded.withoutAnyWrite).as("orders in which nobody gets through").isEmpty();
    assertThat(guarded.acknowledged).isGreaterThan(ORDERS.size());
    assertThat(guarded.refused).isGreaterThan(0);
    assertThat(guarded.acknowledged + guarded.refused).isEqualTo(2 * ORDERS.size());

    Tally textbook = runAll(isolation, readsInOwnTransaction, InterleavingsTest::textbook);
    if (readsInOwnTransaction || isolation == Isolation.READ_COMMITTED) {
      assertThat(textbook.lossy)
          .as("orders in which the textbook fence loses an update")
          .contains("ABAABB")
          .doesNotContain("AAABBB", "BBBAAA");
    } else {
      assertThat(textbook.lossy).as("the database itself compares the snapshots").isEmpty();
    }
  }

  private static void guarded(
      Connection connection, String id, long token, long version, String content)
      throws SQLException {
    RECORDS.update(connection, id, token, version, Map.of("content", content));
  }

  private static void textbook(
      Connection connection, String id, long token, long version, String content)
      throws SQLException {
    int rows = LostUpdateTest.textbookWrite(connection, id, token, content);
    RECORDS.check(connection, rows, id, token, version);
  }

  private static final class Tally {
    final List<String> lossy = new ArrayList<>();
    final List<String> withoutAnyWrite = new ArrayList<>();
    int acknowledged;
    int refused;
  }

  private static Tally runAll(Isolation isolation, boolean readsInOwnTransaction, Protocol protocol)
      throws SQLException {
    Tally tally = new Tally();
    try (Session a = new Session(isolation);
        Session b = new Session(isolation)) {
      for (String order : ORDERS) {
        String id = TestDatabase.newRecord("");
        Writer writerA = new Writer(a, id, 1, "A", readsInOwnTransaction, protocol);
        Writer writerB = new Writer(b, id, 2, "B", readsInOwnTransaction, protocol);
        for (int i = 0; i < order.length(); i++) {
          (order.charAt(i) == 'A' ? writerA : writerB).beginNextStep();
          a.settle(); // what one step set free goes on before the next step
          b.settle();
        }
        String acknowledged = writerA.acknowledged() + writerB.acknowledged();
        String kept = TestDatabase.content(id);
        tally.acknowledged += acknowledged.length();
        tally.refused += 2 - acknowledged.length();
        if (acknowledged.isEmpty()) {
          tally.withoutAnyWrite.add(order);
        }
        if (!kept.chars()
            .sorted()
            .boxed()
            .toList()
            .equals(acknowledged.chars().sorted().boxed().toList())) {
          tally.lossy.add(order);
        }
      }
    }
    return tally;
  }

  private static List<String> orders(String begun, int as, int bs) {
    if (as == 0 && bs == 0) {
      return List.of(begun);
    }
    List<String> orders = new ArrayList<>();
    if (as > 0) {
      orders.addAll(orders(begun + "A", as - 1, bs));
    }
    if (bs > 0) {
      orders.addAll(orders(begun + "B", as, bs - 1));
    }
    return orders;
  }

  /** Reads, then writes, then commits; rolls back if it was refused. */
  private static final class Writer {
    private final Session session;
    private final String id;
    private final long token;
    private final String name;
    private final boolean readsInOwnTransaction;
    private final Protocol protocol;
    private final List<Future<Boolean>> steps = new ArrayList<>();
    private Session.Seen seen = new Session.Seen("", -1);
    private boolean isRefused;

    Writer(
        Session session,
        String id,
        long token,
        String name,
        boolean readsInOwnTransaction,
        Protocol protocol) {
      this.session = session;
      this.id = id;
      this.token = token;
      this.name = name;
      this.readsInOwnTransaction = readsInOwnTransaction;
      this.protocol = protocol;
    }

    void beginNextStep() {
      switch (steps.size()) {
        case 0 -> steps.add(session.begin(this::read));
        case 1 -> steps.add(session.begin(this::write));
        default -> steps.add(session.begin(this::commit));
      }
    }

    private boolean read(Connection connection) throws SQLException {
      seen = Session.read(connection, id);
      if (readsInOwnTransaction) {
        connection.commit();
      }
      return true;
    }

    private boolean write(Connection connection) throws SQLException {
      try {
        protocol.write(connection, id, token, seen.version(), seen.content() + name);
      } catch (GuardException e) {
        isRefused = true;
      } catch (SQLException e) {
        assertThat(SqlFailure.of(e)).isEqualTo(SqlFailure.AGAIN);
        isRefused = true;
      }
      return !isRefused;
    }

    private boolean commit(Connection connection) throws SQLException {
      if (isRefused) {
        connection.rollback();
        return false;
      }
      try {
        connection.commit();
        return true;
      } catch (SQLException e) {
        assertThat(SqlFailure.of(e)).isEqualTo(SqlFailure.AGAIN);
        connection.rollback();
        return false;
      }
    }

    /** The writer's name if its commit succeeded. */
    String acknowledged() throws SQLException {
      boolean committed = false;
      for (Future<Boolean> step : steps) {
        committed = Session.result(step);
      }
      return committed ? name : "";
    }
  }
}
